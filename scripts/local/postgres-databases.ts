/** The databases of a private PostgreSQL, each call over a connection of its own. */
import pg from "pg";

/**
 * Makes an empty database, or a copy of another one that nobody is connected to.
 * @returns its URL.
 */
export async function createDatabase(adminUrl: string, name: string, template?: string): Promise<string> {
  await execute(
    adminUrl,
    (quote) => `CREATE DATABASE ${quote(name)}${template ? ` TEMPLATE ${quote(template)}` : ""}`,
  );
  return databaseUrl(adminUrl, name);
}

/** Ends the connections to it first. */
export function dropDatabase(adminUrl: string, name: string): Promise<void> {
  return execute(adminUrl, (quote) => `DROP DATABASE IF EXISTS ${quote(name)} WITH (FORCE)`);
}

/** @returns the URL of the database, which is made if there is none of that name. */
export async function ensureDatabase(adminUrl: string, name: string): Promise<string> {
  try {
    return await createDatabase(adminUrl, name);
  } catch (error) {
    if ((error as { code?: string }).code !== "42P04") throw error;
    return databaseUrl(adminUrl, name);
  }
}

export function databaseUrl(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${encodeURIComponent(name)}`;
  return url.href;
}

async function execute(
  adminUrl: string,
  statement: (quote: (name: string) => string) => string,
): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  // A server that dies under us rejects the query; the event alone would end the process.
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query(statement((name) => client.escapeIdentifier(name)));
  } finally {
    await client.end();
  }
}
