/** The marks of the map, drawn as the map draws them. */
import type { ComponentChildren } from "preact";
import { seatTexts } from "../../presentation/index.ts";
import { useTexts } from "../app/language.ts";

export function Legend() {
  const texts = useTexts(seatTexts);
  const marks: readonly (readonly [string, ComponentChildren])[] = [
    [texts.legendFree, <rect key="mark" class="mark-free" x="2" y="2" width="14" height="14" />],
    [texts.legendHeld, <rect key="mark" class="mark-held" x="3" y="3" width="12" height="12" />],
    [texts.legendSold, <rect key="mark" class="mark-taken" x="6" y="6" width="6" height="6" />],
    [texts.legendBlocked, <rect key="mark" class="mark-taken" x="2" y="7.3" width="14" height="3.4" />],
    [
      texts.legendChosen,
      <g key="mark">
        <rect class="mark-chosen" x="1" y="1" width="16" height="16" rx="3" />
        <path class="mark-tick" d="M5 9.3l2.8 2.9L13 5.8" />
      </g>,
    ],
    [texts.legendAccessible, <circle key="mark" class="mark-free" cx="9" cy="9" r="7" />],
  ];
  return (
    <ul class="legend" aria-label={texts.legend}>
      {marks.map(([name, mark]) => (
        <li key={name}>
          <svg viewBox="0 0 18 18" width="18" height="18" aria-hidden="true">
            {mark}
          </svg>
          {name}
        </li>
      ))}
    </ul>
  );
}
