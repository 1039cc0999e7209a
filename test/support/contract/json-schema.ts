/**
 * Checks a value against JSON Schema 2020-12, as far as our OpenAPI document uses it.
 *
 * A keyword or format that is not listed here is an error, never silently passed over: a check that ignores half
 * of a schema proves nothing.
 */
export type Schema = Readonly<Record<string, unknown>>;

/** @returns what is wrong, each as `path: sentence`; nothing when the value is as the schema says. */
export function faultsOf(value: unknown, schema: Schema, document: unknown, path = "body"): string[] {
  return Object.entries(schema).flatMap(([keyword, argument]) => {
    if (ANNOTATIONS.has(keyword) || keyword.startsWith("x-")) return [];
    const check = CHECKS[keyword];
    if (!check) throw new Error(`the schema of ${path} uses ${keyword}, which this checker does not know`);
    const inner = (part: unknown, its: unknown, name?: string | number) =>
      faultsOf(part, its as Schema, document, name === undefined ? path : `${path}.${name}`);
    const found = check(value, argument as never, { schema, document, inner });
    return found.map((fault) => (fault.startsWith(path) ? fault : `${path}: ${fault}`));
  });
}

const ANNOTATIONS = new Set([
  "title",
  "description",
  "default",
  "examples",
  "deprecated",
  "$schema",
  "$comment",
]);

interface Context {
  readonly schema: Schema;
  readonly document: unknown;
  inner(part: unknown, schema: unknown, name?: string | number): string[];
}

type Check = (value: unknown, argument: never, context: Context) => string[];

const verdict = (fine: boolean, fault: string): string[] => (fine ? [] : [fault]);
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const fits = (value: unknown, schema: unknown, { inner }: Context): boolean =>
  inner(value, schema).length === 0;

function typesOf(value: unknown): string[] {
  if (value === null) return ["null"];
  if (Array.isArray(value)) return ["array"];
  if (typeof value === "number") return Number.isInteger(value) ? ["integer", "number"] : ["number"];
  return [typeof value];
}

const onNumbers = (holds: (value: number, bound: number) => boolean, words: string): Check =>
  ((value, bound: number) =>
    verdict(typeof value !== "number" || holds(value, bound), `must be ${words} ${bound}`)) as Check;
const onStrings = (holds: (value: string, bound: never) => boolean, words: string): Check =>
  ((value, bound: never) =>
    verdict(typeof value !== "string" || holds(value, bound), `${words} ${String(bound)}`)) as Check;
const onArrays = (holds: (value: unknown[], bound: never) => boolean, words: string): Check =>
  ((value, bound: never) =>
    verdict(!Array.isArray(value) || holds(value, bound), `${words} ${String(bound)}`)) as Check;
const onObjects = (holds: (value: object, bound: never) => boolean, words: string): Check =>
  ((value, bound: never) =>
    verdict(!isObject(value) || holds(value, bound), `${words} ${String(bound)}`)) as Check;

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  uuid: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text),
  "date-time": (text) =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(text) &&
    !Number.isNaN(Date.parse(text)),
  email: (text) => /^[^\s@]+@[^\s@]+$/.test(text),
  uri: (text) => URL.canParse(text),
  "uri-reference": (text) => URL.canParse(text, "http://localhost"),
};

