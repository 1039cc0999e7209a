/**
 * Joins of one moment go to Redis together: of what a join costs there, most is the script's own beginning, which one
 * call then pays for all.
 *
 * A moment is one turn of the event loop, so nobody waits for others to come: a join alone is a call of its own.
 */

/** Keeps one call within about two milliseconds, since nobody else is served meanwhile. */
const MOST_TOGETHER = 50;

interface Pending<Join, Answer> {
  readonly join: Join;
  resolve(answer: Answer): void;
  reject(fault: unknown): void;
}

/**
 * @param send gets the joins of one key in the order in which they came, and answers each of them.
 * @returns takes a join; its answer fails as the call does in which it was sent.
 */
export function createJoinBatches<Join, Answer>(
  send: (key: string, joins: readonly Join[]) => Promise<readonly Answer[]>,
): (key: string, join: Join) => Promise<Answer> {
  const gathering = new Map<string, Pending<Join, Answer>[]>();

  function sendAll(): void {
    for (const key of [...gathering.keys()]) sendOf(key);
  }

  function sendOf(key: string): void {
    const batch = gathering.get(key);
    if (!batch) return;
    gathering.delete(key);
    send(
      key,
      batch.map(({ join }) => join),
    ).then(
      (answers) => {
        for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer);
      },
      (fault) => {
        for (const { reject } of batch) reject(fault);
      },
    );
  }

  return (key, join) =>
    new Promise((resolve, reject) => {
      if (gathering.size === 0) setImmediate(sendAll);
      const batch = gathering.get(key) ?? [];
      if (batch.length === 0) gathering.set(key, batch);
      batch.push({ join, resolve, reject });
      if (batch.length >= MOST_TOGETHER) sendOf(key);
    });
}
