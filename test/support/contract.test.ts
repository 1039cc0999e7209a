import { expect } from "chai";
import Joi from "joi";
import { createOpenApiDocument } from "../../src/platform/http/openapi.ts";
import type { Route } from "../../src/platform/http/route.ts";
import { checkAgainstDocument, type DocumentChecker, faultsOf } from "./contract/index.ts";

const ID = "0198c0de-0000-7000-8000-000000000000";
const base = { tag: "Test", summary: "A route", access: "public", handler: () => ({ status: 200 }) } as const;
const params = Joi.object({ id: Joi.string().required() });
const ROUTES: readonly Route[] = [
  {
    ...base,
    method: "get",
    path: "/things/:id",
    operationId: "getThing",
    params,
    responses: {
      200: {
        description: "It.",
        schema: Joi.object({ id: Joi.string().uuid().required(), name: Joi.string() }),
      },
    },
    errors: [],
  },
  {
    ...base,
    method: "get",
    path: "/things/mine",
    operationId: "getMine",
    responses: { 204: { description: "Nothing." } },
    errors: ["NO_TICKET"],
  },
];

const problem = (code: string, status: number) => ({
  type: `/docs/errors#${code}`,
  title: "A title.",
  status,
  detail: "A detail.",
  instance: "/api/v1/things/1",
  code,
  retryable: false,
  requestId: "r",
});

describe("contract checker", () => {
  let check: DocumentChecker;
  beforeEach(() => {
    check = checkAgainstDocument(
      createOpenApiDocument({ version: "1", groups: [{ basePath: "/api/v1", routes: ROUTES }] }),
    );
  });

  it("an answer as documented · passes, with a query and by HEAD too", () => {
    check("GET", "/api/v1/things/1", 200, { id: ID });
    check("get", "/api/v1/things/1?x=1", 200, { id: ID, name: "a" });
    check("HEAD", "/api/v1/things/1", 200);
    check("GET", "/api/v1/things/1", 404, problem("NOT_FOUND", 404));
    check("OPTIONS", "/api/v1/things/1", 204);
  });

  const wrong: Record<string, [parameters: Parameters<DocumentChecker>, message: RegExp]> = {
    "a field that is not documented": [
      ["GET", "/api/v1/things/1", 200, { id: ID, extra: 1 }],
      /has extra, which is not documented/,
    ],
    "a field that is missing": [["GET", "/api/v1/things/1", 200, {}], /body: lacks id/],
    "a field of another form": [["GET", "/api/v1/things/1", 200, { id: "1" }], /body\.id: must be a uuid/],
    "no body where one is documented": [["GET", "/api/v1/things/1", 200], /must be object/],
    "a body where none is documented": [
      ["GET", "/api/v1/things/mine", 204, { a: 1 }],
      /no body is documented/,
    ],
    "a status that is not documented": [
      ["GET", "/api/v1/things/1", 201, { id: ID }],
      /getThing documents 200, 400, 404/,
    ],
    "a code that is not documented": [
      ["GET", "/api/v1/things/1", 404, problem("NO_TICKET", 404)],
      /body\.code: must be one of NOT_FOUND/,
    ],
    "a problem with another status inside": [
      ["GET", "/api/v1/things/1", 404, problem("NOT_FOUND", 400)],
      /body\.status/,
    ],
    "a problem that lacks a member": [
      ["GET", "/api/v1/things/1", 404, { code: "NOT_FOUND" }],
      /lacks requestId/,
    ],
    "a path that is not documented": [["GET", "/api/v1/others", 200, {}], /expected 404 NOT_FOUND/],
    "a path with a part more": [["GET", "/api/v1/things/1/more", 200, {}], /expected 404/],
    "a method that is not documented": [
      ["POST", "/api/v1/things/1", 201, {}],
      /expected 405 METHOD_NOT_ALLOWED/,
    ],
  };
  for (const [name, [parameters, message]] of Object.entries(wrong)) {
    it(`${name} · fails and says so`, () => expect(() => check(...parameters)).to.throw(message));
  }

  it("an unknown path or method · must be refused, and then passes", () => {
    check("GET", "/nothing", 404, problem("NOT_FOUND", 404));
    check("POST", "/api/v1/things/1", 405, problem("METHOD_NOT_ALLOWED", 405));
    check("HEAD", "/nothing", 404);
  });

  it("a path without parameters · comes before one that would match it", () => {
    check("GET", "/api/v1/things/mine", 204);
    expect(() => check("GET", "/api/v1/things/mine", 200, { id: ID })).to.throw("getMine documents 204");
  });

  it("unseen · names what no exchange has shown yet, by its code", () => {
    expect(check.unseen()).to.include.members([
      "getThing 200",
      "getThing 404 NOT_FOUND",
      "getMine 204",
      "getMine 404 NO_TICKET",
    ]);
    check("GET", "/api/v1/things/1", 200, { id: ID });
    check("GET", "/api/v1/things/1", 404, problem("NOT_FOUND", 404));
    expect(check.unseen()).to.not.include.members(["getThing 200"]).and.not.include("getThing 404 NOT_FOUND");
    expect(check.unseen()).to.include("getMine 204");
  });

  it("a schema it does not understand · is an error, not a pass", () => {
    expect(() => faultsOf(1, { minimun: 5 }, {})).to.throw("minimun");
    expect(() => faultsOf("x", { format: "isbn" }, {})).to.throw("isbn");
    expect(() => faultsOf(1, { $ref: "#/nowhere" }, {})).to.throw("leads nowhere");
    expect(() => faultsOf(1, { $ref: "other.json" }, {})).to.throw("leads out of");
  });
});
