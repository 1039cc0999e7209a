import { expect } from "chai";
import { createPasswordHasher } from "../../src/auth/passwords.ts";
import { type TestDatabase, testServers } from "../support/servers.ts";
import { eventually } from "../support/wait.ts";
import { type Gateway, newEmail, openGateway, PASSWORD, post, signUp } from "./fixture.ts";

describe("password hashing", () => {
  it("hash · when more come than may wait · refuses the rest and serves the others in turn", async () => {
    const seen: number[] = [];
    const hasher = createPasswordHasher({ concurrency: 1, waiting: 2 }, (count) => seen.push(count));
    const order: number[] = [];
    const outcomes = await Promise.all(
      [0, 1, 2, 3, 4].map(async (index) => {
        const outcome = await hasher.hash("password");
        if (outcome.ok) order.push(index);
        return outcome.ok ? "hashed" : outcome.reason;
      }),
    );
    expect(outcomes).to.deep.equal(["hashed", "hashed", "hashed", "BUSY", "BUSY"]);
    expect(order).to.deep.equal([0, 1, 2]);
    expect(Math.max(...seen)).to.equal(3);
    expect(seen.at(-1)).to.equal(0);
    expect((await hasher.hash("password")).ok).to.equal(true);
  });

  it("verify · of a hash that is broken · throws and gives its place back", async () => {
    const hasher = createPasswordHasher({ concurrency: 1, waiting: 0 }, () => undefined);
    const fault = await hasher.verify("not a hash", "password").catch((thrown: Error) => thrown);
    expect(fault).to.be.instanceOf(Error);
    expect((await hasher.hash("password")).ok).to.equal(true);
  });

  it("verify · without an account · matches nothing, not even the decoy", async () => {
    const hasher = createPasswordHasher({ concurrency: 1, waiting: 0 }, () => undefined);
    for (const password of ["", "password"]) {
      expect(await hasher.verify(null, password)).to.deep.equal({ ok: true, matches: false });
    }
  });

  it("verify · while it runs · leaves the event loop free", async () => {
    const hasher = createPasswordHasher({ concurrency: 1, waiting: 0 }, () => undefined);
    let done = false;
    let turns = 0;
    const verifying = hasher.verify(null, "password").then(() => {
      done = true;
    });
    while (!done) {
      turns += 1;
      await new Promise(setImmediate);
    }
    await verifying;
    expect(turns).to.be.greaterThan(1);
  });

  describe("behind the routes", () => {
    let database: TestDatabase;
    let gateway: Gateway;

    before(async () => {
      const servers = await testServers();
      database = await servers.createDatabase();
      gateway = await openGateway({
        databaseUrl: database.url,
        redisUrl: servers.redisUrl,
        hashing: { concurrency: 1, waiting: 1 },
      });
    });
    after(async () => {
      await gateway.close();
      await database.drop();
    });

    const waitingNow = async () => (await gateway.metrics.accounts.hashQueue.get()).values[0]?.value ?? 0;

    for (const [who, emailOf] of [
      ["a known email", async () => (await signUp(gateway.url)).email],
      ["an unknown email", async () => newEmail()],
    ] as const) {
      it(`login · of ${who} · takes a place in the hashing queue, and is 503 when there is none`, async () => {
        const email = await emailOf();
        let highest = 0;
        let over = false;
        const watching = (async () => {
          while (!over) {
            highest = Math.max(highest, await waitingNow());
            await new Promise(setImmediate);
          }
        })();
        const answers = await Promise.all(
          Array.from({ length: 12 }, () =>
            post(gateway.url, "/auth/login").send({ email, password: "wrong" }),
          ),
        );
        over = true;
        await watching;
        expect(highest).to.equal(2);
        const refused = answers.filter(({ status }) => status === 503);
        expect(refused).not.to.have.length(0);
        expect(answers.filter(({ status }) => status === 401)).to.have.length(12 - refused.length);
        for (const { body, headers } of refused) {
          expect(body).to.include({ code: "BUSY", retryable: true });
          expect(Number(headers["retry-after"])).to.be.within(1, 5);
        }
        await eventually(async () => (await waitingNow()) === 0, { what: "an empty hashing queue" });
      });
    }

    it("sign-up · when the hashing queue is full · is 503 and makes no account", async () => {
      const emails = Array.from({ length: 12 }, newEmail);
      const answers = await Promise.all(
        emails.map((email) =>
          post(gateway.url, "/auth/signup").send({ email, password: PASSWORD, name: "Fan" }),
        ),
      );
      const made = answers.filter(({ status }) => status === 201).length;
      expect(answers.filter(({ status }) => status === 503)).to.have.length(12 - made);
      expect(made).to.be.within(1, 11);
      const [row] = await gateway.db("users").whereIn("email", emails).count("* as count");
      expect(row!.count).to.equal(made);
    });
  });
});
