import { loseTheJobsOf } from "./lost-jobs.ts";

describe("faults of the jobs", () => {
  it("F6 · jobs · Redis restarts empty with 300 holds · all are free soon after their deadline", () =>
    loseTheJobsOf(300));
});
