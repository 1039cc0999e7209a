/**
 * What the API document promises and no exchange of this suite has shown. It runs last and only with the whole
 * suite: of one file alone it could say nothing.
 */
import { expect } from "chai";
import { neverSeen, seenOperations } from "../support/house.ts";

/** Given everywhere by the same guard; that each was given somewhere is enough. */
const GENERAL = new Set([
  ...[
    "VALIDATION_FAILED",
    "MALFORMED_JSON",
    "BODY_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "NOT_FOUND",
    "FORBIDDEN",
  ],
  ...["UNAUTHENTICATED", "TOKEN_INVALID", "TOKEN_EXPIRED", "TOKEN_REVOKED", "RATE_LIMITED", "CROSS_SITE"],
  ...["DATABASE_UNAVAILABLE", "QUEUE_UNAVAILABLE"],
]);

/** Shown where they can be brought about: by unit tests, faults and load. */
const ELSEWHERE = new Set([
  ...["INTERNAL", "BUSY", "REBUILDING", "SHUTTING_DOWN", "SECOND_FACTOR_REQUIRED"],
  // By who meets whom at the same millisecond.
  ...["SEAT_CONTENDED", "IDEMPOTENCY_IN_PROGRESS"],
]);

describe("contract · the API document", () => {
  it("every answer it documents · was given", function () {
    const unseen = neverSeen();
    if (seenOperations() < 30) this.skip();
    const codeOf = (answer: string) => answer.split(" ")[2] ?? "";
    const special = unseen.filter((answer) => !GENERAL.has(codeOf(answer)) && !ELSEWHERE.has(codeOf(answer)));
    expect(special).to.deep.equal([]);
  });
});
