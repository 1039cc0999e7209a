import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { expect } from "chai";
import { eventually } from "../support/wait.ts";
import { LOCK, MANIFEST, makeClone } from "./fake-tools.ts";

const PROGRAM = `console.log("program", process.pid, ...process.argv.slice(2));
if (process.argv.includes("wait")) {
  const timer = setInterval(() => undefined, 1_000);
  process.on("SIGTERM", () => { console.log("drained"); clearInterval(timer); });
}
if (process.argv.includes("refuse")) throw Object.assign(new Error("Do this instead."), { name: "SetupError" });`;

const INSTALLING = "Installing the dependencies";

describe("prepare", function () {
  this.timeout(60_000);
  let clone: string;

  beforeEach(async () => {
    clone = await mkdtemp(path.join(os.tmpdir(), "fast-pass-clone-"));
    await makeClone(clone, PROGRAM);
  });
  afterEach(() => rm(clone, { recursive: true, force: true }));

  const inClone = (...parts: string[]) => path.join(clone, ...parts);
  const exists = (file: string) =>
    stat(file).then(
      () => true,
      () => false,
    );

  interface Run {
    child: ChildProcess;
    output(): string;
    ended: Promise<{ code: number | null; output: string }>;
  }

  function start(args: string[], environment: NodeJS.ProcessEnv = {}): Run {
    const child = spawn(process.execPath, [inClone("scripts", "prepare.mjs"), ...args], {
      cwd: os.tmpdir(),
      env: { ...process.env, npm_config_fetch_retries: "0", ...environment },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    const ended = new Promise<{ code: number | null; output: string }>((resolve) =>
      child.on("close", (code) => resolve({ code, output })),
    );
    return { child, output: () => output, ended };
  }

  const run = (...args: string[]) => start(args).ended;

  it("run · without a command · says which there are", async () => {
    const { code, output } = await run();
    expect(code).to.equal(1);
    expect(output).to.match(
      /^Say what to run: .* install\|start\|demo\|bench\|k6\|boards\|test\|test:long\|check\.\n$/,
    );
  });

  it("run · on a Node.js that is too old · says in one line what is needed", async () => {
    await writeFile(inClone("package.json"), JSON.stringify({ ...MANIFEST, engines: { node: ">=99.1" } }));
    const { code, output } = await run("demo");
    expect(code).to.equal(1);
    expect(output).to.match(/^Fast Pass needs Node\.js 99\.1 or newer and this is v[\d.]+; .*\n$/);
  });

  it("run · on a fresh clone · installs and runs the program with its arguments, the next time without installing", async () => {
    const first = await run("demo", "--small");
    expect(first.output)
      .to.contain(INSTALLING)
      .and.match(/program \d+ --small\n$/);
    expect(first.code).to.equal(0);
    expect((await run("demo", "--small")).output).to.match(/^program \d+ --small\n$/);
  });

  it("run · twice at once on a fresh clone · installs once and both run", async () => {
    const both = await Promise.all([run("demo"), run("demo")]);
    expect(both.map(({ code }) => code)).to.deep.equal([0, 0]);
    expect(both.filter(({ output }) => output.includes(INSTALLING))).to.have.length(1);
    expect(await exists(inClone(".fastpass", "install.lock"))).to.equal(false);
  });

  it("run · when who installed was killed in the middle · takes the lock over", async () => {
    await mkdir(inClone(".fastpass", "install.lock"), { recursive: true });
    const { child, ended } = start([]);
    await ended;
    await writeFile(inClone(".fastpass", "install.lock", "owner"), `${child.pid} ${os.hostname()} 1`);
    expect((await run("demo")).output).to.contain("program");
  });

  it("run · when package-lock.json asks for something else · installs again", async () => {
    await run("install");
    const hidden = inClone("node_modules", ".package-lock.json");
    await writeFile(
      hidden,
      (await readFile(hidden, "utf8")).replace(
        '"version": "1.0.0",\n      "bin"',
        '"version": "0.9.0",\n      "bin"',
      ),
    );
    expect((await run("demo")).output).to.contain(INSTALLING);
  });

  it("run · when npm ci fails · says in one line why, and gives the lock back", async () => {
    const absent = { version: "1.0.0", resolved: "http://127.0.0.1:9/absent.tgz", integrity: "sha512-AAAA" };
    const manifest = { ...MANIFEST, dependencies: { ...MANIFEST.dependencies, absent: "1.0.0" } };
    const packages = { ...LOCK.packages, "": manifest, "node_modules/absent": absent };
    await writeFile(inClone("package.json"), JSON.stringify(manifest));
    await writeFile(inClone("package-lock.json"), JSON.stringify({ ...LOCK, packages }));
    const { code, output } = await run("demo");
    expect(code).to.equal(1);
    expect(output.trim().split("\n")).to.have.length(2);
    expect(output.split("\n")[1]).to.match(
      /^The dependencies could not be installed \(npm ci: .+\); check the network/,
    );
    expect(await exists(inClone(".fastpass", "install.lock"))).to.equal(false);
  });

  it("run · when package.json asks for more than package-lock.json has · says how to mend that", async () => {
    const manifest = { ...MANIFEST, dependencies: { ...MANIFEST.dependencies, more: "file:./tools" } };
    await writeFile(inClone("package.json"), JSON.stringify(manifest));
    const { code, output } = await run("demo");
    expect(code).to.equal(1);
    expect(output).to.contain(
      "package-lock.json does not fit package.json; run `npm install` and try again.\n",
    );
  });

  it("run · without package-lock.json · says how to get it back", async () => {
    await rm(inClone("package-lock.json"));
    expect((await run("demo")).output).to.contain("git checkout package-lock.json");
  });

  it("demo · on SIGTERM · the signal reaches the program itself, which ends as it likes", async () => {
    const { child, output, ended } = start(["demo", "wait"]);
    await eventually(() => output().includes(`program ${child.pid}`), {
      what: "the program",
      timeoutMs: 20_000,
    });
    child.kill("SIGTERM");
    const { code, output: all } = await ended;
    expect([code, all.endsWith("drained\n")]).to.deep.equal([0, true]);
  });

  it("demo · when the machine is not ready · prints the sentence alone and exits 1", async () => {
    await run("install");
    const { code, output } = await run("demo", "refuse");
    expect(code).to.equal(1);
    expect(output).to.match(/^program .*\nDo this instead\.\n$/);
  });

  it("check · when a step fails · keeps its exit code and runs no further one", async () => {
    await run("install");
    const { code, output } = await start(["check"], { FAILING_TOOL: "biome" }).ended;
    expect(output).to.equal(
      [
        ...["", " -p src/web", " -p k6", " -p test/browser", " -p scripts/boards/page"].map(
          (more) => `ran tsc --noEmit${more}\n`,
        ),
        "ran biome check\n",
      ].join(""),
    );
    expect(code).to.equal(3);
  });

  it("test · without a file · runs all but the long ones, each once, told one group after the other, and fails as one", async () => {
    const files = ["auth/a", "contract/b", "contract/c", "faults/d", "e", "long/f"].map((name) =>
      path.join("test", `${name}.test.ts`),
    );
    const mocha = `const files = process.argv.slice(2).filter((arg) => arg.endsWith(".test.ts"));
      const isFirst = files[0].includes("contract/");
      setTimeout(() => console.log(...files), isFirst ? 1_000 : 0);
      process.exitCode = files[0].includes("auth/") ? 2 : 0;`;
    const written = { ".mocharc.json": "{}", "node_modules/mocha/bin/mocha.js": mocha };
    await run("install");
    for (const [file, text] of [...files.map((file) => [file, ""]), ...Object.entries(written)] as const) {
      await mkdir(path.dirname(inClone(file)), { recursive: true });
      await writeFile(inClone(file), text);
    }
    const { code, output } = await run("test");
    expect(output).to.equal(
      [
        "test/contract/b.test.ts test/contract/c.test.ts\n",
        "test/auth/a.test.ts\n",
        "test/e.test.ts test/faults/d.test.ts\n",
      ].join(""),
    );
    expect(code).to.equal(2);
  });
});
