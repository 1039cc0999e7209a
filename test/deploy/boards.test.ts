/** Boards and alerts ask for what the program exports, in queries that Prometheus understands. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { createMetrics } from "../../src/platform/metrics.ts";
import { findPromtool } from "./promtool.ts";
import { alerts, boardQueries, boards, DEPLOY, groupings, metricsIn } from "./queries.ts";

const run = promisify(execFile);
const ROOT = path.resolve(DEPLOY, "..");
/** What Prometheus adds to everything it scrapes. */
const TARGET_LABELS = ["job", "instance"];
/** What k6 adds by itself to what it measures. */
const K6_LABELS = ["name", "status", "scenario", "method", "url", "group"];
const K6_BUILT_IN = ["http_req_duration", "http_reqs", "vus"];

interface Exported {
  readonly labels: readonly string[];
}

/** By the names under which Prometheus has them. */
async function exportedByUs(): Promise<Map<string, Exported>> {
  const declared = await createMetrics().registry.getMetricsAsArray();
  const names = new Map<string, Exported>([["up", { labels: TARGET_LABELS }]]);
  for (const metric of declared) {
    const labels = [...(metric as unknown as { labelNames: readonly string[] }).labelNames, ...TARGET_LABELS];
    const isHistogram = metric.constructor.name === "Histogram";
    if (!isHistogram) names.set(metric.name, { labels });
    else
      for (const suffix of ["_bucket", "_count", "_sum"])
        names.set(metric.name + suffix, { labels: suffix === "_bucket" ? [...labels, "le"] : labels });
  }
  return names;
}

