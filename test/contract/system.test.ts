/** Health, metrics and the API's own description. */
import http from "node:http";
import { expect } from "chai";
import { freePort } from "../../scripts/local/ports.ts";
import { type House, openHouse } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

/** The names that the contract promises, each with its labels. */
const METRICS = [
  "fastpass_queue_waiting",
  "fastpass_queue_active",
  "fastpass_queue_admitted_total",
  "fastpass_queue_left_total{reason=",
  "fastpass_admission_tick_seconds_count",
  "fastpass_position_updates_total",
  "fastpass_ws_connections{",
  "fastpass_reservations_total{outcome=",
  "fastpass_hold_release_lag_seconds_count",
  "fastpass_hold_released_total{by=",
  "fastpass_lock_wait_seconds_count",
  "fastpass_payments_total{outcome=",
  "http_request_duration_seconds_count{method=",
  "process_cpu_user_seconds_total",
  "nodejs_eventloop_lag_seconds",
];

/** Every call of the contract's tables, as the document must name it. */
const CALLS = `
POST /auth/signup
POST /auth/login
POST /auth/refresh
POST /auth/logout
GET /me
GET /events
GET /events/{}
GET /performances/{}
GET /performances/{}/layout
GET /performances/{}/availability
GET /queues/{}
POST /queues/{}/tickets
GET /queues/{}/tickets/me
POST /queues/{}/tickets/me/claim
DELETE /queues/{}/tickets/me
POST /performances/{}/reservations
GET /reservations/{}
GET /me/reservations
POST /reservations/{}/payments
GET /payments/{}
DELETE /reservations/{}
POST /reservations/{}/refunds
POST /payments/webhooks/{}
POST /operator/events
POST /operator/events/{}/performances
PATCH /operator/queues/{}
POST /operator/queues/{}/pause
POST /operator/queues/{}/resume
POST /operator/queues/{}/close
PUT /operator/queues/{}/notice
POST /operator/queues/{}/tickets/{}/remove
POST /operator/queues/{}/tickets/{}/readmit
POST /operator/performances/{}/seats/block
POST /operator/performances/{}/seats/unblock
GET /operator/queues/{}/stats
GET /operator/audit
POST /operator/stream-tokens
POST /operator/queues/{}/lanes
POST /operator/check-ins
POST /operator/performances/{}/cancel
`.trim();

/** The refusals that the contract's tables name, by operation. */
const REFUSALS: Record<string, string[]> = {
  "POST /auth/signup": ["EMAIL_TAKEN"],
  "POST /auth/login": ["BAD_CREDENTIALS", "SECOND_FACTOR_REQUIRED", "RATE_LIMITED", "BUSY"],
  "POST /queues/{}/tickets": [
    ...["QUEUE_NOT_OPEN", "QUEUE_CLOSED", "SOLD_OUT", "CODE_INVALID", "CODE_USED", "REMOVED", "REBUILDING"],
  ],
  "GET /queues/{}/tickets/me": ["NO_TICKET"],
  "POST /queues/{}/tickets/me/claim": ["NOT_ADMITTED", "ADMISSION_EXPIRED"],
  "DELETE /queues/{}/tickets/me": ["PAYMENT_IN_PROGRESS"],
  "POST /performances/{}/reservations": [
    ...["SEAT_TAKEN", "SEAT_CONTENDED", "SEAT_LIMIT", "NO_ADJACENT_SEATS", "PASS_REQUIRED", "PASS_EXPIRED"],
    ...["PASS_REVOKED", "REBUILDING", "IDEMPOTENCY_IN_PROGRESS", "IDEMPOTENCY_MISMATCH"],
  ],
  "POST /reservations/{}/payments": [
    ...[
      "PAYMENT_DECLINED",
      "HOLD_EXPIRED",
      "ALREADY_CONFIRMED",
      "PAYMENT_IN_PROGRESS",
      "IDEMPOTENCY_MISMATCH",
    ],
  ],
  "DELETE /reservations/{}": ["ALREADY_CONFIRMED", "PAYMENT_IN_PROGRESS"],
  "POST /reservations/{}/refunds": ["NOT_REFUNDABLE"],
  "PATCH /operator/queues/{}": ["VERSION_MISMATCH", "FORBIDDEN"],
  "POST /operator/performances/{}/seats/block": ["SEATS_IN_USE"],
  "POST /operator/check-ins": ["ALREADY_CHECKED_IN", "NOT_FOUND"],
};

