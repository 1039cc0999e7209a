import { loseTheJobsOf } from "../faults/lost-jobs.ts";

describe("faults of the jobs, many", () => {
  it("F6 · jobs · Redis restarts empty with 1,000 holds · all are free soon after their deadline", () =>
    loseTheJobsOf(1_000));
});