/** Of k6 itself, and of what the scenarios declare; a trend has one for each statistic that the runner asks for. */
async function exportedByK6(): Promise<Map<string, Exported>> {
  const folders = [path.join(ROOT, "k6"), path.join(ROOT, "k6/lib")];
  const files = (await Promise.all(folders.map(scripts))).flat();
  const text = (await Promise.all(files.map((file) => readFile(file, "utf8")))).join("\n");
  const own = [...text.matchAll(/new (?:Counter|Trend|Rate)\("(\w+)"/g)].map(([, name]) => name as string);
  expect(own).to.include.members(["wrong_answers", "wait_for_turn"]);
  const suffixes = ["", "_total", "_rate", "_p50", "_p95", "_p99", "_max", "_count"];
  return new Map(
    [...own, ...K6_BUILT_IN].flatMap((name) =>
      suffixes.map((suffix) => [`k6_${name}${suffix}`, { labels: K6_LABELS }] as const),
    ),
  );
}

const scripts = async (folder: string) =>
  (await readdir(folder)).filter((name) => name.endsWith(".ts")).map((name) => path.join(folder, name));

describe("boards and alerts", () => {
  let exported: Map<string, Exported>;
  const queries = [...boardQueries(), ...alerts()];
  before(async () => {
    exported = new Map([...(await exportedByUs()), ...(await exportedByK6())]);
  });

  it("every query · names only metrics that are exported, and only labels that these have", () => {
    expect(queries.length).to.be.above(60);
    for (const { of, text } of queries) {
      const named = metricsIn(text);
      expect(named, of).to.not.be.empty;
      for (const { metric, labels } of named) {
        expect([...exported.keys()], `${of}: ${metric}`).to.include(metric);
        expect(exported.get(metric)?.labels, `${of}: ${metric}`).to.include.members(labels);
      }
      const known = named.flatMap(({ metric }) => exported.get(metric)?.labels ?? []);
      expect(known, `${of}: by`).to.include.members(groupings(text));
    }
  });

  it("every metric of ours · is on a board or in an alert", () => {
    const asked = queries.flatMap(({ text }) => metricsIn(text).map(({ metric }) => metric));
    const families = new Set(asked.map((name) => name.replace(/_(bucket|count|sum)$/, "")));
    const ours = [...exported.keys()]
      .filter((name) => name.startsWith("fastpass_"))
      .map((name) => name.replace(/_(bucket|count|sum)$/, ""));
    expect([...families]).to.include.members([...new Set(ours)]);
  });

  it("every route that is asked for · is one of the program", async () => {
    const source = await readFile(path.join(ROOT, "src/reservations/routes.ts"), "utf8");
    const asked = queries.flatMap(({ text }) =>
      [...text.matchAll(/route="\/api\/v1([^"]+)"/g)].map(([, route]) => route),
    );
    expect(asked).to.not.be.empty;
    for (const route of asked) expect(source).to.include(`path: "${route}"`);
  });

  it("panels · have a title and a sentence, and do not cover each other", () => {
    const all = boards();
    expect(all.map(({ uid }) => uid)).to.have.members([
      "fast-pass-night",
      "fast-pass-machine",
      "fast-pass-k6",
    ]);
    for (const { title, panels } of all) {
      const cells = new Set<string>();
      for (const panel of panels) {
        expect(panel.title, title).to.not.be.empty;
        expect(panel.description, `${title}, ${panel.title}`).to.match(/\.$/);
        expect(panel.datasource.uid).to.equal("prometheus");
        const { x, y, w, h } = panel.gridPos;
        expect(x + w).to.be.at.most(24);
        for (let cell = 0; cell < w * h; cell += 1)
          cells.add(`${x + (cell % w)} ${y + Math.floor(cell / w)}`);
      }
      expect(cells.size, title).to.equal(panels.reduce((sum, { gridPos: { w, h } }) => sum + w * h, 0));
    }
  });

  it("a panel of one value · says which values are red, for by Grafana's own choice all above 80 are", () => {
    const values = boards().flatMap(({ panels }) => panels.filter(({ type }) => type === "stat"));
    expect(values).to.not.be.empty;
    for (const { title, fieldConfig } of values)
      expect(fieldConfig.defaults, title).to.have.property("thresholds");
  });

  it("every alert · says how grave it is, and its runbook has a chapter with something to do", async () => {
    const runbook = await readFile(path.join(ROOT, "docs/runbook.md"), "utf8");
    const chapters = new Map(
      runbook
        .split(/^## /m)
        .slice(1)
        .map((text) => [text.split("\n", 1)[0] ?? "", text]),
    );
    expect([...chapters.keys()]).to.have.members(alerts().map(({ of }) => of));
    for (const { of, severity, runbook: link } of alerts()) {
      expect(link).to.equal(`docs/runbook.md#${of.toLowerCase()}`);
      expect(chapters.get(of), of).to.match(/^1\. /m).and.to.include(`\`${severity}\``);
    }
  });

  describe("by promtool", () => {
    let promtool: string;
    let folder: string;
    before(async function () {
      const found = await findPromtool();
      // Without Prometheus on the machine there is nobody to ask; CI fetches it.
      if (!found) return this.skip();
      promtool = found;
      folder = await mkdtemp(path.join(os.tmpdir(), "fast-pass-rules-"));
    });
    after(async () => {
      if (folder) await rm(folder, { recursive: true, force: true });
    });

    it("the configuration and its alerts · are right", async () => {
      const { stdout } = await run(promtool, [
        "check",
        "config",
        path.join(DEPLOY, "prometheus/prometheus.yml"),
      ]);
      expect(stdout).to.include(`${alerts().length} rules found`);
    });

    it("the configuration for load tests · is right", async () => {
      const { stdout } = await run(promtool, ["check", "config", path.join(ROOT, "k6/prometheus.yml")]);
      expect(stdout).to.include("is valid prometheus config file syntax");
    });

    it("the queries of the boards · parse", async () => {
      const rules = boardQueries().map(
        ({ text }, index) => `      - record: query_${index}\n        expr: ${JSON.stringify(text)}\n`,
      );
      const file = path.join(folder, "queries.yml");
      await writeFile(file, `groups:\n  - name: boards\n    rules:\n${rules.join("")}`);
      const { stdout } = await run(promtool, ["check", "rules", file]);
      expect(stdout).to.include(`SUCCESS: ${rules.length} rules found`);
    });

    it("alerts · given what they are for, and an ordinary night · fire and do not fire", async () => {
      const { stdout } = await run(promtool, [
        "test",
        "rules",
        path.join(DEPLOY, "prometheus/alerts.test.yml"),
      ]);
      expect(stdout).to.include("SUCCESS");
    });
  });
});
