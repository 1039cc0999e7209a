import { request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import Joi from "joi";
import request from "supertest";
import { ERRORS } from "../../../src/platform/errors.ts";
import type { Availability, Dependency } from "../../../src/platform/http/availability.ts";
import { startMetricsServer } from "../../../src/platform/http/health.ts";
import type { OpenApiDocument } from "../../../src/platform/http/openapi.ts";
import { mountSystemRoutes } from "../../../src/platform/http/system.ts";
import { createMetrics } from "../../../src/platform/metrics.ts";
import { checkAgainstDocument, checkResponse } from "../../support/contract/index.ts";
import { recordingLogger } from "../support.ts";
import { echo, type Served, serve } from "./harness.ts";

/** Answers what a test says the stores do. */
function availabilityOf(answers: Record<Dependency, boolean>): Availability {
  return { failing: () => null, race: (work) => work, check: async () => answers, stop: () => undefined };
}

describe("system routes", () => {
  const answers = { database: true, queue: true };
  const metrics = createMetrics();
  let draining = false;
  let document: OpenApiDocument;
  let served: Served;

  async function start(
    registry: typeof metrics.registry | null,
    made: (document: OpenApiDocument) => void,
  ): Promise<Served> {
    const routes = [
      echo({
        method: "get",
        path: "/api/v1/things/:id",
        params: Joi.object({ id: Joi.string().required() }),
      }),
    ];
    return serve({
      routes,
      build: (router, log) => {
        const its = mountSystemRoutes(router, {
          log,
          availability: availabilityOf(answers),
          version: "1.2.3",
          groups: [{ basePath: "", routes }],
          streams: [{ path: "/ws/v1/things", summary: "Things.", credential: "a ticket", messages: {} }],
          registry,
          isDraining: () => draining,
        });
        made(its);
      },
    });
  }
  before(async () => {
    served = await start(metrics.registry, (its) => {
      document = its;
    });
  });
  after(() => served.close());
  beforeEach(() => {
    Object.assign(answers, { database: true, queue: true });
    draining = false;
  });

  const get = (path: string) => request(served.url).get(path);

  describe("health", () => {
    it("healthz · answers while the process lives, whatever the stores do", async () => {
      Object.assign(answers, { database: false, queue: false });
      const response = await get("/healthz");
      expect([response.status, response.body]).to.deep.equal([200, { status: "ok" }]);
      expect(response.headers["cache-control"]).to.equal("no-store");
    });

    it("readyz · with both stores · is ready", async () => {
      const response = await get("/readyz");
      expect(response.status).to.equal(200);
      expect(response.body).to.deep.equal({ status: "ready", checks: { postgresql: "ok", redis: "ok" } });
    });

    const losses: [Partial<typeof answers>, string, string[], RegExp][] = [
      [{ database: false }, "DATABASE_UNAVAILABLE", ["postgresql"], /PostgreSQL/],
      [{ queue: false }, "QUEUE_UNAVAILABLE", ["redis"], /Redis/],
      [
        { database: false, queue: false },
        "DATABASE_UNAVAILABLE",
        ["postgresql", "redis"],
        /PostgreSQL and Redis/,
      ],
    ];
    for (const [lost, code, failing, sentence] of losses) {
      it(`readyz · without ${failing.join(" and ")} · is 503 and names it`, async () => {
        Object.assign(answers, lost);
        const response = await get("/readyz");
        expect([response.status, response.body.code, response.body.failing]).to.deep.equal([
          503,
          code,
          failing,
        ]);
        expect(response.body.detail).to.match(sentence);
        expect(Number(response.headers["retry-after"])).to.be.at.least(1);
        expect(response.headers["content-type"]).to.match(/^application\/problem\+json/);
        checkResponse(checkAgainstDocument(document), response);
      });
    }

    it("readyz · while draining · is 503, healthz is not", async () => {
      draining = true;
      const response = await get("/readyz");
      expect([response.status, response.body.code]).to.deep.equal([503, "SHUTTING_DOWN"]);
      expect((await get("/healthz")).status).to.equal(200);
    });

    it("a query of a probe's own · is no reason to fail", async () => {
      expect((await get("/healthz?probe=1")).status).to.equal(200);
      expect((await get("/readyz?verbose")).status).to.equal(200);
    });
  });

  describe("metrics", () => {
    it("in development · stand on the main port, in Prometheus' text", async () => {
      const response = await get("/metrics");
      expect(response.status).to.equal(200);
      expect(response.headers["content-type"]).to.match(/^text\/plain/);
      expect(response.text).to.include("# TYPE http_request_duration_seconds histogram");
      expect(response.text).to.include("process_cpu_seconds_total");
    });

    it("in production · are 404 on the main port", async () => {
      const production = await start(null, ({ paths }) => expect(paths).to.not.have.property("/metrics"));
      const response = await request(production.url).get("/metrics");
      await production.close();
      expect([response.status, response.body.code]).to.deep.equal([404, "NOT_FOUND"]);
    });

    it("all that the contract names · are there from the start", async () => {
      const { text } = await get("/metrics");
      const names = [
        "queue_waiting",
        "queue_active",
        "queue_admitted_total",
        "queue_left_total",
        "admission_tick_seconds",
        "position_updates_total",
        "ws_connections",
        "reservations_total",
        "hold_release_lag_seconds",
        "hold_released_total",
        "lock_wait_seconds",
        "payments_total",
      ];
      for (const name of names) expect(text).to.match(new RegExp(`^# TYPE fastpass_${name} `, "m"));
    });

    it("on a port of their own · with health beside them and nothing else", async () => {
      const options = { log: recordingLogger(), host: "127.0.0.1", availability: availabilityOf(answers) };
      const server = await startMetricsServer(0, metrics.registry, options);
      const at = (path: string) => request(`http://127.0.0.1:${server.port}`).get(path);
      expect((await at("/metrics")).text).to.include("fastpass_queue_waiting");
      expect((await at("/healthz")).status).to.equal(200);
      answers.queue = false;
      expect((await at("/readyz")).body.failing).to.deep.equal(["redis"]);
      for (const path of ["/", "/docs", "/openapi.json"]) expect((await at(path)).status, path).to.equal(404);
      expect(options.log.lines.filter(({ level }) => level === "info")).to.deep.equal([]);
      await server.close();
    });

    it("on a port that is taken · says which setting to change", async () => {
      const taken = createServer();
      await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
      const { port } = taken.address() as AddressInfo;
      const options = { log: recordingLogger(), host: "127.0.0.1", availability: availabilityOf(answers) };
      const fault = await startMetricsServer(port, metrics.registry, options).then(
        () => null,
        (cause: Error) => cause,
      );
      expect(fault?.message).to.include(String(port)).and.include("FASTPASS_METRICS_PORT");
      await new Promise((resolve) => taken.close(resolve));
    });
  });

  describe("OpenAPI document", () => {
    it("under both addresses · is the same, with all routes in it", async () => {
      const [plain, versioned] = [await get("/openapi.json"), await get("/api/v1/openapi.json")];
      expect(plain.headers["content-type"]).to.match(/^application\/json/);
      expect(plain.body).to.deep.equal(JSON.parse(JSON.stringify(document)));
      expect(versioned.text).to.equal(plain.text);
      expect(plain.body.paths).to.include.all.keys(
        "/api/v1/things/{id}",
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
      );
      expect(plain.body.paths).to.not.have.any.keys("/docs", "/docs/errors");
    });

    it("asked for again with its ETag · is 304", async () => {
      const { etag } = (await get("/openapi.json")).headers;
      const response = await get("/openapi.json").set("If-None-Match", etag ?? "");
      expect([response.status, response.text]).to.deep.equal([304, ""]);
      checkResponse(checkAgainstDocument(document), response);
    });

    it("documents its own answers", async () => {
      const check = checkAgainstDocument(document);
      for (const path of [
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/api/v1/openapi.json",
        "/metrics",
        "/nothing",
      ]) {
        checkResponse(check, await get(path));
      }
    });
  });

  describe("pages", () => {
    const sourcesIn = (html: string) =>
      [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source = ""]) => source);

    it("docs · loads everything from here, by versions that may be kept for a year", async () => {
      const page = await get("/docs");
      expect(page.headers["content-type"]).to.match(/^text\/html/);
      const files = sourcesIn(page.text).filter((source) => source.includes("/assets/"));
      expect(files.length).to.be.at.least(4);
      for (const file of files) {
        expect(file).to.match(/^\/docs\/assets\/[^/]+\/[^/]+$/);
        const response = await get(file);
        expect(response.status, file).to.equal(200);
        expect(response.headers["cache-control"]).to.equal("public, max-age=31536000, immutable");
        expect(response.headers["x-content-type-options"]).to.equal("nosniff");
      }
    });

    it("their policy · allows this origin and no inline script or style, and they need neither", async () => {
      for (const path of ["/docs", "/docs/errors"]) {
        const page = await get(path);
        const policy = page.headers["content-security-policy"] ?? "";
        expect(policy, path)
          .to.include("default-src 'none'")
          .and.include("script-src 'self'")
          .and.include("style-src 'self'");
        expect(policy)
          .to.not.include("unsafe")
          .and.not.match(/https?:/);
        expect(page.text).to.not.match(/<style|\sstyle=|\son\w+=|javascript:/);
        for (const [tag] of page.text.matchAll(/<script[^>]*>[^<]*/g))
          expect(tag).to.match(/^<script src="[^"]+" defer>$/);
      }
    });

    it("what Swagger UI is told · sends the document's address to nobody", async () => {
      const [start = ""] = sourcesIn((await get("/docs")).text).filter((source) =>
        source.endsWith("/start.js"),
      );
      const { text } = await get(start);
      expect(text)
        .to.include("validatorUrl: null")
        .and.include('url: "/openapi.json"')
        .and.not.match(/https?:/);
    });

    it("a large file · goes packed to those who can unpack it, and is the same", async () => {
      const [bundle = ""] = sourcesIn((await get("/docs")).text).filter((source) =>
        source.endsWith("bundle.js"),
      );
      const plain = await bytesOf(bundle, {});
      const packed = await bytesOf(bundle, { "accept-encoding": "gzip" });
      expect([plain.encoding, packed.encoding]).to.deep.equal([undefined, "gzip"]);
      expect(packed.bytes.length).to.be.below(plain.bytes.length / 2);
      expect(gunzipSync(packed.bytes).equals(plain.bytes)).to.equal(true);
    });

    function bytesOf(
      path: string,
      headers: Record<string, string>,
    ): Promise<{ bytes: Buffer; encoding?: string }> {
      return new Promise((resolve, reject) => {
        const asked = httpRequest(`${served.url}${path}`, { headers }, (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () =>
            resolve({ bytes: Buffer.concat(chunks), encoding: response.headers["content-encoding"] }),
          );
        });
        asked.on("error", reject);
        asked.end();
      });
    }

    it("a file under another version · is served but not kept; one that is none of ours · is 404", async () => {
      const response = await get("/docs/assets/0.0.0-old/swagger-ui.css");
      expect([response.status, response.headers["cache-control"]]).to.deep.equal([200, "no-store"]);
      for (const file of [
        "package.json",
        "..%2fpackage.json",
        "index.html",
        "swagger-ui-bundle.js.map",
        "__proto__",
      ]) {
        expect((await get(`/docs/assets/x/${file}`)).status, file).to.equal(404);
      }
    });

    it("errors · lists each code under an anchor of its name", async () => {
      const { text } = await get("/docs/errors");
      for (const [code, { status, title }] of Object.entries(ERRORS)) {
        expect(text).to.include(`id="${code}"`).and.include(title.replaceAll("&", "&amp;"));
        expect(text).to.match(new RegExp(`<code>${code}</code></a></td><td>${status}</td>`));
      }
    });

    it("a problem's type · leads to its anchor", async () => {
      const { body } = await get("/nothing");
      expect(body.type).to.equal("/docs/errors#NOT_FOUND");
      expect((await get(body.type)).text).to.include('id="NOT_FOUND"');
    });
  });

  it("other methods · are 405 with Allow", async () => {
    for (const path of ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/errors"]) {
      const response = await request(served.url).post(path);
      expect([response.status, response.headers.allow], path).to.deep.equal([405, "GET, HEAD, OPTIONS"]);
    }
  });
});
