/**
 * Lua is source: one file a script, shared steps as includes, loaded and checked once at start.
 *
 * A script names its keys and arguments in its header:
 *
 *   --- KEYS state settings tickets
 *   --- ARGV userId ticketId
 *   --@include clock
 *
 * The loader counts KEYS from that line, binds each name to a local, resolves includes once each, and
 * registers the whole by `defineCommand` under a name that carries a hash of its text: two deployed versions
 * never run each other's script.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Histogram } from "./metrics.ts";
import type { RedisClient } from "./redis.ts";
import { span } from "./tracing/index.ts";

export interface LoadedScript {
  readonly name: string;
  /** Unique to this text. */
  readonly command: string;
  readonly keys: readonly string[];
  readonly args: readonly string[];
  /** The last argument name ends in `...`: it takes all that remain. */
  readonly variadic: boolean;
  readonly lua: string;
}

export interface ScriptFolder {
  readonly scripts: ReadonlyMap<string, LoadedScript>;
}

export interface LoadOptions {
  /** Texts that take the place of includes; only tests use it, to set the clock or to plant a bug. */
  readonly replaceIncludes?: Readonly<Record<string, string>>;
  /** Changes a whole script's text before it is loaded; only tests use it, to plant a bug. */
  readonly transform?: (name: string, lua: string) => string;
}

export class ScriptError extends Error {
  override readonly name = "ScriptError";
}

/** Reads `*.lua` as scripts and `includes/*.lua` as includes. */
export function loadScripts(folder: string, options: LoadOptions = {}): ScriptFolder {
  const includes = new Map(readLua(join(folder, "includes")));
  for (const [name, text] of Object.entries(options.replaceIncludes ?? {})) {
    if (!includes.has(name)) throw new ScriptError(`there is no include ${name} to replace`);
    includes.set(name, text);
  }
  const scripts = new Map<string, LoadedScript>();
  for (const [name, source] of readLua(folder)) {
    const text = options.transform ? options.transform(name, source) : source;
    scripts.set(name, build(name, text, includes));
  }
  return { scripts };
}

function readLua(folder: string): [string, string][] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".lua"))
    .sort()
    .map((file) => [basename(file, ".lua"), readFileSync(join(folder, file), "utf8")]);
}

function build(name: string, source: string, includes: ReadonlyMap<string, string>): LoadedScript {
  const keys = header(name, source, "KEYS");
  const args = header(name, source, "ARGV");
  const variadic = args.at(-1)?.endsWith("...") ?? false;
  const fixed = variadic ? args.slice(0, -1) : args;
  const names = [...keys, ...fixed];
  const twice = names.find((word, index) => names.indexOf(word) !== index);
  if (twice) throw new ScriptError(`${name}.lua names ${twice} twice`);
  const bindings = [
    ...keys.map((key, index) => `local ${key} = KEYS[${index + 1}]`),
    ...fixed.map((argument, index) => `local ${argument} = ARGV[${index + 1}]`),
    ...(variadic ? [`local firstRest = ${fixed.length + 1}`] : []),
  ].join("\n");
  const body = resolve(name, source, includes, new Set());
  const lua = `${bindings}\n${body}`;
  const digest = createHash("sha1").update(lua).digest("hex").slice(0, 12);
  return { name, command: `fp_${name}_${digest}`, keys, args, variadic, lua };
}

function header(name: string, source: string, kind: "KEYS" | "ARGV"): string[] {
  const line = new RegExp(`^--- ${kind}(.*)$`, "m").exec(source);
  if (!line) throw new ScriptError(`${name}.lua has no "--- ${kind}" line`);
  const names = (line[1] ?? "").trim().split(/\s+/).filter(Boolean);
  for (const [index, word] of names.entries()) {
    const last = index === names.length - 1;
    if (!/^[a-zA-Z][a-zA-Z0-9]*$/.test(last && kind === "ARGV" ? word.replace(/\.\.\.$/, "") : word)) {
      throw new ScriptError(`${name}.lua: "${word}" is no name for one of its ${kind}`);
    }
  }
  return names;
}

function resolve(
  name: string,
  source: string,
  includes: ReadonlyMap<string, string>,
  done: Set<string>,
): string {
  return source.replace(/^--@include ([\w-]+)$/gm, (_line, include: string) => {
    if (done.has(include)) return "";
    done.add(include);
    const text = includes.get(include);
    if (text === undefined) throw new ScriptError(`${name}.lua includes ${include}, which does not exist`);
    return resolve(include, text, includes, done);
  });
}

export type ScriptRunner = (
  name: string,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<unknown>;

type Command = (...args: (string | number)[]) => Promise<unknown>;

/**
 * Registers a folder's scripts on a client. The runner checks the number of keys and arguments at each call.
 * @param seconds hears how long each call took, with its answer's way.
 */
export function registerScripts(
  client: RedisClient,
  { scripts }: ScriptFolder,
  seconds?: Pick<Histogram<"script">, "observe">,
): ScriptRunner {
  for (const script of scripts.values()) {
    client.defineCommand(script.command, { numberOfKeys: script.keys.length, lua: script.lua });
  }
  return (name, keys, args) => {
    const script = scripts.get(name);
    if (!script) throw new ScriptError(`there is no script ${name}`);
    const few = script.variadic ? args.length < script.args.length - 1 : args.length !== script.args.length;
    if (keys.length !== script.keys.length || few) {
      throw new ScriptError(
        `${name} takes ${script.keys.length} keys and ${script.args.length} arguments, got ${keys.length} and ${args.length}`,
      );
    }
    const run = (client as unknown as Record<string, Command>)[script.command] as Command;
    const answer = span(`script ${name}`, () => run.call(client, ...keys, ...args));
    if (!seconds) return answer;
    const startedAt = performance.now();
    const told = () => seconds.observe({ script: name }, (performance.now() - startedAt) / 1_000);
    answer.then(told, told);
    return answer;
  };
}
