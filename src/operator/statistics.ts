/** A queue's figures, put together from the line's part and the seats' part. */
import type { QueuePort, QueueStats, ReservationsPort, SeatActivity } from "./ports.ts";

export type Statistics = QueueStats & SeatActivity;

/** @returns null when there is no such queue. */
export type ReadStatistics = (queueId: string) => Promise<Statistics | null>;

export function createStatistics(
  queue: Pick<QueuePort, "settingsOf" | "stats">,
  reservations: Pick<ReservationsPort, "activity">,
): ReadStatistics {
  return async (queueId) => {
    const record = await queue.settingsOf(queueId);
    if (!record) return null;
    const [line, activity] = await Promise.all([
      queue.stats(queueId),
      reservations.activity(record.performanceId),
    ]);
    return line && { ...line, ...activity };
  };
}
