import { loseTheJobsOf } from "./lost-jobs.ts";

describe("faults of the jobs", function () {
  this.timeout(60_000);

  it("F6 · jobs · Redis restarts empty with 200 holds · all are free soon after their deadline", () =>
    loseTheJobsOf(200));
});
