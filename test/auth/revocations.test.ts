import { expect } from "chai";
import jwt from "jsonwebtoken";
import { createStore } from "../../src/auth/store.ts";
import { createLogger, type Logger } from "../../src/platform/logger.ts";
import { type TestDatabase, testServers } from "../support/servers.ts";
import { eventually } from "../support/wait.ts";
import { type Gateway, type GatewayOptions, me, openGateway, type SignedUp, signUp } from "./fixture.ts";

describe("revocations", () => {
  let database: TestDatabase;
  let options: GatewayOptions;
  let gateway: Gateway;
  const warnings: string[] = [];

  before(async () => {
    const servers = await testServers();
    database = await servers.createDatabase();
    const silent = createLogger("test", "silent");
    const log: Logger = { ...silent, warn: (message) => void warnings.push(message) };
    options = { databaseUrl: database.url, redisUrl: servers.redisUrl };
    gateway = await openGateway({ ...options, log });
  });
  after(async () => {
    await gateway.close();
    await database.drop();
  });

  const sessionOf = ({ accessToken }: SignedUp): string => (jwt.decode(accessToken) as jwt.JwtPayload).sid;
  /** As another gateway, or one with a slow commit, would. */
  const revoke = (fan: SignedUp, table: string, secondsAgo: number) =>
    gateway
      .db(table)
      .where({ id: sessionOf(fan) })
      .update({
        revoked_at: gateway.db.raw("clock_timestamp() - make_interval(secs => ?)", [secondsAgo]),
        revoked_for: "logout",
      });
  const isRefused = (fan: SignedUp) => !gateway.auth.verifyAccessToken(fan.accessToken).ok;

  it("poll · of a revocation that became visible seconds after its moment · still finds it", async () => {
    const fan = await signUp(gateway.url);
    await revoke(fan, "sessions", 5);
    await eventually(() => isRefused(fan), { timeoutMs: 1_000, what: "the revocation" });
  });

  it("poll · failing for a while · is logged once, keeps what is known and catches up", async () => {
    const known = await signUp(gateway.url);
    await revoke(known, "sessions", 0);
    await eventually(() => isRefused(known), { timeoutMs: 1_000, what: "the revocation" });
    const fan = await signUp(gateway.url);
    warnings.length = 0;
    let failedPolls = 0;
    gateway.db.on("query-error", () => {
      failedPolls += 1;
    });
    await gateway.db.raw("ALTER TABLE sessions RENAME TO sessions_away");
    await eventually(() => warnings.length > 0, { timeoutMs: 2_000, what: "a failed poll" });
    await revoke(fan, "sessions_away", 0);
    await eventually(() => failedPolls >= 3, { what: "two more failed polls" });
    expect(isRefused(known)).to.equal(true);
    await gateway.db.raw("ALTER TABLE sessions_away RENAME TO sessions");
    await eventually(() => isRefused(fan), { timeoutMs: 1_500, what: "the revocation made meanwhile" });
    expect(warnings).to.have.length(1);
  });

  it("start · with revocations older than any token · does not load them", async () => {
    const old = await signUp(gateway.url);
    const recent = await signUp(gateway.url);
    await revoke(old, "sessions", 17 * 60);
    await revoke(recent, "sessions", 15 * 60);
    const late = await openGateway(options);
    try {
      expect(late.auth.verifyAccessToken(old.accessToken).ok).to.equal(true);
      expect(late.auth.verifyAccessToken(recent.accessToken).ok).to.equal(false);
    } finally {
      await late.close();
    }
  });

  it("start · when the database can't be read · fails", async () => {
    await gateway.db.raw("ALTER TABLE sessions RENAME TO sessions_away");
    const fault = await gateway.auth.start().catch((thrown: Error) => thrown);
    await gateway.db.raw("ALTER TABLE sessions_away RENAME TO sessions");
    expect(fault).to.be.instanceOf(Error);
  });

  it("pruning · of sessions over for more than a day · deletes them in batches and no others", async () => {
    const fans = [await signUp(gateway.url), await signUp(gateway.url), await signUp(gateway.url)];
    const live = await signUp(gateway.url);
    const ids = fans.map(sessionOf);
    const past = (hours: number) => gateway.db.raw("now() - make_interval(hours => ?)", [hours]);
    await gateway
      .db("sessions")
      .whereIn("id", ids)
      .update({ expires_at: past(25) });
    await gateway
      .db("sessions")
      .where({ id: sessionOf(live) })
      .update({ expires_at: past(23) });
    const store = createStore(gateway.db);
    expect(await store.pruneSessions(2)).to.equal(2);
    expect(await store.pruneSessions(2)).to.equal(1);
    expect(await store.pruneSessions(2)).to.equal(0);
    await me(gateway.url, live.accessToken).expect(200);
  });
});
