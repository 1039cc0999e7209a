import { gzipSync } from "node:zlib";
import { expect } from "chai";
import Joi from "joi";
import request from "supertest";
import { echo, type Served, serve } from "./harness.ts";

const LARGE = JSON.stringify({ name: "x".repeat(70_000) });
const body = Joi.object({ name: Joi.string().required() });
const limit = { name: "few", limit: 3, windowSeconds: 60, by: "account" } as const;

describe("guards", () => {
  let served: Served;

  before(async () => {
    served = await serve({
      limits: true,
      routes: [
        echo({ method: "post", path: "/operator", access: "operator", body }),
        echo({ method: "post", path: "/gate", access: "gate", body }),
        echo({ method: "post", path: "/account", access: "account", body }),
        echo({ method: "post", path: "/few", access: "account", body, limit }),
      ],
    });
  });
  after(() => served.close());

  const post = (path: string, token?: string) => {
    const call = request(served.url).post(path).set("Content-Type", "application/json");
    return token ? call.set("Authorization", `Bearer ${token}`) : call;
  };

  describe("order · when everything about a request is wrong", () => {
    it("without a token · answers 401, whatever the body is", async () => {
      for (const send of [LARGE, "{", "not json"]) {
        const response = await post("/operator").send(send);
        expect([response.status, response.body.code]).to.deep.equal([401, "UNAUTHENTICATED"]);
        expect(response.headers["www-authenticate"]).to.match(/^Bearer/);
      }
    });

    it("with a token that is no good · answers 401", async () => {
      const response = await post("/operator", "forged").send(LARGE);
      expect([response.status, response.body.code]).to.deep.equal([401, "TOKEN_INVALID"]);
    });

    it("with the wrong role · answers 403 before 413, 415 and 400", async () => {
      for (const send of [LARGE, "{"]) {
        const response = await post("/operator", "fan").send(send);
        expect([response.status, response.body.code]).to.deep.equal([403, "FORBIDDEN"]);
      }
      const response = await post("/operator", "fan").set("Content-Type", "text/plain").send("hello");
      expect(response.status).to.equal(403);
    });

    it("with the right role and a body too large · answers 413 before 415 and 400", async () => {
      const response = await post("/operator", "operator").set("Content-Type", "text/plain").send(LARGE);
      expect([response.status, response.body.code]).to.deep.equal([413, "BODY_TOO_LARGE"]);
    });

    it("with a body of the wrong type · answers 415 before 400", async () => {
      const response = await post("/operator", "operator").set("Content-Type", "text/plain").send("{");
      expect([response.status, response.body.code]).to.deep.equal([415, "UNSUPPORTED_MEDIA_TYPE"]);
    });

    it("with a compressed body · answers 415 before 400", async () => {
      const packed = gzipSync("{");
      const response = await post("/operator", "operator")
        .set("Content-Encoding", "gzip")
        .serialize((value) => value as unknown as string)
        .send(packed);
      expect([response.status, response.body.code]).to.deep.equal([415, "UNSUPPORTED_MEDIA_TYPE"]);
    });

    it("with malformed JSON · answers 400 MALFORMED_JSON before it looks at fields", async () => {
      const response = await post("/operator", "operator").send("{");
      expect([response.status, response.body.code]).to.deep.equal([400, "MALFORMED_JSON"]);
    });

    it("with fields of the wrong form · answers 400 VALIDATION_FAILED", async () => {
      const response = await post("/operator", "operator").send({ name: 1 });
      expect([response.status, response.body.code]).to.deep.equal([400, "VALIDATION_FAILED"]);
    });

    it("over the limit · answers 429 before it looks at the body, but after 401", async () => {
      for (let call = 0; call < limit.limit; call += 1) {
        expect((await post("/few", "fan").send({ name: "a" })).status).to.equal(200);
      }
      for (const send of [LARGE, "{", "{}"]) {
        const response = await post("/few", "fan").send(send);
        expect([response.status, response.body.code]).to.deep.equal([429, "RATE_LIMITED"]);
      }
      expect((await post("/few").send("{}")).status).to.equal(401);
    });
  });

  describe("roles", () => {
    const allowed = {
      "/account": ["fan", "gate", "operator"],
      "/gate": ["gate", "operator"],
      "/operator": ["operator"],
    };
    for (const [path, roles] of Object.entries(allowed)) {
      for (const role of ["fan", "gate", "operator"]) {
        const status = roles.includes(role) ? 200 : 403;
        it(`${path} · when a ${role} asks · answers ${status}`, async () => {
          expect((await post(path, role).send({ name: "a" })).status).to.equal(status);
        });
      }
    }
  });
});
