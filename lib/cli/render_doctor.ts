/**
 * What `doctor` prints for people.
 *
 * @module
 */
import { unicodeWidth } from "@std/cli/unicode-width";
import type { Check, Diagnosis, Recovered, Salvaged } from "../../mod.ts";
import type { Surroundings } from "./overview.ts";
import { renderCapacity, renderKept } from "./render.ts";
import { renderStatus } from "./render_pool.ts";
import { paint, type Style, type View } from "./table.ts";
import { counted, visible } from "./text.ts";

const STYLES: Readonly<Record<Check["level"], Style>> = {
  ok: "green",
  warning: "yellow",
  problem: "red",
};

/** Narrower than that, text beside two columns cannot be read. */
const MIN_TEXT_WIDTH = 20;

/** A word in pieces that fit; most words are one. */
function pieces(word: string, width: number): string[] {
  const found: string[] = [];
  let piece = "";
  for (const character of word) {
    if (piece !== "" && unicodeWidth(piece + character) > width) {
      found.push(piece);
      piece = "";
    }
    piece += character;
  }
  return [...found, piece];
}

/** The words of a text in lines of this width. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((word) => pieces(word, width))) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && unicodeWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

function renderCheck(
  { name, level, message, advice }: Check,
  nameWidth: number,
  { columns, color }: View,
): string {
  const indent = "problem".length + 2 + nameWidth + 2;
  const text = visible(advice === "" ? message : `${message}: ${advice}`);
  const lines = wrap(text, Math.max(MIN_TEXT_WIDTH, columns - indent));
  const head = paint(level, STYLES[level], color) +
    " ".repeat("problem".length + 2 - level.length) +
    name.padEnd(nameWidth + 2);
  return head + lines.join(`\n${" ".repeat(indent)}`);
}

/** The last line: what it comes to. */
function renderSum(checks: readonly Check[], { color }: View): string {
  const count = (level: Check["level"]) =>
    checks.filter((check) => check.level === level).length;
  const [problems, warnings] = [count("problem"), count("warning")];
  if (problems > 0) {
    const more = warnings > 0 ? `, ${counted(warnings, "warning")}` : "";
    return paint(`${counted(problems, "problem")}${more}`, "red", color);
  }
  return warnings > 0
    ? paint(`No problems, ${counted(warnings, "warning")}`, "yellow", color)
    : paint("All is well", "green", color);
}

/** `doctor`: one entry a check, what was put right, and the sum. */
export function renderDiagnosis(
  { path, checks, fixed }: Diagnosis,
  view: View,
): string {
  const nameWidth = Math.max(...checks.map(({ name }) => name.length));
  const blocks = [
    `Pool in ${visible(path)}`,
    checks.map((check) => renderCheck(check, nameWidth, view)).join("\n"),
    ...(fixed.length > 0
      ? [["Put right", ...fixed.map((one) => `  ${visible(one)}`)].join("\n")]
      : []),
    renderSum(checks, view),
  ];
  return `${blocks.join("\n\n")}\n`;
}

/** What `doctor --save` shows and `doctor --recover` asks about. */
export function renderSalvaged(
  { damage, pool, capacitiesFrom, lost }: Salvaged,
  view: View,
  surroundings?: Surroundings,
): string {
  const [what] = damage.split(": it was left as it is");
  const from = capacitiesFrom === "copy"
    ? ", with the capacities from the copy beside it"
    : "";
  const blocks = [
    paint(visible(what), "red", view.color),
    paint(`This can be read${from}`, "bold", view.color),
    renderStatus(pool, view, {}, surroundings).trimEnd(),
    ...(lost.length === 0 ? [] : [[
      paint("This is lost", "bold", view.color),
      ...lost.map((one) => `  ${visible(one)}`),
    ].join("\n")]),
  ];
  return `${blocks.join("\n\n")}\n`;
}

/** `doctor --recover`: what was done. */
export function renderRecovered(
  { pool, lost, copyPath }: Recovered,
): string {
  const { path, leases, resources } = pool;
  const waiting = pool.queue.filter(({ leaseId }) => leaseId === null);
  const kept = `${counted(leases.length, "lease")} and ${
    counted(waiting.length, "request")
  } kept, ${counted(lost.length, "thing")} lost`;
  if (copyPath === null) {
    const names = Object.entries(resources)
      .map(([name, amount]) => renderCapacity(name, amount)).join(", ");
    return visible(`Recovered ${path}, in which nothing was left: ${names}`) +
      "\n";
  }
  return visible(`Recovered ${path}: ${kept}`) + "\n" +
    renderKept(copyPath);
}
