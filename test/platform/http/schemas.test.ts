import { expect } from "chai";
import type { Schema } from "joi";
import { Problem } from "../../../src/platform/errors.ts";
import { matchesEtag, versionEtag, versionsIn } from "../../../src/platform/http/etag.ts";
import { cutPage, startOf } from "../../../src/platform/http/paging.ts";
import {
  amount,
  currency,
  decodeCursor,
  email,
  encodeCursor,
  isInstant,
  multilineText,
  pageQuery,
  text,
  timestamp,
  uuid,
} from "../../../src/platform/http/schemas.ts";

const ID = "0198c0de-0000-7000-8000-000000000000";

/** Bodies are not converted, so neither are these. */
function takes(schema: Schema, good: readonly unknown[], bad: readonly unknown[]): void {
  const fits = (value: unknown) => schema.validate(value, { convert: false }).error === undefined;
  for (const value of good) expect(fits(value), JSON.stringify(value)).to.equal(true);
  for (const value of bad) expect(fits(value), JSON.stringify(value)).to.equal(false);
}

describe("shared schemas", () => {
  it("an id · is a lower-case UUID with dashes and nothing around it", () => {
    takes(uuid(), [ID], [ID.toUpperCase(), ID.replaceAll("-", ""), `{${ID}}`, `${ID}\n`, "", 1, null]);
  });

  it("an instant · has a time and a zone", () => {
    takes(
      timestamp(),
      ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05+09:00"],
      ["2026-01-02", "2026-01-02T03:04:05", "2026-01-02 03:04:05Z", "20260102T030405Z", 1_767_323_045, ""],
    );
  });

  it("an instant · names a day that exists", () => {
    expect(["2024-02-29T00:00:00Z", "2026-12-31T23:59:59Z"].map(isInstant)).to.deep.equal([true, true]);
    expect(
      ["2026-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-02-30T00:00:00Z"].map(isInstant),
    ).to.deep.equal([false, false, false]);
  });

  it("texts · are visible, and on one line unless said otherwise", () => {
    takes(text(5), ["abc", "한국어", "a b"], ["", "   ", "a\nb", "a\u0000", "\ud800", "abcdef"]);
    takes(multilineText(5), ["a\nb\t"], ["", "\n \n", "a\u0000"]);
  });

  it("an email, a currency, an amount", () => {
    takes(email(), ["a@example.com"], ["a", "a@", `${"x".repeat(250)}@example.com`, "A@example.com"]);
    takes(currency(), ["KRW"], ["krw", "KRWX", ""]);
    takes(amount(), [0, 1_000_000_000], [-1, 0.5, 1_000_000_001, "1"]);
  });
});

describe("paging", () => {
  it("limit · is 20 by default, 1 to 100", () => {
    const limitOf = (query: object) => pageQuery.validate(query).value.limit;
    expect([limitOf({}), limitOf({ limit: "7" }), limitOf({ limit: "100" })]).to.deep.equal([20, 7, 100]);
    for (const limit of ["0", "101", "1.5", "x", ""])
      expect(pageQuery.validate({ limit }).error, limit).to.be.an("error");
  });

  it("a cursor · of ours · leads back to its id", () => {
    const cursor = encodeCursor(ID);
    expect(pageQuery.validate({ cursor }).error).to.equal(undefined);
    expect(decodeCursor(cursor)).to.equal(ID);
    expect(startOf({ limit: 1, cursor })).to.equal(ID);
    expect(startOf({ limit: 1 })).to.equal(null);
  });

  it("a cursor · of somebody else · is refused by name", () => {
    for (const cursor of [
      "x",
      encodeCursor("1"),
      encodeCursor("' OR 1=1"),
      encodeCursor(ID.toUpperCase()).slice(0, -2),
    ]) {
      expect(decodeCursor(cursor), cursor).to.equal(null);
      expect(() => startOf({ limit: 1, cursor }))
        .to.throw(Problem)
        .with.nested.property("options.errors[0].path", "cursor");
    }
    expect(pageQuery.validate({ cursor: "not base64url!" }).error).to.be.an("error");
  });

  it("a page · is cut after its limit, and says where the next begins only if there is one", () => {
    const rows = [{ id: "a" }, { id: "b" }, { id: "c" }];
    expect(cutPage(rows, 2)).to.deep.equal({
      items: [{ id: "a" }, { id: "b" }],
      nextCursor: encodeCursor("b"),
    });
    expect(cutPage(rows, 3)).to.deep.equal({ items: rows, nextCursor: null });
    expect(cutPage([], 3)).to.deep.equal({ items: [], nextCursor: null });
  });
});

describe("entity tags", () => {
  it("If-None-Match · compares weakly, in lists, and knows the star", () => {
    for (const header of ['"a"', 'W/"a"', '"b", "a"', '"b",W/"a"', "*", " * "]) {
      expect(matchesEtag(header, '"a"'), header).to.equal(true);
      expect(matchesEtag(header, 'W/"a"'), header).to.equal(true);
    }
    for (const header of [undefined, "", "a", '"b"', '"ab"', '"a', "W/a"]) {
      expect(matchesEtag(header, '"a"'), String(header)).to.equal(false);
    }
  });

  it("If-Match · names versions; without one any will do, foreign and weak tags match none", () => {
    expect(versionsIn(undefined)).to.equal(null);
    expect(versionsIn("*")).to.equal(null);
    expect(versionsIn(versionEtag(7))).to.deep.equal([7]);
    expect(versionsIn('"1", "2"')).to.deep.equal([1, 2]);
    expect(versionsIn('W/"1", "x", 3')).to.deep.equal([]);
  });
});
