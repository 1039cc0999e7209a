import { expect } from "chai";
import {
  applyPatch,
  type NewQueueSettings,
  newSettings,
  type QueueSettings,
  queuePatchSchema,
  queueSettingsSchema,
} from "../../src/queue/settings.ts";

const input: NewQueueSettings = {
  opensAt: "2030-01-01T10:00:00Z",
  ratePerMinute: 600,
  maxActive: 200,
  arrivalSeconds: 60,
  sessionSeconds: 600,
  graceSeconds: 120,
};

function settings(change: Partial<NewQueueSettings> = {}): QueueSettings {
  const outcome = newSettings({ ...input, ...change });
  if (!outcome.ok) throw new Error(outcome.errors[0]?.message);
  return outcome.settings;
}

const paths = (outcome: ReturnType<typeof applyPatch>) =>
  outcome.ok ? [] : outcome.errors.map(({ path }) => path);
const wrong = (schema: ReturnType<typeof queuePatchSchema>, value: object) =>
  schema
    .validate(value, { convert: false, abortEarly: false })
    .error?.details.map(({ path }) => path.join(".")) ?? [];

describe("queue settings", () => {
  it("newSettings · only what must be said · fills in the defaults", () => {
    expect(settings()).to.eql({
      ...input,
      opensAt: "2030-01-01T10:00:00.000Z",
      lobbyOpensAt: null,
      closesAt: null,
      overbook: 1.5,
      mode: "fixed",
      minRatePerMinute: 1,
      maxRatePerMinute: 600,
      targetHoldP95Ms: 500,
    });
  });

  it("newSettings · times of another zone · are kept in UTC", () => {
    const { lobbyOpensAt, opensAt } = settings({
      lobbyOpensAt: "2030-01-01T18:30:00+09:00",
      opensAt: "2030-01-01T19:00:00.5+09:00",
    });
    expect([lobbyOpensAt, opensAt]).to.eql(["2030-01-01T09:30:00.000Z", "2030-01-01T10:00:00.500Z"]);
  });

  it("newSettings · closes before it opens, opens before its lobby · names both, below the prefix", () => {
    const late = { lobbyOpensAt: "2030-01-01T10:00:01Z", closesAt: "2030-01-01T10:00:00Z" };
    expect(paths(newSettings({ ...input, ...late }, "queue."))).to.eql([
      "queue.lobbyOpensAt",
      "queue.closesAt",
    ]);
  });

  it("newSettings · lobby and opening at the same instant · is allowed", () => {
    expect(newSettings({ ...input, lobbyOpensAt: input.opensAt }).ok).to.equal(true);
  });

  for (const opensAt of [
    "2030-02-30T10:00:00Z",
    "2030-04-31T10:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-12:00",
    "2030-01-01T10:00:00+99:99",
  ]) {
    it(`newSettings · opens at ${opensAt} · is refused, not bent`, () => {
      expect(paths(newSettings({ ...input, opensAt }))).to.eql(["opensAt"]);
    });
  }

  it("applyPatch · some fields · changes those alone", () => {
    const before = settings();
    const outcome = applyPatch(before, { ratePerMinute: 60, closesAt: "2030-01-02T00:00:00Z" });
    expect(outcome.ok && outcome.settings).to.eql({
      ...before,
      ratePerMinute: 60,
      closesAt: "2030-01-02T00:00:00.000Z",
    });
  });

  it("applyPatch · null · takes a time away", () => {
    const before = settings({ closesAt: "2030-01-02T00:00:00Z" });
    const outcome = applyPatch(before, { closesAt: null });
    expect(outcome.ok && outcome.settings.closesAt).to.equal(null);
  });

  it("applyPatch · a bound that crosses the stored one · is refused", () => {
    expect(paths(applyPatch(settings(), { minRatePerMinute: 601 }))).to.eql(["minRatePerMinute"]);
    expect(
      applyPatch(settings(), { mode: "auto", minRatePerMinute: 601, maxRatePerMinute: 700 }).ok,
    ).to.equal(true);
  });

  it("queueSettingsSchema · nothing · names every field that is needed", () => {
    expect(wrong(queueSettingsSchema(true), {})).to.have.members(Object.keys(input));
  });

  const outside: [string, unknown[]][] = [
    ["ratePerMinute", [0, 60_001, 1.5, "60", null]],
    ["maxActive", [0, 1_000_001]],
    ["arrivalSeconds", [14, 3_601]],
    ["graceSeconds", [14, 3_601]],
    ["sessionSeconds", [29, 7_201]],
    ["overbook", [0, 0.09, 10.1]],
    ["mode", ["manual"]],
    ["minRatePerMinute", [0, 60_001]],
    ["maxRatePerMinute", [0, 60_001]],
    ["targetHoldP95Ms", [0, 60_001]],
    ["opensAt", [null, "tomorrow", "2030-01-01", "2030-01-01T10:00:00", 0]],
    ["closesAt", ["", "2030-13-01T00:00:00Z"]],
    ["paused", [true]],
  ];
  for (const [field, values] of outside) {
    it(`queuePatchSchema · ${field} as ${JSON.stringify(values)} · is refused at its path`, () => {
      for (const value of values) expect(wrong(queuePatchSchema(true), { [field]: value })).to.include(field);
    });
  }

  it("queuePatchSchema · with limits off · durations start from 5", () => {
    const short = { arrivalSeconds: 5, graceSeconds: 5, sessionSeconds: 5 };
    expect(wrong(queuePatchSchema(true), short)).to.have.length(3);
    expect(wrong(queuePatchSchema(false), short)).to.eql([]);
    expect(wrong(queuePatchSchema(false), { arrivalSeconds: 4 })).to.eql(["arrivalSeconds"]);
  });
});
