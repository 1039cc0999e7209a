/**
 * SQL is source: one file a statement, loaded once at start, with its design in the comments at its head.
 *
 * Parameters are written `:name`. Each statement is prepared under a name that carries a hash of its text, so
 * PostgreSQL plans it once a connection and two deployed versions never run each other's.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Queryable } from "./postgres.ts";

export interface StatementOptions {
  /** Changes a statement's text before it is loaded; only tests use it, to plant a bug. */
  readonly transform?: (name: string, sql: string) => string;
}

export type Bindings = Readonly<Record<string, unknown>>;

/** Runs a statement on the pool or in an open transaction. @returns its rows. */
export type StatementRunner = <Row = Record<string, unknown>>(
  on: Queryable,
  name: string,
  bindings?: Bindings,
) => Promise<Row[]>;

/** Reads a folder's `*.sql`. */
export function loadStatements(folder: string, { transform }: StatementOptions = {}): StatementRunner {
  const statements = new Map(
    readdirSync(folder)
      .filter((file) => file.endsWith(".sql"))
      .map((file) => {
        const name = basename(file, ".sql");
        const source = withoutComments(readFileSync(join(folder, file), "utf8"));
        const text = transform ? transform(name, source) : source;
        return [
          name,
          { text, prepared: `${name}_${createHash("sha1").update(text).digest("hex").slice(0, 10)}` },
        ];
      }),
  );
  return async (on, name, bindings = {}) => {
    const statement = statements.get(name);
    if (!statement) throw new Error(`there is no statement ${name}`);
    const { rows } = await on.raw(statement.text, bindings as never).options({ name: statement.prepared });
    return rows;
  };
}

/** A colon in a comment must not be taken for a parameter. No statement has `--` inside a literal. */
function withoutComments(source: string): string {
  return source
    .replace(/--.*$/gm, "")
    .replace(/\n\s*\n/g, "\n")
    .trim();
}
