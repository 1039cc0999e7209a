import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { temporaryPlace } from "../../scripts/local/places.ts";
import { closeRedis, openRedis, type RedisClient } from "../../src/platform/redis.ts";
import { type LoadOptions, loadScripts, registerScripts, ScriptError } from "../../src/platform/scripts.ts";
import { testServers } from "../support/servers.ts";
import { randomName, recordingLogger } from "./support.ts";

type Files = Readonly<Record<string, string>>;

describe("script loader", () => {
  let folder: string;
  let redis: RedisClient;

  before(async () => {
    const { redisUrl } = await testServers();
    redis = await openRedis({ redisUrl, redisCluster: [] }, recordingLogger());
  });
  after(() => closeRedis(redis));
  beforeEach(async () => {
    folder = await temporaryPlace("scripts");
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function load(files: Files, options?: LoadOptions) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(path.join(folder, "includes"), { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
    return loadScripts(folder, options);
  }
  const one = async (text: string, includes: Files = {}, options?: LoadOptions) => {
    const loaded = (await load({ "one.lua": text, ...includes }, options)).scripts.get("one");
    if (!loaded) throw new Error("not loaded");
    return loaded;
  };
  const faultOf = async (text: string, includes: Files = {}, options?: LoadOptions) => {
    try {
      await one(text, includes, options);
    } catch (fault) {
      expect(fault).to.be.instanceOf(ScriptError);
      return (fault as Error).message;
    }
    return "no fault";
  };
  const run = async (text: string, keys: string[], args: (string | number)[], includes: Files = {}) =>
    registerScripts(redis, await load({ "one.lua": text, ...includes }))("one", keys, args);

  describe("header", () => {
    it("KEYS and ARGV · are counted and bound to locals of their names", async () => {
      const script = await one(
        "--- KEYS state tickets\n--- ARGV userId now\nreturn {state, tickets, userId, now}\n",
      );
      expect(script.keys).to.deep.equal(["state", "tickets"]);
      expect(script.args).to.deep.equal(["userId", "now"]);
      expect(
        await run("--- KEYS a b\n--- ARGV c d\nreturn {a, b, c, d}", ["k1", "k2"], ["x", 7]),
      ).to.deep.equal(["k1", "k2", "x", "7"]);
    });

    it("none of either · is said by empty lines", async () => {
      const script = await one("--- KEYS\n--- ARGV\nreturn 1\n");
      expect([script.keys, script.args, script.variadic]).to.deep.equal([[], [], false]);
      expect(await run("--- KEYS\n--- ARGV\nreturn 7", [], [])).to.equal(7);
    });

    it("a last argument with dots · takes all that remain", async () => {
      const text = "--- KEYS\n--- ARGV first rest...\nreturn {first, unpack(ARGV, firstRest)}";
      expect((await one(text)).variadic).to.equal(true);
      expect(await run(text, [], ["a", "b", "c"])).to.deep.equal(["a", "b", "c"]);
      expect(await run(text, [], ["a"])).to.deep.equal(["a"]);
    });

    it("missing · is refused with the file and the line that is missing", async () => {
      expect(await faultOf("--- ARGV\nreturn 1")).to.equal('one.lua has no "--- KEYS" line');
      expect(await faultOf("--- KEYS\nreturn 1")).to.equal('one.lua has no "--- ARGV" line');
    });

    it("a word that is no name · is refused", async () => {
      for (const word of ["a-b", "1a", "a.b", "KEYS[1]", "a,"]) {
        expect(await faultOf(`--- KEYS ${word}\n--- ARGV\nreturn 1`), word).to.include(
          `"${word}" is no name`,
        );
      }
      expect(await faultOf("--- KEYS more...\n--- ARGV\nreturn 1")).to.include("is no name");
      expect(await faultOf("--- KEYS\n--- ARGV more... last\nreturn 1")).to.include("is no name");
    });

    it("one name twice · is refused, for the second would hide the first", async () => {
      expect(await faultOf("--- KEYS a a\n--- ARGV\nreturn 1")).to.include("a twice");
      expect(await faultOf("--- KEYS a\n--- ARGV b a\nreturn 1")).to.include("a twice");
    });
  });

  describe("includes", () => {
    const head = "--- KEYS\n--- ARGV\n";

    it("one · stands where it is named", async () => {
      const includes = { "includes/two.lua": "local function two() return 2 end\n" };
      expect(await run(`${head}--@include two\nreturn two()`, [], [], includes)).to.equal(2);
    });

    it("named twice, also by other includes · stands once, before its first use", async () => {
      const includes = {
        "includes/clock.lua": "local clock = 5\n",
        "includes/pace.lua": "--@include clock\nlocal pace = clock * 2\n",
      };
      const text = `${head}--@include pace\n--@include clock\n--@include pace\nreturn pace + clock`;
      const { lua } = await one(text, includes);
      expect(lua.match(/local clock/g)).to.have.length(1);
      expect(lua.match(/local pace/g)).to.have.length(1);
      expect(await run(text, [], [], includes)).to.equal(15);
    });

    it("that include each other · end, each once", async () => {
      const { lua } = await one(`${head}--@include a\nreturn 1`, {
        "includes/a.lua": "--@include b\nlocal a = 1\n",
        "includes/b.lua": "--@include a\nlocal b = 1\n",
      });
      expect([lua.match(/local a/g), lua.match(/local b/g)].flat()).to.deep.equal(
        ["local b", "local a"].sort(),
      );
    });

    it("unknown · is refused with who names it", async () => {
      expect(await faultOf(`${head}--@include nowhere\nreturn 1`)).to.equal(
        "one.lua includes nowhere, which does not exist",
      );
      const includes = { "includes/a.lua": "--@include nowhere\n" };
      expect(await faultOf(`${head}--@include a\nreturn 1`, includes)).to.equal(
        "a.lua includes nowhere, which does not exist",
      );
    });

    it("with characters that mean something to a replacement · stand as they are", async () => {
      const includes = { "includes/dollars.lua": "local text = '$& $1 $$'\n" };
      expect(await run(`${head}--@include dollars\nreturn text`, [], [], includes)).to.equal("$& $1 $$");
    });

    it("replaced · take the place of the file's text, wherever it is included", async () => {
      const includes = { "includes/clock.lua": "local now = 1\n", "includes/pace.lua": "--@include clock\n" };
      const options = { replaceIncludes: { clock: "local now = 99\n" } };
      const { scripts } = await load(
        { "one.lua": `${head}--@include pace\nreturn now`, ...includes },
        options,
      );
      expect(await registerScripts(redis, { scripts })("one", [], [])).to.equal(99);
    });

    it("replaced under a name that is not there · is refused", async () => {
      expect(await faultOf(`${head}return 1`, {}, { replaceIncludes: { clok: "" } })).to.equal(
        "there is no include clok to replace",
      );
    });
  });

  describe("commands", () => {
    const text = "--- KEYS\n--- ARGV\nreturn 1\n";

    it("the name · is the same for the same text, another for any other", async () => {
      const name = async (source: string, includes: Files = {}) => (await one(source, includes)).command;
      expect(await name(text))
        .to.equal(await name(text))
        .and.match(/^fp_one_[0-9a-f]{12}$/);
      expect(await name(text)).to.not.equal(await name(text.replace("1", "2")));
      expect(await name(text)).to.not.equal(await name(`${text} `));
      const including = "--- KEYS\n--- ARGV\n--@include a\nreturn 1\n";
      expect(await name(including, { "includes/a.lua": "local a = 1\n" })).to.not.equal(
        await name(including, { "includes/a.lua": "local a = 2\n" }),
      );
    });

    it("two versions on one client · run each their own text", async () => {
      const old = registerScripts(redis, await load({ "one.lua": text }));
      const new_ = registerScripts(redis, await load({ "one.lua": text.replace("1", "2") }));
      expect(await Promise.all([old("one", [], []), new_("one", [], [])])).to.deep.equal([1, 2]);
    });

    it("transform · changes what is loaded, under another name", async () => {
      const planted = await one(
        text,
        {},
        { transform: (name, lua) => (name === "one" ? lua.replace("1", "3") : lua) },
      );
      expect(planted.command).to.not.equal((await one(text)).command);
      expect(planted.lua).to.include("return 3");
    });

    it("another number of keys or arguments than named · is refused before it is sent", async () => {
      const runner = registerScripts(
        redis,
        await load({
          "one.lua": "--- KEYS a\n--- ARGV b\nreturn 1",
          "many.lua": "--- KEYS\n--- ARGV a b...\nreturn 1",
        }),
      );
      for (const [keys, args] of [
        [[], ["x"]],
        [["k", "l"], ["x"]],
        [["k"], []],
        [["k"], ["x", "y"]],
      ] as const) {
        expect(() => runner("one", keys, args)).to.throw(
          ScriptError,
          `1 keys and 1 arguments, got ${keys.length} and ${args.length}`,
        );
      }
      expect(() => runner("many", [], [])).to.throw(ScriptError);
      expect(() => runner("nothing", [], [])).to.throw(ScriptError, "there is no script nothing");
    });

    it("after Redis has forgotten its scripts · is sent again", async () => {
      const key = randomName("script");
      const runner = registerScripts(
        redis,
        await load({ "one.lua": "--- KEYS a\n--- ARGV\nreturn redis.call('INCR', a)" }),
      );
      expect(await runner("one", [key], [])).to.equal(1);
      await redis.script("FLUSH");
      expect(await runner("one", [key], [])).to.equal(2);
      await redis.del(key);
    });
  });
});
