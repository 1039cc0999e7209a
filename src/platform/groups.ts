/**
 * Group commit: what is asked while the database is busy goes to it together, in the next transaction.
 *
 * Most of what a small transaction costs is its round trips and the flush of the log, and a group pays for them once
 * (DeWitt et al., "Implementation Techniques for Main Memory Database Systems", SIGMOD 1984). Nobody waits for others
 * to come: while fewer than `atOnce` groups are under way, what was asked in one turn of the event loop is one.
 */
import { AsyncLocalStorage } from "node:async_hooks";

export interface GroupLimits {
  /** In one group, so that its transaction stays short. */
  readonly most: number;
  /** Groups of one key that are under way at the same time. */
  readonly atOnce: number;
}

interface Pending<Question, Answer> {
  readonly question: Question;
  /** Calls within the trace of whoever asked; a group belongs to that of the first in it. */
  readonly within: ReturnType<typeof AsyncLocalStorage.snapshot>;
  resolve(answer: Answer | Promise<Answer>): void;
  reject(fault: unknown): void;
}

interface Line<Question, Answer> {
  readonly waiting: Pending<Question, Answer>[];
  underWay: number;
  scheduled: boolean;
}

/**
 * @param send gets the questions of one key in the order in which they came, and answers each of them; the group is
 *   over when it has, though an answer may be a promise.
 * @returns takes a question; its answer fails as the group does in which it was sent.
 */
export function createGroups<Question, Answer>(
  { most, atOnce }: GroupLimits,
  send: (key: string, questions: readonly Question[]) => Promise<readonly (Answer | Promise<Answer>)[]>,
): (key: string, question: Question) => Promise<Answer> {
  const lines = new Map<string, Line<Question, Answer>>();

  function begin(key: string, line: Line<Question, Answer>): void {
    while (line.waiting.length > 0 && line.underWay < atOnce) {
      line.underWay += 1;
      void run(key, line, line.waiting.splice(0, most));
    }
    // One that is due again must be found by whoever asks until then, or the key would have two lines.
    if (line.underWay === 0 && !line.scheduled) lines.delete(key);
  }

  async function run(
    key: string,
    line: Line<Question, Answer>,
    group: readonly Pending<Question, Answer>[],
  ): Promise<void> {
    const questions = group.map(({ question }) => question);
    try {
      const answers = await (group[0] as Pending<Question, Answer>).within(send, key, questions);
      for (const [index, { resolve }] of group.entries()) resolve(answers[index] as Answer);
    } catch (fault) {
      for (const { reject } of group) reject(fault);
    }
    line.underWay -= 1;
    begin(key, line);
  }

  return (key, question) =>
    new Promise((resolve, reject) => {
      const line = lines.get(key) ?? { waiting: [], underWay: 0, scheduled: false };
      lines.set(key, line);
      line.waiting.push({ question, within: AsyncLocalStorage.snapshot(), resolve, reject });
      if (line.scheduled || line.underWay >= atOnce) return;
      line.scheduled = true;
      setImmediate(() => {
        line.scheduled = false;
        begin(key, line);
      });
    });
}
