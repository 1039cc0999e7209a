import { setImmediate as nextTurn } from "node:timers/promises";
import { expect } from "chai";
import { createGroups } from "../../src/platform/groups.ts";
import { eventually } from "../support/wait.ts";

describe("groups", () => {
  const LIMITS = { most: 3, atOnce: 2 };

  it("questions of one turn · go together, at most so many · what comes meanwhile goes with the next", async () => {
    const sent: number[][] = [];
    const ends: (() => void)[] = [];
    const ask = createGroups<number, number>(LIMITS, async (_key, numbers) => {
      sent.push([...numbers]);
      await new Promise<void>((resolve) => ends.push(resolve));
      return numbers.map((number) => number * 2);
    });
    const answers = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => ask("all", number));
    await eventually(() => sent.length === 2, { what: "two groups" });
    expect(sent).to.deep.equal([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    answers.push(ask("all", 9));
    ends.shift()?.();
    await eventually(() => sent.length === 3, { what: "the third group" });
    expect(sent[2]).to.deep.equal([7, 8, 9]);
    for (const end of ends) end();
    expect(await Promise.all(answers)).to.deep.equal([2, 4, 6, 8, 10, 12, 14, 16, 18]);
  });

  it("a group fails · its questions do, and no other · the next group is sent all the same", async () => {
    const ask = createGroups<number, number>(LIMITS, async (_key, numbers) => {
      if (numbers.includes(1)) throw new Error("no");
      return [...numbers];
    });
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map((number) => ask("all", number)));
    expect(outcomes.map(({ status }) => status)).to.deep.equal([
      "rejected",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    expect(await ask("all", 5)).to.equal(5);
  });

  it("an answer that takes longer · does not keep the next group", async () => {
    let finish: (answer: number) => void = () => undefined;
    const late = new Promise<number>((resolve) => {
      finish = resolve;
    });
    const ask = createGroups<number, number>({ most: 1, atOnce: 1 }, async (_key, [number = 0]) => [
      number === 1 ? late : number,
    ]);
    const first = ask("all", 1);
    expect(await ask("all", 2)).to.equal(2);
    finish(1);
    expect(await first).to.equal(1);
  });

  it("a line that empties while another group is due · never has more under way than allowed", async () => {
    const ends: (() => void)[] = [];
    let underWay = 0;
    let most = 0;
    const ask = createGroups<string, string>({ most: 8, atOnce: 2 }, async (_key, questions) => {
      underWay += 1;
      most = Math.max(most, underWay);
      if (!questions.includes("short")) await new Promise<void>((resolve) => ends.push(resolve));
      underWay -= 1;
      return questions;
    });

    const first = ask("seats", "long");
    await nextTurn();
    // Due at the end of this turn, but the group before ends within it and takes this along.
    const second = ask("seats", "short");
    ends.pop()?.();
    await Promise.all([first, second]);
    const others: Promise<string>[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      others.push(ask("seats", `long ${turn}`));
      await nextTurn();
    }
    expect(most).to.equal(2);
    while (underWay > 0) {
      for (const end of ends.splice(0)) end();
      await nextTurn();
    }
    expect(await Promise.all(others)).to.deep.equal(["long 0", "long 1", "long 2", "long 3"]);
  });
});
