/** Two verifiers, written apart, of one draw: what the one names wrong the other does. */
import { createHash } from "node:crypto";
import { expect } from "chai";
import { leafHash, rootOf } from "../../../src/queue/draw/merkle.ts";
import { ALGORITHM, drawOrder } from "../../../src/queue/draw/order.ts";
import * as verifier from "../../../src/web/draw-check/verify.ts";
import {
  askPython,
  flip,
  hasPython,
  readVector,
  type SavedDraw,
  VECTOR_NAMES,
  vectorFile,
} from "./support.ts";

const bytes = (hex: string | null) => Buffer.from(hex ?? "", "hex");

describe("the two verifiers", function () {
  this.timeout(20_000);

  before(() => {
    // biome-ignore lint/suspicious/noConsole: a verifier that was not run must not look like one that agreed.
    if (!hasPython) console.log("      there is no python3 here: only the verifier in TypeScript is tested");
  });

  const verdictOf = ({ draw, entries }: SavedDraw) => verifier.verifyDraw(draw, entries);

  /** @param part what must be named; null for nothing. */
  async function bothName(part: string | null, saved: SavedDraw): Promise<string> {
    const { findings } = await verdictOf(saved);
    expect(findings.map((finding) => finding.part)).to.deep.equal(part === null ? [] : [part]);
    const detail = findings[0]?.detail ?? "";
    if (hasPython) {
      const { code, lines } = askPython(saved);
      expect(code).to.equal(part === null ? 0 : 1);
      if (part !== null) expect(lines.at(-1)).to.equal(`WRONG ${part}: ${detail}`);
    }
    return detail;
  }

  for (const name of VECTOR_NAMES) {
    it(`the vector ${name} · as it stands · is right by both, and is what the program would draw`, async () => {
      const saved = readVector(name);
      await bothName(null, saved);
      const { root, seed, beacon, algorithm } = saved.draw;
      const list = [...saved.entries].sort();
      expect(rootOf(list.map(leafHash)).toString("hex")).to.equal(root);
      const order = await drawOrder(
        { seed: bytes(seed), root: bytes(root), beacon: beacon?.value ?? null },
        list,
      );
      expect(order).to.deep.equal(saved.entries);
      expect([algorithm, verifier.ALGORITHM]).to.deep.equal([ALGORITHM, ALGORITHM]);
    });
  }

  it("a vector · by its file · is read by the verifier in Python", function () {
    if (!hasPython) this.skip();
    const { code, lines } = askPython(vectorFile("seven"));
    expect([code, lines]).to.deep.equal([0, ["ok: the order of 7 tickets is the one that was committed to"]]);
  });

  const changed = (
    saved: SavedDraw,
    draw: Partial<SavedDraw["draw"]>,
    entries = saved.entries,
  ): SavedDraw => ({
    draw: { ...saved.draw, ...draw },
    entries,
  });

  for (const name of ["seven", "beacon"]) {
    describe(`of the vector ${name}`, () => {
      const saved = readVector(name);
      const last = saved.entries.length - 1;
      const middle = Math.floor(last / 2);

      for (const at of [0, 31, 63])
        it(`digit ${at + 1} of the seed · flipped · is refused: it does not match the commitment`, async () => {
          await bothName("seed", changed(saved, { seed: flip(saved.draw.seed ?? "", at) }));
        });

      it("another seed, with the commitment of the first · is refused", async () => {
        const seed = createHash("sha256").update("another").digest("hex");
        await bothName("seed", changed(saved, { seed }));
      });

      it("one digit of the commitment · flipped · is refused", async () => {
        await bothName("seed", changed(saved, { commitment: flip(saved.draw.commitment, 7) }));
      });

      for (const at of [0, 63])
        it(`digit ${at + 1} of the root · flipped · is named as the root`, async () => {
          await bothName("root", changed(saved, { root: flip(saved.draw.root ?? "", at) }));
        });

      for (const place of [0, middle, last])
        it(`one digit of a ticket, at place ${place + 1} · flipped · is named as the list`, async () => {
          const entries = saved.entries.map((id, index) => (index === place ? flip(id, 20) : id));
          await bothName("list", changed(saved, {}, entries));
        });

      it("a ticket · left out · is named as the list", async () => {
        const entries = saved.entries.slice(1);
        await bothName("list", changed(saved, {}, entries));
        await bothName("list", changed(saved, { counts: { entries: entries.length } }, entries));
      });

      it("a ticket · added · is named as the list", async () => {
        const entries = [flip(saved.entries[middle] ?? "", 30), ...saved.entries];
        await bothName("list", changed(saved, { counts: { entries: entries.length } }, entries));
      });

      it("a ticket · there twice · is named as the list", async () => {
        const entries = saved.entries.map((id, index) =>
          index === last ? (saved.entries[0] as string) : id,
        );
        expect(await bothName("list", changed(saved, {}, entries))).to.contain(saved.entries[0]);
      });

      for (const place of [1, middle + 1, last])
        it(`two tickets, at places ${place} and ${place + 1} · exchanged · are named as the order`, async () => {
          const entries = [...saved.entries];
          [entries[place - 1], entries[place]] = [entries[place] as string, entries[place - 1] as string];
          expect(await bothName("order", changed(saved, {}, entries))).to.match(
            new RegExp(`^2 of ${last + 1} places .* the first is place ${place}$`),
          );
        });
    });
  }

  it("the public value · another one · is named as the order", async () => {
    const saved = readVector("beacon");
    await bothName("order", changed(saved, { beacon: { before: "a", value: "b" } }));
    await bothName("order", changed(saved, { beacon: null }));
  });

  it("the public value · known before the list was fixed · is named", async () => {
    const saved = readVector("beacon");
    const value = saved.draw.beacon?.value ?? null;
    await bothName("beacon", changed(saved, { beacon: { before: value, value } }));
  });

  it("counts or a public value · of another form · are named, not stumbled over", async () => {
    const saved = readVector("beacon");
    for (const change of [
      { counts: 7 },
      { counts: { entries: "7" } },
      { beacon: "x" },
      { beacon: { value: 5 } },
    ])
      await bothName("form", changed(saved, change as never));
  });

  it("the public value · promised and not used · is no fault, and is told", async () => {
    const saved = readVector("missed");
    await bothName(null, saved);
    expect((await verdictOf(saved)).warnings).to.have.length(1);
    if (hasPython) expect(askPython(saved).lines[0]).to.match(/^note: a public value was promised/);
  });

  it("a draw that is not over, or of another algorithm · is not checked, and it is said why", async () => {
    const saved = readVector("seven");
    for (const draw of [{ seed: null }, { root: null }, { algorithm: "dice" }, { seed: "ab" }])
      await bothName("form", changed(saved, draw));
  });

  it("entries · a line that is missing, doubled or no JSON · are not read as an order", () => {
    const lines = ['{"place":1,"ticketId":"a"}', '{"place":2,"ticketId":"b"}', '{"place":3,"ticketId":"c"}'];
    expect(verifier.readEntries(`${lines.join("\n")}\n`)).to.deep.equal({
      order: ["a", "b", "c"],
      findings: [],
    });
    expect(verifier.readEntries("")).to.deep.equal({ order: [], findings: [] });
    for (const wrong of [[0, 2], [0, 0, 1], [1]].map((pick) => pick.map((index) => lines[index]).join("\n")))
      expect(verifier.readEntries(wrong).findings).to.have.length(1);
    expect(verifier.readEntries(`${lines[0]}\nrubbish`).findings[0]?.detail).to.contain("line 2");
  });
});
