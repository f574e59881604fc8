/**
 * What `detect` and `init` print for people.
 *
 * @module
 */
import type { Detection } from "../../mod.ts";
import { renderCapacity } from "./render.ts";
import { type Cell, type Column, renderTable, type View } from "./table.ts";
import { visible } from "./text.ts";

const COLUMNS: readonly Column[] = [
  { title: "WHAT" },
  { title: "FOUND", shrinksTo: 16 },
  { title: "BY", shrinksTo: 10 },
];

/** The amounts, one a line. */
function capacityLines(amounts: Readonly<Record<string, number>>): string[] {
  return Object.entries(amounts)
    .map(([name, amount]) => `  ${visible(renderCapacity(name, amount))}`);
}

/** A list under a heading; nothing where it is empty. */
function block(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [[heading, ...lines].join("\n")];
}

function noteLines({ sources }: Detection): string[] {
  return sources.filter(({ detail }) => detail !== "")
    .map(({ what, source, detail }) =>
      `  ${visible(`${what} (${source}): ${detail}`)}`
    );
}

/** `detect`: what each source told. */
export function renderDetection(detection: Detection, view: View): string {
  const rows = detection.sources.map(({ what, source, found }): Cell[] => [
    { text: what },
    found === null ? { text: "nothing", style: "yellow" } : { text: found },
    { text: source, style: "dim" },
  ]);
  const blocks = [
    renderTable(COLUMNS, rows, view).join("\n"),
    ...block("Notes", noteLines(detection)),
    ...block(
      'Registered by "reslock init"',
      capacityLines(detection.resources),
    ),
  ];
  return `${blocks.join("\n\n")}\n`;
}

/** What `init` did. */
export interface InitResult {
  /** The state file. */
  readonly path: string;
  /** Capacities that were set just now. */
  readonly registered: Readonly<Record<string, number>>;
  /** Capacities that were set before, and stay. */
  readonly kept: Readonly<Record<string, number>>;
  /** Those of a state file that is gone, where they are not set to this now. */
  readonly forgotten: Readonly<Record<string, number>>;
  readonly detection: Detection;
}

/** What to know about what is registered, or why it is not. */
function initNotes({ sources, gpus, failures }: Detection): string[] {
  const notes = sources
    .filter(({ what, found }) =>
      // Of every maker that has no card here there would be a line.
      what === "cpu_cores" || what === "ram_mb" ||
      (what === "gpus" && found !== null)
    )
    .filter(({ detail }) => detail !== "")
    .map(({ what, detail }) => `  ${visible(`${what}: ${detail}`)}`);
  // Where a driver is broken there may well be one.
  if (gpus.length === 0 && failures.length === 0) {
    notes.push('  No GPU was found: "reslock detect" tells where was looked');
  }
  return notes;
}

/** `init`: what is registered now, and what was not found. */
export function renderInit(
  { path, registered, kept, forgotten, detection }: InitResult,
): string {
  const place = visible(path);
  const blocks = [
    ...block(`Registered in ${place}`, capacityLines(registered)),
    ...block("Set before, and kept", capacityLines(kept)),
    ...block(
      "Set before the state file was removed, and not taken over",
      capacityLines(forgotten),
    ),
    ...block("Notes", initNotes(detection)),
  ];
  if (Object.keys({ ...registered, ...kept }).length === 0) {
    blocks.unshift(
      `Nothing to register was found; the pool is in ${place}. ` +
        `Use "reslock set NAME VALUE"`,
    );
  }
  return `${blocks.join("\n\n")}\n`;
}
