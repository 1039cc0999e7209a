/** An iCalendar file (RFC 5545) of one performance, for the fan's own calendar. */

export interface CalendarEntry {
  /** The same for the same tickets, so that importing twice makes one entry. */
  readonly uid: string;
  readonly title: string;
  readonly place: string;
  readonly startsAt: Date;
  /** When the file is made. */
  readonly madeAt: Date;
  readonly description: string;
  readonly url: string;
}

const MAX_OCTETS = 75;

/** The end is left open: nobody knows how long a night is. */
export function toCalendar({ uid, title, place, startsAt, madeAt, description, url }: CalendarEntry): string {
  const lines = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Fast Pass//Tickets//EN",
    "BEGIN:VEVENT",
    `UID:${escaped(uid)}`,
    `DTSTAMP:${time(madeAt)}`,
    `DTSTART:${time(startsAt)}`,
    `SUMMARY:${escaped(title)}`,
    `LOCATION:${escaped(place)}`,
    `DESCRIPTION:${escaped(description)}`,
    `URL:${url}`,
    "END:VEVENT",
    "END:VCALENDAR",
  ];
  return lines.map((line) => `${fold(line)}\r\n`).join("");
}

function time(moment: Date): string {
  return moment.toISOString().replace(/[-:]|\.\d+/g, "");
}

function escaped(text: string): string {
  return text.replace(/[\\;,]/g, "\\$&").replace(/\r\n|\r|\n/g, "\\n");
}

/** Lines longer than 75 octets go on in the next one after a space; no character is cut in two. */
function fold(line: string): string {
  const encoder = new TextEncoder();
  let folded = "";
  let octets = 0;
  for (const character of line) {
    const width = encoder.encode(character).length;
    if (octets + width > MAX_OCTETS) {
      folded += "\r\n ";
      octets = 1;
    }
    folded += character;
    octets += width;
  }
  return folded;
}
