import { STATUS_CODES } from "node:http";
import { expect } from "chai";
import { ERRORS, type ErrorCode, Problem } from "../../src/platform/errors.ts";

const entries = Object.entries(ERRORS) as [ErrorCode, (typeof ERRORS)[ErrorCode]][];

describe("error catalogue", () => {
  it("codes · are upper snake case, statuses exist, titles are sentences of their own", () => {
    const titles = new Set<string>();
    for (const [code, { status, title }] of entries) {
      expect(code).to.match(/^[A-Z]+(_[A-Z]+)*$/);
      expect(STATUS_CODES, code).to.have.property(String(status));
      expect(status, code).to.be.within(400, 599);
      expect(title, code).to.match(/^[A-Z].*\.$/);
      titles.add(title);
    }
    expect(titles.size).to.equal(entries.length);
  });

  it("what may succeed later unchanged · is retryable: too many, too busy, faults; a wrong request never", () => {
    for (const [code, { status, retryable }] of entries) {
      if (status === 429 || status >= 500) expect(retryable, code).to.equal(true);
      if ([400, 401, 402, 403, 404, 405, 412, 413, 415, 422].includes(status))
        expect(retryable, code).to.equal(false);
    }
  });

  it("the codes that the contract names · are there under its statuses", () => {
    const named: Record<number, ErrorCode[]> = {
      401: ["BAD_CREDENTIALS", "SECOND_FACTOR_REQUIRED"],
      402: ["PAYMENT_DECLINED"],
      403: ["REMOVED", "PASS_REQUIRED", "PASS_EXPIRED", "PASS_REVOKED"],
      404: ["NO_TICKET"],
      409: [
        "EMAIL_TAKEN",
        "QUEUE_NOT_OPEN",
        "QUEUE_CLOSED",
        "SOLD_OUT",
        "CODE_INVALID",
        "CODE_USED",
        "NOT_ADMITTED",
        "ADMISSION_EXPIRED",
        "PAYMENT_IN_PROGRESS",
        "HOLD_EXPIRED",
        "ALREADY_CONFIRMED",
        "NOT_REFUNDABLE",
        "IDEMPOTENCY_IN_PROGRESS",
        "SEAT_TAKEN",
        "SEAT_CONTENDED",
        "SEAT_LIMIT",
        "NO_ADJACENT_SEATS",
        "ALREADY_CHECKED_IN",
      ],
      412: ["VERSION_MISMATCH"],
      422: ["IDEMPOTENCY_MISMATCH"],
      503: ["REBUILDING"],
    };
    for (const [status, codes] of Object.entries(named)) {
      for (const code of codes) expect(ERRORS[code].status, code).to.equal(Number(status));
    }
  });
});

describe("problem", () => {
  it("without options · speaks with its title", () => {
    const problem = new Problem("SEAT_TAKEN");
    expect(problem.message).to.equal(ERRORS.SEAT_TAKEN.title);
    expect(problem.status).to.equal(409);
    expect(problem.toJSON("/a", "r")).to.not.have.any.keys("errors", "stack", "cause");
  });

  it("members of its own · stand beside the standard ones", () => {
    const json = new Problem("SEAT_TAKEN", { extensions: { seats: [] } }).toJSON("/a", "r");
    expect(json).to.include({ code: "SEAT_TAKEN", status: 409, instance: "/a", requestId: "r" });
    expect(json.seats).to.deep.equal([]);
  });

  it("its cause · stays with it and out of the answer", () => {
    const cause = new Error("the password is hunter2");
    const problem = new Problem("DATABASE_UNAVAILABLE", { cause });
    expect(problem.cause).to.equal(cause);
    expect(JSON.stringify(problem.toJSON("/a", "r"))).to.not.include("hunter2");
  });

  it("Retry-After · has a default for 429 and 503, none for others, and is a whole second at least", () => {
    const seconds = (code: ErrorCode, retryAfterSeconds?: number) =>
      new Problem(code, { retryAfterSeconds }).retryAfterSeconds;
    expect([seconds("RATE_LIMITED"), seconds("BUSY"), seconds("NOT_FOUND")]).to.deep.equal([1, 1, null]);
    expect([
      seconds("BUSY", 0),
      seconds("BUSY", 0.2),
      seconds("BUSY", 4.1),
      seconds("BUSY", -5),
    ]).to.deep.equal([1, 1, 5, 1]);
    expect(seconds("NOT_ADMITTED", 3)).to.equal(3);
  });
});