const CHECKS: Readonly<Record<string, Check>> = {
  $ref: ((value, pointer: string, { inner, document }) => inner(value, resolve(document, pointer))) as Check,

  type: ((value, type: string | string[]) => {
    const allowed = [type].flat();
    return verdict(
      typesOf(value).some((its) => allowed.includes(its)),
      `must be ${allowed.join(" or ")}, is ${JSON.stringify(value)}`,
    );
  }) as Check,
  enum: ((value, values: unknown[]) =>
    verdict(
      values.some((one) => same(one, value)),
      `must be one of ${values.join(", ")}, is ${JSON.stringify(value)}`,
    )) as Check,
  const: ((value, wanted: unknown) =>
    verdict(same(value, wanted), `must be ${JSON.stringify(wanted)}`)) as Check,

  minimum: onNumbers((value, bound) => value >= bound, "at least"),
  maximum: onNumbers((value, bound) => value <= bound, "at most"),
  exclusiveMinimum: onNumbers((value, bound) => value > bound, "above"),
  exclusiveMaximum: onNumbers((value, bound) => value < bound, "below"),
  multipleOf: onNumbers((value, bound) => Number.isInteger(value / bound), "a multiple of"),

  minLength: onStrings(
    (value, bound: number) => [...value].length >= bound,
    "must have a length of at least",
  ),
  maxLength: onStrings((value, bound: number) => [...value].length <= bound, "must have a length of at most"),
  pattern: onStrings((value, pattern: string) => new RegExp(pattern, "u").test(value), "must match"),
  format: onStrings((value, format: string) => {
    const check = FORMATS[format];
    if (!check) throw new Error(`the schema uses the format ${format}, which this checker does not know`);
    return check(value);
  }, "must be a"),

  minItems: onArrays((value, bound: number) => value.length >= bound, "must have as many items as"),
  maxItems: onArrays((value, bound: number) => value.length <= bound, "must have no more items than"),
  uniqueItems: onArrays(
    (value, wanted: boolean) =>
      !wanted || new Set(value.map((item) => JSON.stringify(item))).size === value.length,
    "must have unique items:",
  ),
  items: ((value, schema: Schema, { inner, schema: { prefixItems = [] } }) =>
    Array.isArray(value)
      ? value.flatMap((item, index) =>
          index < (prefixItems as unknown[]).length ? [] : inner(item, schema, index),
        )
      : []) as Check,
  prefixItems: ((value, schemas: Schema[], { inner }) =>
    Array.isArray(value)
      ? schemas.flatMap((schema, index) => (index < value.length ? inner(value[index], schema, index) : []))
      : []) as Check,
  // joi writes it beside prefixItems alone, where it means the items after those.
  unevaluatedItems: ((value, schema: Schema | false, { inner, schema: { prefixItems = [] } }) => {
    if (!Array.isArray(value)) return [];
    const first = (prefixItems as unknown[]).length;
    const rest = value.slice(first);
    if (schema === false) return verdict(rest.length === 0, `must have no more than ${first} items`);
    return rest.flatMap((item, index) => inner(item, schema, first + index));
  }) as Check,
  contains: ((value, schema: Schema, context) =>
    verdict(
      !Array.isArray(value) || value.some((item) => fits(item, schema, context)),
      "lacks an item",
    )) as Check,

  required: ((value, names: string[]) =>
    isObject(value) ? names.flatMap((name) => verdict(name in value, `lacks ${name}`)) : []) as Check,
  properties: ((value, schemas: Record<string, Schema>, { inner }) =>
    isObject(value)
      ? Object.entries(schemas).flatMap(([name, schema]) =>
          name in value ? inner(value[name], schema, name) : [],
        )
      : []) as Check,
  patternProperties: ((value, schemas: Record<string, Schema>, { inner }) =>
    isObject(value)
      ? Object.entries(schemas).flatMap(([pattern, schema]) =>
          Object.keys(value)
            .filter((name) => new RegExp(pattern, "u").test(name))
            .flatMap((name) => inner(value[name], schema, name)),
        )
      : []) as Check,
  additionalProperties: ((
    value,
    schema: Schema | boolean,
    { inner, schema: { properties = {}, patternProperties = {} } },
  ) => {
    if (!isObject(value) || schema === true) return [];
    const patterns = Object.keys(patternProperties as object).map((pattern) => new RegExp(pattern, "u"));
    const others = Object.keys(value).filter(
      (name) => !(name in (properties as object)) && !patterns.some((pattern) => pattern.test(name)),
    );
    return others.flatMap((name) =>
      schema === false ? [`has ${name}, which is not documented`] : inner(value[name], schema, name),
    );
  }) as Check,
  minProperties: onObjects(
    (value, bound: number) => Object.keys(value).length >= bound,
    "must have as many members as",
  ),
  maxProperties: onObjects(
    (value, bound: number) => Object.keys(value).length <= bound,
    "must have no more members than",
  ),
  dependentRequired: ((value, dependencies: Record<string, string[]>) =>
    isObject(value)
      ? Object.entries(dependencies).flatMap(([name, others]) =>
          name in value
            ? others.flatMap((other) => verdict(other in value, `has ${name} without ${other}`))
            : [],
        )
      : []) as Check,
  dependentSchemas: ((value, schemas: Record<string, Schema>, { inner }) =>
    isObject(value)
      ? Object.entries(schemas).flatMap(([name, schema]) => (name in value ? inner(value, schema) : []))
      : []) as Check,

  allOf: ((value, schemas: Schema[], { inner }) =>
    schemas.flatMap((schema) => inner(value, schema))) as Check,
  anyOf: ((value, schemas: Schema[], { inner }) => {
    const tries = schemas.map((schema) => inner(value, schema));
    return tries.some((faults) => faults.length === 0)
      ? []
      : [`fits no alternative (${tries.flat().join("; ")})`];
  }) as Check,
  oneOf: ((value, schemas: Schema[], context) => {
    const fitting = schemas.filter((schema) => fits(value, schema, context)).length;
    return verdict(fitting === 1, `fits ${fitting} alternatives instead of one`);
  }) as Check,
  not: ((value, schema: Schema, context) =>
    verdict(!fits(value, schema, context), "is what it must not be")) as Check,
};

function resolve(document: unknown, pointer: string): unknown {
  if (!pointer.startsWith("#/")) throw new Error(`the reference ${pointer} leads out of the document`);
  const steps = pointer.slice(2).split("/");
  const target = steps.reduce<unknown>(
    (node, step) =>
      (node as Record<string, unknown> | undefined)?.[step.replaceAll("~1", "/").replaceAll("~0", "~")],
    document,
  );
  if (target === undefined) throw new Error(`the reference ${pointer} leads nowhere`);
  return target;
}
