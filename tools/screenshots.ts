/**
 * Makes the pictures of the README in `docs/`, from what the command line prints of a
 * sample pool: the same ones on every machine.
 *
 * @module
 */
import { renderLive } from "../lib/cli/run/waiting_line.ts";
import { renderStatus } from "../lib/cli/render_pool.ts";
import type { View } from "../lib/cli/table.ts";
import { widthOfText } from "../lib/cli/text.ts";
import {
  EMPTY_MODEL,
  type Model,
  onSample,
  onStatus,
} from "../lib/cli/top/model.ts";
import { render } from "../lib/cli/top/view.ts";
import { sentenceOf } from "../lib/core/explain_text.ts";
import type { Explanation, PoolStatus } from "../mod.ts";
import {
  NOW_MS,
  SAMPLE_POOL,
  SAMPLE_REGISTRY,
} from "../tests/cli/sample_pool.ts";

const COLUMNS = 100;
const CELL_WIDTH = 8.4;
const LINE_HEIGHT = 18;
const MARGIN = 16;
/** By the code that turns them on. */
const STYLES: Readonly<Record<string, string>> = {
  1: ' font-weight="bold"',
  2: ' fill="#7a80a0"',
  7: ' fill="#1a1b26"',
  31: ' fill="#f7768e"',
  32: ' fill="#9ece6a"',
  33: ' fill="#e0af68"',
  35: ' fill="#bb9af7"',
  36: ' fill="#7dcfff"',
};

/** Why somebody waits, with one program outside of the pool. */
function withoutOthers(why: Explanation): Explanation {
  const shown = {
    ...why,
    short: why.short.map((shortage) => ({
      ...shortage,
      outside: shortage.outside.slice(0, 1),
      outsideCount: Math.min(1, shortage.outsideCount),
    })),
  };
  return { ...shown, sentence: sentenceOf(shown) };
}

/** The sample of the tests without what is in it to do harm. */
const SHOWN_POOL: PoolStatus = {
  ...SAMPLE_POOL,
  queue: SAMPLE_POOL.queue.map((entry, index) =>
    index === 0 ? { ...entry, why: withoutOthers(entry.why!) } : entry
  ),
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

/** One line of a terminal: its text, and what lies behind what is inverse. */
function lineOf(line: string, y: number): string {
  let code = "";
  let column = 0;
  let behind = "";
  // deno-lint-ignore no-control-regex
  const spans = line.split(/(\x1b\[\d+m)/).map((part) => {
    // deno-lint-ignore no-control-regex
    const next = /^\x1b\[(\d+)m$/.exec(part)?.[1];
    if (next !== undefined || part === "") {
      code = next ?? code;
      return "";
    }
    const width = widthOfText(part) * CELL_WIDTH;
    if (code === "7") {
      behind += `<rect x="${(MARGIN + column * CELL_WIDTH).toFixed(1)}" ` +
        `y="${y - 14}" width="${width.toFixed(1)}" height="${LINE_HEIGHT}" ` +
        `fill="#7dcfff"/>`;
    }
    column += widthOfText(part);
    return `<tspan${STYLES[code] ?? ""}>${escaped(part)}</tspan>`;
  }).join("");
  return `${behind}<text x="${MARGIN}" y="${y}">${spans}</text>`;
}

/** A picture of a terminal. */
export function svgOf(lines: readonly string[]): string {
  const width = Math.ceil(COLUMNS * CELL_WIDTH) + 2 * MARGIN;
  const height = lines.length * LINE_HEIGHT + 2 * MARGIN;
  const texts = lines.map((line, index) =>
    lineOf(line, MARGIN + 13 + index * LINE_HEIGHT)
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" ` +
    `height="${height}" font-family="monospace" font-size="14" ` +
    `fill="#c0caf5" xml:space="preserve">\n` +
    `<rect width="100%" height="100%" rx="8" fill="#1a1b26"/>\n` +
    `${texts.join("\n")}\n</svg>\n`;
}

/** What `top` knows after it has seen how the pool became as full as it is. */
function watched(): Model {
  let model = EMPTY_MODEL;
  for (let sample = 1; sample <= 20; sample++) {
    const used = Object.fromEntries(
      Object.entries(SHOWN_POOL.used).map(([name, amount], index) => {
        // Each grew in steps of its own.
        const steps = index + 3;
        return [name, amount * Math.ceil(sample * steps / 20) / steps];
      }),
    );
    model = onSample(onStatus(model, { ...SHOWN_POOL, used }));
  }
  return onStatus(model, SHOWN_POOL);
}

/** What `run` says while it waits. */
function waitingLines(view: View): string[] {
  const [{ why }] = SHOWN_POOL.queue;
  const request = { vram_mb_each: 20480, num_gpus: 2 };
  return [
    "$ reslock run --vram 20G --gpus 2 --label whisper whisper-server",
    renderLive({ request, position: 1, why, elapsedMs: 21_000 }, view),
  ];
}

/** All pictures by the name of their file. */
export function screenshots(): Readonly<Record<string, string>> {
  const view = { columns: COLUMNS, color: true, nowMs: NOW_MS };
  const surroundings = { registry: SAMPLE_REGISTRY };
  const status = renderStatus(SHOWN_POOL, view, {}, surroundings);
  const top = render(watched(), { ...view, rows: 27 }, surroundings).lines;
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
