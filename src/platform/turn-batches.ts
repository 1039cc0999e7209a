/**
 * Questions of one moment go to a store together: of what one costs there, most is a call's own beginning, which one
 * call then pays for all.
 *
 * A moment is one turn of the event loop, so nobody waits for others to come: a question alone is a call of its own.
 */

interface Pending<Question, Answer> {
  readonly question: Question;
  resolve(answer: Answer): void;
  reject(fault: unknown): void;
}

/**
 * @param most in one call, so that it keeps nobody else for long.
 * @param send gets the questions of one key in the order in which they came, and answers each of them.
 * @returns takes a question; its answer fails as the call does in which it was sent.
 */
export function createTurnBatches<Question, Answer>(
  most: number,
  send: (key: string, questions: readonly Question[]) => Promise<readonly Answer[]>,
): (key: string, question: Question) => Promise<Answer> {
  const gathering = new Map<string, Pending<Question, Answer>[]>();

  function sendAll(): void {
    for (const key of [...gathering.keys()]) sendOf(key);
  }

  function sendOf(key: string): void {
    const batch = gathering.get(key);
    if (!batch) return;
    gathering.delete(key);
    send(
      key,
      batch.map(({ question }) => question),
    ).then(
      (answers) => {
        for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer);
      },
      (fault) => {
        for (const { reject } of batch) reject(fault);
      },
    );
  }

  return (key, question) =>
    new Promise((resolve, reject) => {
      if (gathering.size === 0) setImmediate(sendAll);
      const batch = gathering.get(key) ?? [];
      if (batch.length === 0) gathering.set(key, batch);
      batch.push({ question, resolve, reject });
      if (batch.length >= most) sendOf(key);
    });
}
