import { expect } from "chai";
import Joi, { type Schema } from "joi";
import { toJsonSchema } from "../../../src/platform/http/json-schema.ts";
import { currency, timestamp, uuid } from "../../../src/platform/http/schemas.ts";
import { faultsOf } from "../../support/contract/index.ts";

const ID = "0198c0de-0000-7000-8000-000000000000";

interface Case {
  readonly schema: Schema;
  readonly good: readonly unknown[];
  readonly bad: readonly unknown[];
}

/** What joi takes and refuses without converting, JSON Schema must take and refuse too. */
const CASES: Readonly<Record<string, Case>> = {
  "a string": { schema: Joi.string(), good: ["a"], bad: ["", 1, null] },
  "a string that may be empty": { schema: Joi.string().allow(""), good: ["", "a"], bad: [null] },
  "a nullable string": { schema: Joi.string().max(3).allow(null), good: [null, "abc"], bad: ["abcd", 1] },
  "one of some strings": { schema: Joi.string().valid("a", "b"), good: ["a"], bad: ["c", null] },
  "one of some strings or null": {
    schema: Joi.string().valid("a", "b").allow(null),
    good: ["a", null],
    bad: ["c"],
  },
  "one of values of several types": { schema: Joi.valid("a", 1, null), good: ["a", 1, null], bad: ["b", 2] },
  "a string but some": { schema: Joi.string().invalid("root"), good: ["a"], bad: ["root"] },
  "a pattern": { schema: Joi.string().pattern(/^[a-z]+$/), good: ["abc"], bad: ["aBc"] },
  "two patterns": { schema: Joi.string().pattern(/^a/).pattern(/z$/), good: ["abz"], bad: ["ab", "bz"] },
  "an inverted pattern": { schema: Joi.string().pattern(/x/, { invert: true }), good: ["abc"], bad: ["axc"] },
  "a pattern and an inverted one": {
    schema: Joi.string().pattern(/^a/).pattern(/x/, { invert: true }),
    good: ["abc"],
    bad: ["axc", "bcd"],
  },
  "letters and digits": { schema: Joi.string().alphanum(), good: ["a1"], bad: ["a-1"] },
  "hexadecimal digits": { schema: Joi.string().hex().length(4), good: ["00fF"], bad: ["00fg", "00f"] },
  "a token": { schema: Joi.string().token(), good: ["a_1"], bad: ["a-1"] },
  "a UUID": { schema: uuid(), good: [ID], bad: [`${ID}0`, "x"] },
  "an instant": { schema: timestamp(), good: ["2026-01-02T03:04:05.678Z"], bad: ["2026-01-02", "now", 5] },
  "a currency": { schema: currency(), good: ["KRW"], bad: ["krw", "KR"] },
  "a number in bounds": { schema: Joi.number().min(1).less(5), good: [1, 4.9], bad: [0, 5, "1"] },
  "an integer": { schema: Joi.number().integer().positive(), good: [1], bad: [0, 1.5] },
  "a nullable integer": { schema: Joi.number().integer().min(1).allow(null), good: [null, 1], bad: [0, "1"] },
  "a multiple": { schema: Joi.number().multiple(250), good: [500], bad: [501] },
  "true alone": { schema: Joi.boolean().valid(true), good: [true], bad: [false] },
  anything: { schema: Joi.any(), good: [1, null, {}], bad: [] },
  "any object": { schema: Joi.object(), good: [{}, { a: 1 }], bad: [[], 1, null] },
  "no fields": { schema: Joi.object({}), good: [{}], bad: [{ a: 1 }] },
  "fields and others": {
    schema: Joi.object({ a: Joi.string() }).unknown(),
    good: [{ b: 1 }],
    bad: [{ a: 1 }],
  },
  "fields needed and not": {
    schema: Joi.object({ a: Joi.string().required(), b: Joi.number().default(1) }),
    good: [{ a: "x" }, { a: "x", b: 2 }],
    bad: [{}, { a: "x", c: 1 }, { a: "x", b: "2" }],
  },
  "a forbidden field": {
    schema: Joi.object({ a: Joi.any(), b: Joi.forbidden() }),
    good: [{ a: 1 }],
    bad: [{ b: 1 }],
  },
  "an object in an object": {
    schema: Joi.object({ a: Joi.object({ b: Joi.string().valid("x").allow(null).required() }) }),
    good: [{ a: { b: null } }],
    bad: [{ a: {} }, { a: { b: "y" } }, { a: { b: "x", c: 1 } }],
  },
  "exactly one of two": {
    schema: Joi.object({ a: Joi.any(), b: Joi.any() }).xor("a", "b"),
    good: [{ a: 1 }, { b: 1 }],
    bad: [{}, { a: 1, b: 1 }],
  },
  "at most one of two": {
    schema: Joi.object({ a: Joi.any(), b: Joi.any() }).oxor("a", "b"),
    good: [{}, { a: 1 }],
    bad: [{ a: 1, b: 1 }],
  },
  "at least one of two": {
    schema: Joi.object({ a: Joi.any(), b: Joi.any() }).or("a", "b"),
    good: [{ a: 1 }, { a: 1, b: 1 }],
    bad: [{}],
  },
  "at least one of two, or null": {
    schema: Joi.object({ a: Joi.any(), b: Joi.any() }).xor("a", "b").allow(null),
    good: [null, { a: 1 }],
    bad: [{}, { a: 1, b: 1 }],
  },
  "all or none": {
    schema: Joi.object({ a: Joi.any(), b: Joi.any() }).and("a", "b"),
    good: [{}, { a: 1, b: 1 }],
    bad: [{ a: 1 }],
  },
  "not both": {
    schema: Joi.object({ a: Joi.any(), b: Joi.any() }).nand("a", "b"),
    good: [{}, { a: 1 }],
    bad: [{ a: 1, b: 1 }],
  },
  "one with another, and without a third": {
    schema: Joi.object({ a: Joi.any(), b: Joi.any(), c: Joi.any() }).with("a", "b").without("b", "c"),
    good: [{ b: 1 }, { a: 1, b: 1 }, { c: 1 }],
    bad: [{ a: 1 }, { b: 1, c: 1 }],
  },
  "two rules about the same fields": {
    schema: Joi.object({ a: Joi.any(), b: Joi.any(), c: Joi.any(), d: Joi.any() })
      .xor("a", "b")
      .xor("c", "d"),
    good: [{ a: 1, d: 1 }],
    bad: [{ a: 1 }, { a: 1, b: 1, c: 1 }],
  },
  "a map": {
    schema: Joi.object().pattern(/^[a-z]{2}$/, Joi.number()),
    good: [{ ko: 1 }],
    bad: [{ kor: 1 }, { ko: "1" }],
  },
  "a list": {
    schema: Joi.array().items(Joi.number().integer()).max(2),
    good: [[], [1, 2]],
    bad: [[1, 2, 3], ["1"], {}],
  },
  "a list of distinct items": {
    schema: Joi.array().items(uuid()).unique().min(1),
    good: [[ID]],
    bad: [[], [ID, ID]],
  },
  "a list of several types": {
    schema: Joi.array().items(Joi.string().valid("x").allow(null), Joi.number()),
    good: [["x", null, 1]],
    bad: [["y"]],
  },
  "a list of pairs": {
    schema: Joi.array().items(
      Joi.array().ordered(Joi.number().integer().required(), Joi.string().valid("A", "H").required()),
    ),
    good: [[], [[1, "A"]]],
    bad: [[[1]], [["A", 1]], [[1, "A", 2]]],
  },
  alternatives: { schema: Joi.alternatives(Joi.string(), Joi.number()), good: ["a", 1], bad: [true, null] },
  "alternatives or null": {
    schema: Joi.alternatives(
      Joi.string().invalid("x"),
      Joi.object({ a: Joi.any(), b: Joi.any() }).xor("a", "b"),
    ).allow(null),
    good: [null, "a", { a: 1 }],
    bad: ["x", {}, 1],
  },
};

