/** `npm run draw:verify`, and the verifier in Python beside it, against a server that answers as ours does. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { askPythonBeside, flip, hasPython, readVector, vectorFile } from "../queue/draw/support.ts";
import { ONE_SENTENCE, runScript } from "./run-script.ts";

const OK = "ok: the order of 7 tickets is the one that was committed to\n";

describe("npm run draw:verify", function () {
  this.timeout(30_000);

  const vector = readVector("seven");
  let folder: string;
  let server: Server;
  let queue: string;
  let served: { draw: object; entries: readonly string[] };

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "fastpass-draw-"));
    server = createServer(({ url = "" }, response) => {
      if (url === "/queues/1/draw") response.end(JSON.stringify(served.draw));
      else if (url === "/queues/1/draw/entries")
        response.end(
          served.entries
            .map((ticketId, index) => `{"place":${index + 1},"ticketId":"${ticketId}"}\n`)
            .join(""),
        );
      else if (url === "/page/draw") response.end("<!doctype html>");
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    queue = `http://127.0.0.1:${(server.address() as AddressInfo).port}/queues/1`;
  });
  beforeEach(() => {
    served = vector;
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });

  const verify = (...args: string[]) => runScript("draw-verify.ts", args, {});

  it("an address, saved, and the file · are right; the file is read by the verifier in Python too", async () => {
    const file = path.join(folder, "saved.json");
    expect(await verify(`${queue}/draw/`, "--save", file)).to.deep.equal({ code: 0, stdout: OK, stderr: "" });
    expect(JSON.parse(await readFile(file, "utf8"))).to.deep.equal(vector);
    expect((await verify(file)).stdout).to.equal(OK);
    if (!hasPython) return;
    expect(await askPythonBeside(file)).to.deep.equal({ code: 0, lines: [OK.trim()] });
    expect(await askPythonBeside(queue)).to.deep.equal({ code: 0, lines: [OK.trim()] });
  });

  it("an address with a changed order · names it and exits 1", async () => {
    const [first = "", second = "", ...rest] = vector.entries;
    served = { ...vector, entries: [second, first, ...rest] };
    const { code, stdout } = await verify(queue);
    expect([code, stdout]).to.deep.equal([
      1,
      "WRONG order: 2 of 7 places have another ticket than seed, root and public value give them, the first is place 1\n",
    ]);
    if (hasPython) expect((await askPythonBeside(queue)).lines).to.deep.equal([stdout.trim()]);
  });

  it("a file with a changed seed · names it and exits 1", async () => {
    const file = path.join(folder, "changed.json");
    const draw = { ...vector.draw, seed: flip(vector.draw.seed ?? "", 5) };
    await writeFile(file, JSON.stringify({ ...vector, draw }));
    const { code, stdout } = await verify(file);
    expect([code, stdout]).to.deep.equal([
      1,
      "WRONG seed: the seed published is not the one that was committed to\n",
    ]);
  });

  it("a draw that is not over · is not checked, and the entries are not asked for", async () => {
    served = { draw: { ...vector.draw, seed: null }, entries: [] };
    const { code, stdout } = await verify(queue);
    expect([code, stdout]).to.deep.equal([
      1,
      "WRONG form: the seed is not published yet: the draw is being made\n",
    ]);
  });

  it("the address of the page · is told from that of the API", async () => {
    const page = queue.replace("/queues/1", "/page");
    const { code, stderr } = await verify(page);
    expect([code, stderr]).to.deep.equal([
      1,
      `${page}/draw is not JSON; the address is that of the API, with /api/v1 in it.\n`,
    ]);
  });

  it("a call that is wrong, or leads to no draw · is refused in one sentence", async () => {
    const elsewhere = `${queue}0`;
    const calls: [exit: number, ...args: string[]][] = [
      [2],
      [2, vectorFile("seven"), "--fast"],
      [1, "/nowhere/draw.json"],
      [1, "package.json"],
      [1, elsewhere],
    ];
    const answers = await Promise.all(calls.map(([, ...args]) => verify(...args)));
    expect(answers.map(({ code, stdout }) => [code, stdout])).to.deep.equal(
      calls.map(([exit]) => [exit, ""]),
    );
    for (const { stderr } of answers) expect(stderr).to.match(ONE_SENTENCE);
    expect(answers.at(-1)?.stderr).to.equal(`${elsewhere}/draw answers 404.\n`);
  });
});
