/** What the WebSocket streams send, for the API document. */
import type { StreamDoc } from "./platform/http/openapi-streams.ts";

export const STREAM_DOCS: readonly StreamDoc[] = [
  {
    path: "/ws/v1/queues/{queueId}",
    summary: "The place of one fan, as it changes.",
    credential: "the queue ticket",
    messages: {
      state: "the whole ticket view; first, after every reconnect, and at each change of state",
      position: "`epoch`, `position`, `ahead`, `waiting`, `eta`, `seatsLeft`, `asOf`, `nextUpdateSeconds`",
      admitted: "`arriveBy`, `performanceId`: claim the admission by then",
      notice: "`texts`: a message of the organiser by language",
      paused: "admissions stand still; the place is kept",
      resumed: "admissions go on",
      recovering: "the queue is being rebuilt; the place is kept and has no number for a while",
      ended:
        "`reason`: `sold_out`, `closed`, `removed`, `left` or `expired`; the socket then closes with 1000",
    },
  },
  {
    path: "/ws/v1/performances/{performanceId}/seats",
    summary: "The states of all seats, as they change.",
    credential: "a pass of the performance",
    messages: {
      snapshot: "`epoch`, `seq`, `seats`: one letter a seat in ordinal order",
      seats:
        "`epoch`, `seq`, `changes`: `[ordinal, letter]` pairs; `seq` rises by one a message, fetch availability on a gap",
    },
  },
  {
    path: "/ws/v1/operator/queues/{queueId}",
    summary: "The statistics of a queue, once a second.",
    credential: "a stream token of an operator",
    messages: { stats: "the same figures as `GET /operator/queues/{queueId}/stats`" },
  },
];
