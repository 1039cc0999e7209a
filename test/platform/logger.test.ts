import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "chai";

const run = promisify(execFile);
const ROOT = new URL("../..", import.meta.url);

/** What a process that logs so writes to its standard output, line by line. */
async function linesOf(level: string, code: string): Promise<string[]> {
  const program = `import { createLogger } from "./src/platform/logger.ts";\nconst log = createLogger("gateway", "${level}");\n${code}`;
  const { stdout, stderr } = await run(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "--eval", program],
    { cwd: ROOT },
  );
  expect(stderr).to.equal("");
  return stdout.split("\n").filter(Boolean);
}
const objectsOf = async (level: string, code: string) =>
  (await linesOf(level, code)).map((line) => JSON.parse(line) as Record<string, unknown>);

describe("logger", () => {
  it("a line · is one JSON object with level, message, service, time and its fields", async () => {
    const [line] = await objectsOf("info", 'log.info("request", { status: 200, path: "/a\\nb" });');
    expect(line).to.include({
      level: "info",
      message: "request",
      service: "gateway",
      status: 200,
      path: "/a\nb",
    });
    expect(line?.timestamp).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it("a child · adds its fields to every line, and to its own children's", async () => {
    const lines = await objectsOf(
      "info",
      'const child = log.child({ requestId: "r1" }); child.info("a"); child.child({ job: 7 }).warn("b", { job: 8 }); log.info("c");',
    );
    expect(lines.map(({ message, requestId, job }) => ({ message, requestId, job }))).to.deep.equal([
      { message: "a", requestId: "r1", job: undefined },
      { message: "b", requestId: "r1", job: 8 },
      { message: "c", requestId: undefined, job: undefined },
    ]);
  });

  it("an error among the fields · is spelled out, with its code, stack and causes", async () => {
    const [line] = await objectsOf(
      "info",
      'log.error("failed", { fault: Object.assign(new TypeError("outer", { cause: new Error("inner") }), { code: "E1" }) });',
    );
    const fault = line?.fault as Record<string, unknown>;
    expect(fault).to.include({ name: "TypeError", message: "outer", code: "E1" });
    expect(fault.stack).to.include("TypeError: outer");
    expect(fault.cause).to.include({ message: "inner" });
  });

  it("what JSON cannot say · does not break the line", async () => {
    const lines = await objectsOf(
      "info",
      "const loop = {}; loop.self = loop; log.info('a', { loop }); log.info('b', { big: 1n }); log.info('c', { none: undefined });",
    );
    expect(lines.map(({ message }) => message)).to.deep.equal(["a", "b", "c"]);
  });

  it("another level, set while it runs · is that of its children too", async () => {
    const lines = await objectsOf(
      "warn",
      `const child = log.child({ requestId: "r1" }); child.debug("a"); log.setLevel("debug");
       child.debug("b"); log.setLevel("silent"); child.error("c"); log.setLevel("error"); child.warn("d"); child.error("e");
       log.error("told", { level: undefined, now: log.level });`,
    );
    expect(lines.map(({ message }) => message)).to.deep.equal(["b", "e", "told"]);
    expect(lines.at(-1)?.now).to.equal("error");
  });

  it("a field called message · leaves the line's message as it is", async () => {
    const [line] = await objectsOf("info", 'log.warn("job failed", { message: "other" });');
    expect(line?.message).to.equal("job failed");
  });

  it("levels · write their own and the graver ones", async () => {
    const code =
      'for (const level of ["error", "warn", "info", "debug"]) { log[level](level); console.log(JSON.stringify({ level: "told", message: log.enabled(level) })); }';
    const written = async (level: string) =>
      (await objectsOf(level, code)).filter((line) => line.level !== "told").map(({ message }) => message);
    expect(await written("warn")).to.deep.equal(["error", "warn"]);
    expect(await written("debug")).to.deep.equal(["error", "warn", "info", "debug"]);
    expect(await written("silent")).to.deep.equal([]);
    const told = (await objectsOf("info", code))
      .filter((line) => line.level === "told")
      .map(({ message }) => message);
    expect(told).to.deep.equal([true, true, true, false]);
  });
});
