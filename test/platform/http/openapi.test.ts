import { expect } from "chai";
import Joi from "joi";
import { ERRORS } from "../../../src/platform/errors.ts";
import { createOpenApiDocument, type OpenApiOperation } from "../../../src/platform/http/openapi.ts";
import type { Route } from "../../../src/platform/http/route.ts";
import { faultsOf } from "../../support/contract/index.ts";
import { echo } from "./harness.ts";

const id = Joi.object({ id: Joi.string().uuid().required() });
const body = Joi.object({ name: Joi.string().required() });

function documentOf(...routes: Route[]) {
  return createOpenApiDocument({ version: "1.2.3", groups: [{ basePath: "/api/v1", routes }] });
}
function operationOf(route: Route): OpenApiOperation {
  const [operations] = Object.values(documentOf(route).paths);
  return operations?.[route.method] as OpenApiOperation;
}
/** The codes a route is said to answer, by status. */
function codesOf(operation: OpenApiOperation): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(operation.responses).flatMap(([status, { content }]) => {
      const schema = content?.["application/problem+json"]?.schema as
        | { allOf: [object, { properties: { code: { enum: string[] } } }] }
        | undefined;
      return schema ? [[status, schema.allOf[1].properties.code.enum]] : [];
    }),
  );
}

describe("OpenAPI document", () => {
  describe("paths", () => {
    it("of Express · are written with braces, under the base path, methods side by side", () => {
      const { paths } = documentOf(
        echo({ method: "get", path: "/things/:id", params: id }),
        echo({ method: "delete", path: "/things/:id", params: id }),
        echo({ method: "get", path: "/things" }),
      );
      expect(Object.keys(paths)).to.deep.equal(["/api/v1/things/{id}", "/api/v1/things"]);
      expect(Object.keys(paths["/api/v1/things/{id}"] ?? {})).to.deep.equal(["get", "delete"]);
    });

    it("that differ only in a parameter's name · are refused", () => {
      const other = Joi.object({ thing: Joi.string().required() });
      const routes = [
        echo({ method: "get", path: "/things/:id", params: id }),
        echo({ method: "delete", path: "/things/:thing", params: other }),
      ];
      expect(() => documentOf(...routes)).to.throw("are one path");
    });

    it("with a parameter that has no schema · are refused", () => {
      expect(() => documentOf(echo({ method: "get", path: "/things/:id" }))).to.throw(
        "no schema for its parameter id",
      );
    });

    it("two routes of one name · are refused", () => {
      const twice = [
        echo({ method: "get", path: "/a", operationId: "x" }),
        echo({ method: "get", path: "/b", operationId: "x" }),
      ];
      expect(() => documentOf(...twice)).to.throw("two routes are called x");
    });
  });

  it("parameters · of path, query and headers · say where, what and whether", () => {
    const { parameters } = operationOf(
      echo({
        method: "get",
        path: "/things/:id",
        params: id,
        query: Joi.object({
          limit: Joi.number().integer().default(20).description("how many"),
          q: Joi.string().required(),
        }),
        requestHeaders: Joi.object({
          "idempotency-key": Joi.string().required(),
          "queue-pass": Joi.string(),
        }).unknown(),
      }),
    );
    expect(parameters).to.deep.equal([
      { name: "id", in: "path", required: true, schema: { type: "string", minLength: 1, format: "uuid" } },
      {
        name: "limit",
        in: "query",
        required: false,
        description: "how many",
        schema: { type: "integer", default: 20 },
      },
      { name: "q", in: "query", required: true, schema: { type: "string", minLength: 1 } },
      { name: "Idempotency-Key", in: "header", required: true, schema: { type: "string", minLength: 1 } },
    ]);
  });

  it("bodies · needed, optional, and as bytes", () => {
    const bodyOf = (route: Partial<Route>) =>
      operationOf(echo({ method: "post", path: "/", ...route })).requestBody;
    expect(bodyOf({ body })).to.deep.equal({
      required: true,
      content: {
        "application/json": {
          schema: {
            type: "object",
            properties: { name: { type: "string", minLength: 1 } },
            required: ["name"],
            additionalProperties: false,
          },
        },
      },
    });
    expect(bodyOf({ body, bodyOptional: true })).to.include({ required: false });
    expect(bodyOf({ rawBody: true })).to.have.nested.property("content.application/octet-stream");
    expect(bodyOf({})).to.equal(undefined);
  });

  describe("errors that guards and validation add", () => {
    const base = {
      400: ["VALIDATION_FAILED"],
      500: ["INTERNAL"],
      503: ["DATABASE_UNAVAILABLE", "QUEUE_UNAVAILABLE"],
    };
    const tokens = ["UNAUTHENTICATED", "TOKEN_INVALID", "TOKEN_EXPIRED", "TOKEN_REVOKED"];
    const cases: Record<string, [Partial<Route>, Record<number, string[]>]> = {
      "to any route": [{}, {}],
      "to one for accounts": [{ access: "account" }, { 401: tokens }],
      "to one for operators": [{ access: "operator" }, { 401: tokens, 403: ["FORBIDDEN"] }],
      "to one for gates": [{ access: "gate" }, { 401: tokens, 403: ["FORBIDDEN"] }],
      "to one with a body": [
        { method: "post", body },
        {
          400: ["VALIDATION_FAILED", "MALFORMED_JSON"],
          413: ["BODY_TOO_LARGE"],
          415: ["UNSUPPORTED_MEDIA_TYPE"],
        },
      ],
      "to one that takes bytes": [
        { method: "post", rawBody: true },
        { 413: ["BODY_TOO_LARGE"], 415: ["UNSUPPORTED_MEDIA_TYPE"] },
      ],
      "to one with a limit": [
        { limit: { name: "few", limit: 3, windowSeconds: 60, by: "address" } },
        { 429: ["RATE_LIMITED"] },
      ],
      "to one with an id": [{ path: "/:id", params: id }, { 404: ["NOT_FOUND"] }],
      "beside its own": [
        { errors: ["SEAT_TAKEN", "SEAT_LIMIT", "BUSY"] },
        { 409: ["SEAT_TAKEN", "SEAT_LIMIT"], 503: ["BUSY", ...base[503]] },
      ],
    };
    for (const [name, [route, added]] of Object.entries(cases)) {
      it(name, () => {
        const codes = codesOf(operationOf(echo({ method: "get", path: "/", ...route })));
        const expected = { ...base, ...added };
        expect(Object.keys(codes)).to.have.members(Object.keys(expected));
        for (const [status, its] of Object.entries(expected))
          expect(codes[status], status).to.have.members(its);
      });
    }

    it("to one that asks no store · no 503", () => {
      const routes = [echo({ method: "get", path: "/" })];
      const { paths } = createOpenApiDocument({
        version: "1",
        groups: [{ basePath: "", routes, reachesStores: false }],
      });
      expect(codesOf(paths["/"]?.get as OpenApiOperation)).to.not.have.property("503");
    });

    it("429 and 503 · come with Retry-After, 429 and answers of limited routes with the limit", () => {
      const { responses } = operationOf(
        echo({
          method: "get",
          path: "/",
          limit: { name: "few", limit: 3, windowSeconds: 60, by: "account" },
        }),
      );
      const headersOf = (status: number) => Object.keys((responses[status]?.headers ?? {}) as object);
      expect(headersOf(429)).to.include.members(["Retry-After", "RateLimit", "RateLimit-Policy"]);
      expect(headersOf(503)).to.include("Retry-After");
      expect(headersOf(200)).to.include.members(["X-Request-Id", "RateLimit", "RateLimit-Policy"]);
    });
  });

  describe("security", () => {
    const securityOf = (route: Partial<Route>) =>
      operationOf(echo({ method: "post", path: "/", ...route })).security;
    it("follows from who is let in and what may be refused", () => {
      expect(securityOf({})).to.deep.equal([]);
      expect(securityOf({ access: "account" })).to.deep.equal([{ accessToken: [] }]);
      expect(securityOf({ access: "operator" })).to.deep.equal([{ accessToken: ["operator"] }]);
      expect(securityOf({ access: "gate" })).to.deep.equal([{ accessToken: ["gate", "operator"] }]);
      expect(securityOf({ access: "account", errors: ["PASS_REQUIRED"] })).to.deep.equal([
        { accessToken: [], queuePass: [] },
      ]);
      expect(securityOf({ errors: ["REFRESH_INVALID"] })).to.deep.equal([{ refreshCookie: [] }]);
      expect(securityOf({ errors: ["UNAUTHENTICATED"] })).to.deep.equal([
        { accessToken: [] },
        { refreshCookie: [] },
      ]);
    });

    it("every scheme that is named · is declared", () => {
      const { components } = documentOf();
      expect(components.securitySchemes).to.have.all.keys("accessToken", "queuePass", "refreshCookie");
    });
  });

  it("components · have a problem and an example for each code of the catalogue", () => {
    const { components } = documentOf();
    const { Problem } = components.schemas as { Problem: Record<string, unknown> };
    const examples = components.examples as Record<string, { value: { code: string } }>;
    expect(examples).to.have.all.keys(Object.keys(ERRORS));
    for (const [code, { value }] of Object.entries(examples)) {
      expect(faultsOf(value, Problem, {}), code).to.deep.equal([]);
      expect(value.code).to.equal(code);
    }
  });

  it("references · all lead somewhere", () => {
    const document = documentOf(
      echo({
        method: "post",
        path: "/:id",
        params: id,
        body,
        access: "operator",
        limit: { name: "x", limit: 1, windowSeconds: 1, by: "address" },
      }),
    );
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
      ([, path = ""]) => path,
    );
    expect(references.length).to.be.above(10);
    for (const path of references) {
      const target = path
        .split("/")
        .reduce<unknown>((node, step) => (node as Record<string, unknown>)?.[step], document);
      expect(target, path).to.be.an("object");
    }
  });

  it("streams · stand in the description for people and in x-websockets for programs", () => {
    const document = createOpenApiDocument({
      version: "1",
      groups: [],
      streams: [
        {
          path: "/ws/v1/things/{id}",
          summary: "Things.",
          credential: "a ticket",
          messages: { state: "first" },
        },
      ],
    });
    expect(document.info.description)
      .to.include("WS /ws/v1/things/{id}")
      .and.include("4401")
      .and.include("fastpass.v1");
    expect(document["x-websockets"]).to.have.nested.property("streams[0].path", "/ws/v1/things/{id}");
    expect(documentOf()).to.not.have.property("x-websockets");
  });

  it("the whole · is OpenAPI 3.1 JSON with a title, a version and the tags of its routes", () => {
    const document = documentOf(
      echo({ method: "get", path: "/a", tag: "One" }),
      echo({ method: "get", path: "/b", tag: "Two" }),
    );
    expect(document.openapi).to.equal("3.1.0");
    expect(document.info).to.include({ title: "Fast Pass", version: "1.2.3" });
    expect(document.tags).to.deep.equal([{ name: "One" }, { name: "Two" }]);
    expect(JSON.parse(JSON.stringify(document))).to.deep.equal(document);
  });
});