describe("JSON Schema of joi schemas", () => {
  for (const [name, { schema, good, bad }] of Object.entries(CASES)) {
    it(`${name} · takes and refuses what joi does`, () => {
      const written = toJsonSchema(schema);
      const accepts = (value: unknown) => faultsOf(value, written, {}).length === 0;
      const joiAccepts = (value: unknown) => schema.validate(value, { convert: false }).error === undefined;
      for (const value of good)
        expect([joiAccepts(value), accepts(value)], JSON.stringify(value)).to.deep.equal([true, true]);
      for (const value of bad)
        expect([joiAccepts(value), accepts(value)], JSON.stringify(value)).to.deep.equal([false, false]);
    });
  }

  it("descriptions, defaults and examples · are kept, where they stand", () => {
    const schema = Joi.object({
      limit: Joi.number().integer().default(20).description("how many").example(7),
      settings: Joi.object({ on: Joi.boolean().default(false) }).default(),
      list: Joi.array().items(Joi.string().example("one")),
    });
    const { properties } = toJsonSchema(schema) as { properties: Record<string, Record<string, unknown>> };
    expect(properties.limit)
      .to.include({ default: 20, description: "how many" })
      .and.deep.include({ examples: [7] });
    expect(properties.settings).to.not.have.property("default");
    expect(properties.list?.items).to.deep.include({ examples: ["one"] });
  });

  it("ids of schemas · leave no definitions behind that nothing refers to", () => {
    expect(toJsonSchema(Joi.object({ a: Joi.string().id("inner") }).id("outer"))).to.not.have.property(
      "$defs",
    );
  });

  it("the joi schema · is as it was", () => {
    const schema = Joi.object({ a: Joi.any(), b: Joi.forbidden() }).or("a", "b");
    const [first, second] = [toJsonSchema(schema), toJsonSchema(schema)];
    expect(first).to.deep.equal(second);
    expect(schema.validate({ b: 1 }).error).to.be.an("error");
  });

  it("what it writes · is JSON", () => {
    for (const { schema } of Object.values(CASES)) {
      const written = toJsonSchema(schema);
      expect(JSON.parse(JSON.stringify(written))).to.deep.equal(written);
    }
  });
});