describe("contract · system", function () {
  this.timeout(40_000);
  let house: House;
  let metricsPort: number;
  before(async () => {
    metricsPort = await freePort();
    house = await openHouse({
      together: true,
      environment: { FASTPASS_METRICS_PORT: String(metricsPort), FASTPASS_LIMITS: "on" },
    });
  });
  after(() => house?.close());

  describe("health", () => {
    it("all is well · healthz and readyz say so, never from a cache", async () => {
      const live = await house.client.at("GET", "/healthz", { expect: 200 });
      expect(live.body).to.deep.equal({ status: "ok" });
      const ready = await house.client.at("GET", "/readyz", { expect: 200 });
      expect(ready.body).to.deep.equal({ status: "ready", checks: { postgresql: "ok", redis: "ok" } });
      for (const { headers } of [live, ready]) expect(headers["cache-control"]).to.contain("no-store");
    });
  });

  describe("metrics", () => {
    const lines = async (path = "/metrics") =>
      (await house.client.at("GET", path, { expect: 200 })).text.split("\n");

    it("after a purchase, a lapsed hold and a leave · every promised name has a value", async () => {
      const show = await house.makeShow({ performance: { holdSeconds: 30 } });
      const inside = await house.enter(await house.fan(), show);
      const stream = house.stream(`/ws/v1/queues/${show.queueId}`, inside.ticket);
      await stream.next("state");
      const held = await house.hold(inside, { seatIds: [show.seatIds[0]] }, { expect: 201 });
      await house.pay(inside.fan, held.body.id);
      const leaver = await house.enter(await house.fan(), show);
      await house.leave(leaver.fan, show);
      const names = METRICS.map((name) => (name.includes("{") ? name : `${name} `));
      let missing: string[] = [];
      await eventually(
        async () => {
          const now = await lines();
          missing = names.filter((name) => !now.some((line) => line.startsWith(name)));
          // A lapsed hold is counted when one lapses; that its counter exists is enough here.
          missing = missing.filter((name) => !name.startsWith("fastpass_hold_released_total"));
          return missing.length === 0;
        },
        { timeoutMs: 6_000, what: "the metrics" },
      ).catch((error: Error) => {
        throw new Error(`${error.message}: ${missing.join(", ")} missing`);
      });
      expect(await lines()).to.include("# TYPE fastpass_hold_released_total counter");
      const samples = {
        "fastpass_queue_admitted_total ": 2,
        'fastpass_queue_left_total{reason="left"} ': 1,
        'fastpass_reservations_total{outcome="held"} ': 1,
        'fastpass_payments_total{outcome="succeeded"} ': 1,
      };
      for (const [start, value] of Object.entries(samples))
        await eventually(async () => (await lines()).includes(`${start}${value}`), {
          what: `${start}${value}`,
        });
    });

    it("labels · name routes, never paths, ids or addresses", async () => {
      await house.client.api("GET", "/events/not-an-id", { expect: 404 });
      await house.client.at("GET", "/secret/path", { expect: 404 });
      const labelled = (await lines()).filter((line) => line.includes("{") && !line.startsWith("#"));
      for (const line of labelled) {
        expect(line).to.not.match(/[0-9a-f]{8}-[0-9a-f]{4}-7|not-an-id|secret|127\.0\.0\.1|@/);
      }
    });

    it("on a port of their own · the same, with health", async () => {
      const get = (path: string) =>
        new Promise<{ status: number; text: string }>((resolve, reject) => {
          http
            .get({ host: "127.0.0.1", port: metricsPort, path, agent: false }, (response) => {
              let text = "";
              response.setEncoding("utf8").on("data", (chunk: string) => {
                text += chunk;
              });
              response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
            })
            .on("error", reject);
        });
      expect((await get("/metrics")).text).to.contain("fastpass_queue_waiting");
      expect((await get("/healthz")).status).to.equal(200);
      expect((await get("/api/v1/events")).status).to.equal(404);
    });
  });

  describe("the API document", () => {
    interface Operation {
      readonly responses: Record<string, { content?: Record<string, { schema?: { allOf?: object[] } }> }>;
      readonly requestBody?: { content: Record<string, { schema?: { additionalProperties?: unknown } }> };
    }
    const operations = new Map<string, Operation>();
    before(async () => {
      const { body } = await house.client.at("GET", "/openapi.json", { expect: 200 });
      expect(body.openapi).to.match(/^3\.1\./);
      for (const [path, methods] of Object.entries(body.paths as Record<string, Record<string, Operation>>))
        for (const [method, operation] of Object.entries(methods)) {
          const name = path.replace(/^\/api\/v1/, "").replace(/\{\w+\}/g, "{}");
          operations.set(`${method.toUpperCase()} ${name}`, operation);
        }
    });

    it("is JSON under both addresses, the same", async () => {
      const [root, api] = await Promise.all([
        house.client.at("GET", "/openapi.json", { expect: 200 }),
        house.client.api("GET", "/openapi.json", { expect: 200 }),
      ]);
      expect(api.text).to.equal(root.text);
      const headers = { "If-None-Match": root.headers.etag as string };
      for (const path of ["/openapi.json", "/api/v1/openapi.json"])
        await house.client.at("GET", path, { headers, expect: 304 });
      expect(root.headers["content-type"]).to.match(/^application\/(vnd\.oai\.openapi\+)?json/);
    });

    it("names every call of the contract, and health, metrics and keys", () => {
      const missing = CALLS.split("\n").filter((call) => !operations.has(call));
      expect(missing).to.deep.equal([]);
      for (const path of ["/healthz", "/readyz", "/metrics", "/.well-known/jwks.json"])
        expect([...operations.keys()]).to.include(`GET ${path}`);
    });

    it("names every refusal of the contract at its call", () => {
      for (const [call, codes] of Object.entries(REFUSALS)) {
        const text = JSON.stringify(operations.get(call)?.responses);
        expect(
          codes.filter((code) => !text.includes(`"${code}"`)),
          call,
        ).to.deep.equal([]);
      }
    });

    it("refuses unknown fields in every JSON body it describes", () => {
      for (const [call, { requestBody }] of operations) {
        const schema = requestBody?.content["application/json"]?.schema;
        if (schema) expect(schema.additionalProperties, call).to.equal(false);
      }
    });

    it("is rendered at /docs, without anything from elsewhere; every code is explained at /docs/errors", async () => {
      const page = await house.client.at("GET", "/docs", { headers: { Accept: "text/html" }, expect: 200 });
      expect(page.headers["content-type"]).to.match(/^text\/html/);
      const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url as string);
      expect(parts.length).to.be.at.least(2);
      for (const url of parts) expect(url, "loads from elsewhere").to.not.match(/^(https?:)?\/\//);
      for (const url of parts.filter((each) => /\.(js|css)$/.test(each))) {
        const path = new URL(url, "http://localhost/docs").pathname;
        await house.client.at("GET", path, { expect: 200 });
      }
      const errors = await house.client.at("GET", "/docs/errors", { expect: 200 });
      for (const code of Object.values(REFUSALS).flat()) expect(errors.text).to.contain(`id="${code}"`);
    });
  });
});
