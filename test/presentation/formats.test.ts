import { expect } from "chai";
import {
  acceptedLanguages,
  chooseLanguage,
  formatCountdown,
  formatDateTime,
  formatDuration,
  formatMoney,
  formatWait,
  inLanguage,
  queueTexts,
} from "../../src/presentation/index.ts";

describe("presentation", () => {
  it("Accept-Language · with weights and what nobody speaks · the best that there is", () => {
    const choose = (header?: string) => chooseLanguage(acceptedLanguages(header));
    expect(choose("ko-KR,ko;q=0.9,en;q=0.8")).to.equal("ko");
    expect(choose("fr, en;q=0.3, ko;q=0.7")).to.equal("ko");
    expect(choose("ko;q=0, de")).to.equal("en");
    expect(choose(undefined)).to.equal("en");
    expect(choose(";;,q=,")).to.equal("en");
  });

  it("a text in one language · for a reader of the other · that one, and in which it is", () => {
    expect(inLanguage({ ko: "안내" }, "en")).to.deep.equal({ text: "안내", language: "ko" });
    expect(inLanguage({}, "en")).to.equal(null);
  });

  it("money · of currencies with and without a minor unit · by their own digits", () => {
    expect(formatMoney(165_000, "KRW", "ko")).to.equal("₩165,000");
    expect(formatMoney(9_050, "EUR", "en")).to.equal("€90.50");
  });

  it("countdown · below and above an hour and a day · reads as a clock", () => {
    expect(formatCountdown(-3, "en")).to.equal("0:00");
    expect(formatCountdown(59.2, "en")).to.equal("1:00");
    expect(formatCountdown(3_905, "en")).to.equal("1:05:05");
    expect(formatCountdown(90_061, "en")).to.equal("1 day 1:01:01");
    expect(formatCountdown(90_061, "ko")).to.equal("1일 1:01:01");
  });

  it("durations · in either language · two units at most", () => {
    expect(formatDuration(60, "en")).to.equal("1 minute");
    expect(formatDuration(5_400, "en")).to.equal("1 hr 30 min");
    expect(formatDuration(600, "ko")).to.equal("10분");
    expect(formatDuration(0.2, "en")).to.equal("0 seconds");
  });

  it("a wait · not known, short, exact, a span · in whole minutes, never promised too short", () => {
    const wait = (p50Seconds: number, p90Seconds: number) =>
      formatWait({ p50Seconds, p90Seconds }, queueTexts.en, "en");
    expect(formatWait(null, queueTexts.en, "en")).to.equal("not known yet");
    expect(wait(12, 50)).to.equal("less than a minute");
    expect(wait(70, 110)).to.equal("about 2 minutes");
    expect(wait(200, 530)).to.equal("4–9 minutes");
    expect(wait(3_000, 5_400)).to.equal("50 minutes to 1 hr 30 min");
  });

  it("date and time · at a place · by its own clock, with the zone", () => {
    const text = formatDateTime("2035-05-01T10:30:00.000Z", "en", "Asia/Seoul");
    expect(text).to.contain("7:30").and.to.contain("GMT+9");
    expect(formatDateTime("2035-05-01T10:30:00.000Z", "ko", "Asia/Seoul")).to.contain("오후 7:30");
  });
});
