/**
 * JSON Schema 2020-12 of a joi schema: what joi itself writes, corrected where it says less or other than what
 * joi checks.
 *
 * Two passes. The first mends what can be seen in the output alone: an `enum` that lacks the null its type allows,
 * lists of types inside lists, names of formats that nobody else knows. The second walks joi's description beside
 * the output and adds what joi leaves out: which fields need or exclude each other, forbidden fields, values that
 * are refused, cases, inverted patterns, examples.
 */
import type { Description, Schema } from "joi";

export type JsonSchema = { readonly [keyword: string]: unknown };

interface Draft {
  [keyword: string]: unknown;
}

/** The schema of a value as it stands on the wire. */
export function toJsonSchema(schema: Schema): JsonSchema {
  const source = (schema as Schema & { readonly "~standard": StandardSchema })["~standard"];
  const written = source.jsonSchema.input({ target: "draft-2020-12" });
  return complete(mend(written), schema.describe());
}

interface StandardSchema {
  readonly jsonSchema: { input(options: { target: string }): Draft };
}

/** Formats of joi's own, as patterns; a reader that does not know a format ignores it. */
const PATTERNS: Readonly<Record<string, string>> = {
  hex: "^[0-9A-Fa-f]+$",
  token: "^[A-Za-z0-9_]+$",
};

function mend(written: Draft): Draft {
  const draft: Draft = {};
  for (const [keyword, value] of Object.entries(written)) {
    if (keyword === "$defs") continue; // joi fills it for every id(), whether or not something refers to it
    if (keyword === "properties" || keyword === "patternProperties")
      draft[keyword] = mendEach(value as Draft);
    else if (Array.isArray(value)) draft[keyword] = value.map((item) => (isSchema(item) ? mend(item) : item));
    else draft[keyword] = isSchema(value) && keyword !== "default" ? mend(value) : value;
  }
  if (Array.isArray(draft.type)) draft.type = draft.type.flat();
  const { type, enum: values } = draft;
  if (Array.isArray(type) && type.includes("null") && Array.isArray(values) && !values.includes(null)) {
    draft.enum = [...values, null];
  }
  const pattern = PATTERNS[String(draft.format)];
  if (pattern) {
    delete draft.format;
    constrain(draft, { pattern });
  }
  // joi's default() without a value fills in the defaults of the fields, which say so themselves.
  if (typeof draft.default === "symbol") delete draft.default;
  return draft;
}

function mendEach(schemas: Draft): Draft {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, mend(schema as Draft)]));
}

const isSchema = (value: unknown): value is Draft =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `whens` have no counterpart that stays readable; joi's list of possible schemas stands for them. */
function complete(draft: Draft, description: Description): Draft {
  if (description.whens) return draft;
  completeChildren(draft, description);
  if (description.examples?.length) draft.examples = description.examples.filter(isPlain);
  if (description.invalid?.length) constrain(draft, { not: { enum: description.invalid.filter(isPlain) } });
  for (const rule of description.rules ?? []) completeRule(draft, rule);
  for (const dependency of description.dependencies ?? []) {
    const constraint = toConstraint(dependency);
    const nullable = description.allow?.includes(null);
    constrain(draft, nullable ? { anyOf: [{ type: "null" }, constraint] } : constraint);
  }
  return draft;
}

function completeChildren(draft: Draft, { keys, patterns, items, matches }: Description): void {
  const properties = draft.properties as Record<string, Draft> | undefined;
  for (const [key, child] of Object.entries<Description>(keys ?? {})) {
    if (!properties?.[key]) continue;
    if (isForbidden(child)) delete properties[key];
    else properties[key] = complete(properties[key], child);
  }
  const byPattern = draft.patternProperties as Record<string, Draft> | undefined;
  for (const { regex, rule } of (patterns ?? []) as { regex?: string; rule: Description }[]) {
    const source = regex?.slice(1, regex.lastIndexOf("/"));
    if (source && byPattern?.[source]) byPattern[source] = complete(byPattern[source], rule);
  }
  completeItems(draft, items ?? []);
  const alternatives = (draft.anyOf ?? draft.oneOf ?? draft.allOf) as Draft[] | undefined;
  if (!matches || !alternatives) return;
  // A null that is allowed beside the alternatives stands before them.
  const offset = alternatives.length - matches.length;
  for (const [index, match] of (matches as { schema?: Description }[]).entries()) {
    const alternative = alternatives[index + offset];
    if (match.schema && alternative) alternatives[index + offset] = complete(alternative, match.schema);
  }
}

function completeItems(draft: Draft, items: Description[]): void {
  const schema = draft.items as Draft | undefined;
  if (!schema || items.some(isForbidden)) return;
  if (items.length === 1) draft.items = complete(schema, items[0] as Description);
  else {
    const options = schema.anyOf as Draft[];
    schema.anyOf = options.map((option, index) => complete(option, items[index] as Description));
  }
}

interface Rule {
  readonly name: string;
  readonly args?: {
    readonly regex?: string;
    readonly options?: { invert?: boolean };
    readonly direction?: string;
  };
}

/** What is refused here is refused in requests, which are not converted before they are checked. */
function completeRule(draft: Draft, { name, args }: Rule): void {
  if (name === "alphanum") constrain(draft, { pattern: "^[A-Za-z0-9]+$" });
  if (name === "pattern" && args?.options?.invert) {
    const pattern = args.regex?.slice(1, args.regex.lastIndexOf("/"));
    if (draft.pattern === pattern) delete draft.pattern;
    else draft.allOf = (draft.allOf as Draft[]).filter((part) => part.pattern !== pattern);
    constrain(draft, { not: { pattern } });
  }
}

interface Dependency {
  readonly rel: "and" | "nand" | "or" | "oxor" | "with" | "without" | "xor";
  readonly key?: string;
  readonly peers: readonly string[];
}

function toConstraint({ rel, key = "", peers }: Dependency): Draft {
  const each = peers.map((peer) => ({ required: [peer] }));
  const none = { not: { anyOf: each } };
  switch (rel) {
    case "or":
      return { anyOf: each };
    case "xor":
      return { oneOf: each };
    case "oxor":
      return { oneOf: [...each, none] };
    case "and":
      return { anyOf: [{ required: peers }, none] };
    case "nand":
      return { not: { required: peers } };
    case "with":
      return { dependentRequired: { [key]: peers } };
    case "without":
      return { dependentSchemas: { [key]: none } };
  }
}

/** Adds a constraint; one whose keywords are taken goes beside the others into `allOf`. */
function constrain(draft: Draft, constraint: Draft): void {
  const taken = Object.keys(constraint).some((keyword) => keyword in draft);
  if (taken) draft.allOf = [...((draft.allOf as Draft[] | undefined) ?? []), constraint];
  else Object.assign(draft, constraint);
}

const isForbidden = ({ flags }: Description): boolean =>
  (flags as { presence?: string } | undefined)?.presence === "forbidden";
const isPlain = (value: unknown): boolean => value === null || typeof value !== "object" || !("ref" in value);
