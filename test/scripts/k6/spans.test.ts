import { expect } from "chai";
import { breakDown, type SpanLine, toTable } from "../../../scripts/k6/spans.ts";

let count = 0;
function span(name: string, startMs: number, durationMs: number, parent?: SpanLine): SpanLine {
  count += 1;
  return {
    traceId: "t",
    spanId: String(count),
    ...(parent ? { parentSpanId: parent.spanId } : {}),
    name,
    startMs,
    durationMs,
  };
}

describe("k6 · where the time goes", () => {
  it("spans below each other · each counts without those below it", () => {
    const root = span("hold", 0, 10);
    const transaction = span("transaction", 2, 6, root);
    const spans = [root, transaction, span("sql", 3, 1, transaction), span("sql", 5, 2, transaction)];
    const { requests, totalMs, shares } = breakDown(spans, "hold");
    expect([requests, totalMs]).to.deep.equal([1, 10]);
    expect(shares).to.deep.equal([
      { name: "hold", times: 1, ownMs: 4 },
      { name: "transaction", times: 1, ownMs: 3 },
      { name: "sql", times: 2, ownMs: 3 },
    ]);
  });

  it("what runs after the answer · is left out, and what outlasts it counts up to it", () => {
    const root = span("hold", 0, 10);
    const spans = [root, span("told", 9, 5, root), span("job", 5_000, 3, root)];
    const { shares } = breakDown(spans, "hold");
    expect(shares).to.deep.equal([
      { name: "hold", times: 1, ownMs: 9 },
      { name: "told", times: 1, ownMs: 1 },
    ]);
  });

  it("several requests · are averaged, others are passed over, and the table adds up", () => {
    const spans = [span("hold", 0, 10), span("hold", 0, 20), span("join", 0, 99)];
    expect(toTable(breakDown(spans, "hold"))).to.deep.equal([
      ["span", "a request", "own ms", "share"],
      ["hold", "1.00", "15.00", "100 %"],
      ["whole request (mean of 2)", "", "15.00", "100 %"],
    ]);
  });
});
