/**
 * Makes the pictures of the README in `docs/`, from what the command line prints of a
 * sample pool: the same ones on every machine.
 *
 * @module
 */
import { renderLive } from "../lib/cli/run/waiting_line.ts";
import { renderStatus } from "../lib/cli/render_pool.ts";
import type { View } from "../lib/cli/table.ts";
import { EMPTY_MODEL, onSample, onStatus } from "../lib/cli/top/model.ts";
import { render } from "../lib/cli/top/view.ts";
import type { PoolStatus } from "../mod.ts";
import {
  NOW_MS,
  SAMPLE_POOL,
  SAMPLE_REGISTRY,
} from "../tests/cli/sample_pool.ts";

const COLUMNS = 100;
const CELL_WIDTH = 8.4;
const LINE_HEIGHT = 18;
const MARGIN = 16;
const COLORS: Readonly<Record<string, string>> = {
  31: "#f7768e",
  32: "#9ece6a",
  33: "#e0af68",
  36: "#7dcfff",
  2: "#7a80a0",
};

/** The sample of the tests without what is in it to do harm. */
const SHOWN_POOL: PoolStatus = {
  ...SAMPLE_POOL,
  leases: SAMPLE_POOL.leases.slice(0, 3).map((lease, index) => ({
    ...lease,
    label: ["llama-70b", "train", "notebook"][index],
  })),
  cards: SAMPLE_POOL.cards.map((card) => ({
    ...card,
    outside: card.outside.slice(0, 1),
  })),
};

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

/** One line of a terminal as parts of a text element. */
function spans(line: string): string {
  let style = "";
  // deno-lint-ignore no-control-regex
  return line.split(/(\x1b\[\d+m)/).map((part) => {
    // deno-lint-ignore no-control-regex
    const code = /^\x1b\[(\d+)m$/.exec(part)?.[1];
    if (code === undefined) {
      return part === "" ? "" : `<tspan${style}>${escaped(part)}</tspan>`;
    }
    if (code === "1") style = ' font-weight="bold"';
    else if (code === "7") {
      style =
        ' fill="#1a1b26" stroke="#7dcfff" stroke-width="6" stroke-linejoin="round" paint-order="stroke"';
    } else style = code in COLORS ? ` fill="${COLORS[code]}"` : "";
    return "";
  }).join("");
}

/** A picture of a terminal. */
export function svgOf(lines: readonly string[]): string {
  const width = Math.ceil(COLUMNS * CELL_WIDTH) + 2 * MARGIN;
  const height = lines.length * LINE_HEIGHT + 2 * MARGIN;
  const texts = lines.map((line, index) =>
    `<text x="${MARGIN}" y="${MARGIN + 13 + index * LINE_HEIGHT}">` +
    `${spans(line)}</text>`
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" ` +
    `height="${height}" font-family="monospace" font-size="14" ` +
    `fill="#c0caf5" xml:space="preserve">\n` +
    `<rect width="100%" height="100%" rx="8" fill="#1a1b26"/>\n` +
    `${texts.join("\n")}\n</svg>\n`;
}

/** What `run` says while it waits. */
function waitingLines(view: View): string[] {
  const [entry] = SHOWN_POOL.queue;
  const request = { vram_mb_each: 20480, num_gpus: 2 };
  return [
    "$ reslock run --vram 20G --gpus 2 --label whisper whisper-server",
    renderLive({ request, position: 1, entry, elapsedMs: 21_000 }, view),
  ];
}

/** All pictures by the name of their file. */
export function screenshots(): Readonly<Record<string, string>> {
  const view = { columns: COLUMNS, color: true, nowMs: NOW_MS };
  const surroundings = { registry: SAMPLE_REGISTRY };
  const status = renderStatus(SHOWN_POOL, view, {}, surroundings);
  const model = onSample(onSample(onStatus(EMPTY_MODEL, SHOWN_POOL)));
  const top = render(model, { ...view, rows: 24 }, surroundings);
  return {
    "status.svg": svgOf(status.trimEnd().split("\n")),
    "top.svg": svgOf(top),
    "waiting.svg": svgOf(waitingLines(view)),
  };
}

if (import.meta.main) {
  const folder = new URL("../docs/", import.meta.url);
  Deno.mkdirSync(folder, { recursive: true });
  for (const [name, svg] of Object.entries(screenshots())) {
    Deno.writeTextFileSync(new URL(name, folder), svg);
  }
}
