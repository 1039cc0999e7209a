/** What the operator does: puts the event on sale, and steers the queue while it runs. */
import type { Api } from "./api.ts";
import { type Hall, type Layout, readHall, type SectionPlan } from "./hall.ts";
import type { Scenario } from "./options.ts";
import type { ClientStream, Streams } from "./stream.ts";
import { sleep, type World } from "./world.ts";

export interface Production {
  readonly performanceId: string;
  readonly queueId: string;
  readonly hall: Hall;
}

/** The queue's figures as the operator's stream tells them. */
export interface Stats {
  readonly phase: string;
  readonly waiting: number;
  readonly active: number;
  readonly admittedLastMinute: number;
  readonly ratePerMinute: number;
  readonly limitedBy: string;
  readonly seats: { readonly available: number; readonly held: number; readonly occupied: number } | null;
}

export interface Operator {
  putOnSale(scenario: Scenario, sections: readonly SectionPlan[], opensAt: Date): Promise<Production>;
  pause(queueId: string): Promise<void>;
  resume(queueId: string): Promise<void>;
  setRate(queueId: string, ratePerMinute: number): Promise<void>;
  setNotice(queueId: string, texts: { ko?: string; en?: string }): Promise<void>;
  /** Follows the figures; the newest are handed on. */
  watch(queueId: string, onStats: (stats: Stats) => void): Promise<ClientStream>;
}

export const TITLE = "Moonlight Parade";
const MONTH_MS = 30 * 86_400_000;

export async function logInAsOperator(
  api: Api,
  streams: Streams,
  credentials: { readonly email: string; readonly password: string },
): Promise<Operator> {
  const login = await api.call<{ accessToken: string }>("log in", {
    method: "POST",
    path: "/auth/login",
    body: credentials,
  });
  if (login.status !== 200) throw api.surprise(login, "the operator could not log in");
  const token = login.body.accessToken;

  async function order<Body>(
    method: "POST" | "PUT" | "PATCH" | "GET",
    path: string,
    body?: object,
  ): Promise<Body> {
    const answer = await api.call<Body>("operator", { method, path, token, body });
    if (answer.status >= 400) throw api.surprise(answer);
    return answer.body;
  }

  return {
    async putOnSale(scenario, sections, opensAt) {
      const event = await order<{ id: string }>("POST", "/operator/events", {
        title: TITLE,
        venue: "Han River Hall, Seoul",
      });
      const { holdSeconds, maxSeatsPerFan, ratePerMinute, maxActive } = scenario;
      const { arrivalSeconds, sessionSeconds, graceSeconds } = scenario;
      const { id, queueId } = await order<{ id: string; queueId: string }>(
        "POST",
        `/operator/events/${event.id}/performances`,
        {
          startsAt: new Date(opensAt.getTime() + MONTH_MS).toISOString(),
          currency: "KRW",
          holdSeconds,
          maxSeatsPerFan,
          sections,
          queue: {
            opensAt: opensAt.toISOString(),
            ratePerMinute,
            maxActive,
            arrivalSeconds,
            sessionSeconds,
            graceSeconds,
          },
        },
      );
      const layout = await api.call<Layout>("layout", { method: "GET", path: `/performances/${id}/layout` });
      if (layout.status !== 200) throw api.surprise(layout);
      return { performanceId: id, queueId, hall: readHall(layout.body) };
    },
    pause: (queueId) => order("POST", `/operator/queues/${queueId}/pause`),
    resume: (queueId) => order("POST", `/operator/queues/${queueId}/resume`),
    setRate: (queueId, ratePerMinute) => order("PATCH", `/operator/queues/${queueId}`, { ratePerMinute }),
    setNotice: (queueId, texts) => order("PUT", `/operator/queues/${queueId}/notice`, { texts }),
    async watch(queueId, onStats) {
      const { token: credential } = await order<{ token: string }>("POST", "/operator/stream-tokens");
      const url = `${api.streamAddress(0)}/ws/v1/operator/queues/${queueId}`;
      return streams.open(url, credential, "operator", {
        onFrame: (frame) => onStats(frame as unknown as Stats),
        onClose: () => undefined,
      });
    },
  };
}

/** What the operator did while it ran; milliseconds since 1970, null for what it did not come to. */
export interface Interventions {
  pausedAt: number | null;
  resumedAt: number | null;
  noticeAt: number | null;
}

/** A notice, a pause of some seconds and a faster pace, each when a part of the hall is sold. */
export async function direct(
  world: World,
  operator: Operator,
  done: Interventions,
  tell: (news: string) => void,
): Promise<void> {
  const { queueId, scenario } = world;
  const sold = (part: number) => world.ledger.total("seats sold") >= part * world.hall.seatCount;
  const until = async (part: number) => {
    while (!sold(part)) await sleep(world, 50);
  };
  await until(0.1);
  await operator.setNotice(queueId, { en: "The doors open at 18:30.", ko: "18시 30분에 입장합니다." });
  done.noticeAt = Date.now();
  tell("the operator sent a notice");
  await until(0.2);
  await operator.pause(queueId);
  done.pausedAt = Date.now();
  tell("the operator paused the queue");
  await sleep(world, scenario.pauseMs);
  done.resumedAt = Date.now();
  await operator.resume(queueId);
  tell("the operator resumed it");
  await until(0.45);
  await operator.setRate(queueId, scenario.laterRatePerMinute);
  tell(`the operator raised the rate to ${scenario.laterRatePerMinute} a minute`);
}
