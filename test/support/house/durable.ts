/**
 * A house whose gateway, worker and Redis are processes of their own, so that each can be killed and started again,
 * and a line in it that must come through unchanged.
 */
import path from "node:path";
import { expect } from "chai";
import { removePlace, temporaryPlace } from "../../../scripts/local/places.ts";
import { freePort } from "../../../scripts/local/ports.ts";
import { type RunningRedis, startRedis } from "../../../scripts/local/redis.ts";
import { createReleaser, type Releaser } from "../../../src/platform/releaser.ts";
import { type Client, type Fan, type House, openClient, openHouse, type Show } from "../house.ts";
import { eventually } from "../wait.ts";
import { type Program, run } from "./processes.ts";

export interface Place {
  readonly ticketId: string;
  readonly sequence: number;
  readonly position: number | null;
  readonly state: string;
  readonly epoch: number;
}

export interface Line {
  readonly show: Show;
  /** Inside. */
  readonly first: Fan;
  readonly waiting: readonly Fan[];
  readonly places: readonly Omit<Place, "epoch">[];
}

export interface DurableHouse {
  readonly house: House;
  /** To the gateway, which keeps its port. */
  readonly client: Client;
  readonly gateway: Program;
  readonly worker: Program;
  readonly redis: RunningRedis;
  /** Both that run no more. */
  startMembers(): Promise<void>;
  /** Starts another Redis on the same port with nothing in it. */
  emptyRedis(): Promise<void>;
  lineOf(length: number): Promise<Line>;
  placesOf(show: Show, fans: readonly Fan[]): Promise<Place[]>;
  /** Asserts that the places are the same, and that they go on to be the order of admission. */
  expectKept(line: Line): Promise<void>;
  close(): Promise<void>;
}

const PATIENCE = { timeoutMs: 25_000, intervalMs: 100 };

export async function openDurableHouse(): Promise<DurableHouse> {
  const releaser = createReleaser(30_000);
  try {
    return await build(releaser);
  } catch (fault) {
    await releaser.release().catch(() => undefined);
    throw fault;
  }
}

async function build(releaser: Releaser): Promise<DurableHouse> {
  const dir = await temporaryPlace("durable");
  releaser.add("folder", () => removePlace(dir));
  const redisDir = path.join(dir, "redis");
  let redis = await startRedis({ dir: redisDir, durable: true });
  releaser.add("redis", () => redis.stop());
  const port = await freePort();
  // Its own gateway only makes accounts and shows; it must not be what keeps the line.
  const house = await openHouse({ redisUrl: redis.url, workers: 0 });
  releaser.add("house", () => house.close());
  const running: { client?: Client; gateway?: Program; worker?: Program } = {};
  releaser.add("members", () => Promise.all([running.gateway?.kill(), running.worker?.kill()]));
  releaser.add("client", () => running.client?.close());
  await startMembers();
  const client = () => running.client as Client;

  async function startMembers(): Promise<void> {
    running.client?.close();
    running.gateway = run("gateway", { ...house.environment, PORT: String(port) });
    running.worker = run("worker", { ...house.environment });
    await Promise.all([running.gateway.ready(), running.worker.ready()]);
    running.client = await openClient(`http://127.0.0.1:${port}`);
  }

  async function placesOf(show: Show, fans: readonly Fan[]): Promise<Place[]> {
    const answers = await Promise.all(fans.map((fan) => house.ticketOf(fan, show, client())));
    return answers.map(({ body: { ticketId, sequence, position, state, epoch } }) => ({
      ...{ ticketId, sequence, position, state, epoch },
    }));
  }
  const withoutEpoch = (places: readonly Place[]) => places.map(({ epoch, ...place }) => place);
  const stateBecomes = (fan: Fan, show: Show, state: string) =>
    eventually(async () => (await house.ticketOf(fan, show, client())).body.state === state, {
      ...PATIENCE,
      what: `the state ${state}`,
    });

  return {
    house,
    get client() {
      return client();
    },
    get gateway() {
      return running.gateway as Program;
    },
    get worker() {
      return running.worker as Program;
    },
    get redis() {
      return redis;
    },
    startMembers,
    placesOf,

    async emptyRedis() {
      await redis.kill();
      await removePlace(redisDir);
      redis = await startRedis({ dir: redisDir, port: redis.port, durable: true });
    },

    async lineOf(length) {
      const show = await house.makeShow({ queue: { maxActive: 1 } });
      const [first, ...waiting] = (await house.fans(length + 1)) as [Fan, ...Fan[]];
      await house.enter(first, show, client());
      for (const fan of waiting) await house.join(fan, show, client());
      const places = await eventually(
        async () => {
          const seen = await placesOf(show, waiting);
          return seen.every(({ position }, index) => position === index + 1) && seen;
        },
        { ...PATIENCE, what: "the line" },
      );
      return { show, first, waiting, places: withoutEpoch(places) };
    },

    async expectKept({ show, first, waiting, places }) {
      await eventually(
        async () => {
          expect(withoutEpoch(await placesOf(show, waiting))).to.deep.equal(places);
          return true;
        },
        { ...PATIENCE, what: "the same places" },
      );
      await stateBecomes(first, show, "inside");
      for (const [index, fan] of [first, ...waiting.slice(0, 2)].entries()) {
        const left = async () => (await house.leave(fan, show, client())).status === 204;
        await eventually(left, { ...PATIENCE, what: "a leave" });
        await stateBecomes(waiting[index] as Fan, show, "admitted");
      }
      const rest = await placesOf(show, waiting.slice(3));
      expect(rest.map(({ state }) => state)).to.deep.equal(rest.map(() => "waiting"));
    },

    close: () => releaser.release(),
  };
}
