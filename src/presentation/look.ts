/**
 * An event's own colours, made safe: whatever accent a venue chooses, what stands on it can be read and it can be told
 * from the page, in the light and in the dark theme (WCAG 2.2, 1.4.3 and 1.4.11).
 */

/** The page's background in each theme; the same as in src/web/styles/base.css. */
const BACKGROUNDS = { light: "#f7f6f3", dark: "#141311" } as const;
const INKS = { light: "#ffffff", dark: "#000000" } as const;
const NEEDED_AGAINST_PAGE = 3.1;
const STEP = 0.04;

/** @param accent `#rrggbb`. @returns a style sheet that sets `--accent` and `--on-accent` in both themes. */
export function lookStyle(accent: string): string {
  const light = readable(accent, BACKGROUNDS.light, "#000000");
  const dark = readable(accent, BACKGROUNDS.dark, "#ffffff");
  return `:root{${variables(light)}}@media(prefers-color-scheme:dark){:root{${variables(dark)}}}`;
}

function variables(accent: string): string {
  const on = contrast(accent, INKS.light) >= contrast(accent, INKS.dark) ? INKS.light : INKS.dark;
  return `--accent:${accent};--on-accent:${on}`;
}

/** Moves a colour towards `to` until it can be told from the background. */
function readable(colour: string, background: string, to: string): string {
  for (let part = 0; part < 1; part += STEP) {
    const mixed = mix(colour, to, part);
    if (contrast(mixed, background) >= NEEDED_AGAINST_PAGE) return mixed;
  }
  return to;
}

function mix(from: string, to: string, part: number): string {
  const [a, b] = [channels(from), channels(to)];
  const mixed = a.map((value, index) => Math.round(value + ((b[index] ?? 0) - value) * part));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16));
}

/** WCAG's contrast ratio, 1 to 21. */
export function contrast(a: string, b: string): number {
  const [lighter, darker] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

/** WCAG's relative luminance. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = channels(colour).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
