/** The calendar file, read back as a calendar reads it. */
import { expect } from "chai";
import { toCalendar } from "../../../src/web/tickets/calendar.ts";

const ENTRY = {
  uid: "0198c0de@fastpass",
  title: "Moonlight Parade; First Night",
  place: "Han River Hall, Seoul",
  startsAt: new Date("2026-12-24T10:30:00.000Z"),
  madeAt: new Date("2026-11-01T00:00:00.000Z"),
  description: "Floor, row A, seat 1\nFloor, row A, seat 2 \\ aisle",
  url: "https://tickets.example/tickets",
};

/** Unfolded lines as name and value. */
function read(file: string): Map<string, string> {
  const lines = file.replaceAll("\r\n ", "").trimEnd().split("\r\n");
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

describe("tickets · calendar file", () => {
  it("entry · with marks of the format in its texts · comes out as it went in", () => {
    const entry = read(toCalendar(ENTRY));
    expect(entry.get("DTSTART")).to.equal("20261224T103000Z");
    expect(entry.get("DTSTAMP")).to.equal("20261101T000000Z");
    expect(entry.get("UID")).to.equal(ENTRY.uid);
    expect(entry.get("SUMMARY")).to.equal("Moonlight Parade\\; First Night");
    expect(entry.get("LOCATION")).to.equal("Han River Hall\\, Seoul");
    expect(entry.get("DESCRIPTION")).to.equal(
      "Floor\\, row A\\, seat 1\\nFloor\\, row A\\, seat 2 \\\\ aisle",
    );
  });

  it("long texts · in Korean · lines of at most 75 octets, no character cut", () => {
    const title = "달빛 퍼레이드 첫째 밤 ".repeat(20).trim();
    const file = toCalendar({ ...ENTRY, title });
    for (const line of file.split("\r\n")) expect(Buffer.byteLength(line)).to.be.at.most(75);
    expect(read(file).get("SUMMARY")).to.equal(title);
    expect(file.endsWith("END:VCALENDAR\r\n")).to.equal(true);
  });
});
