/**
 * Every error in the sources tells what helps: also those that only a rare machine
 * brings about.
 *
 * @module
 */
import { assertEquals, assertGreater } from "@std/assert";
import { ROOT } from "../support/deno.ts";
import { assertHelps } from "./support.ts";

/** What somebody wanted so: nobody needs help with it. */
const WANTED = /^(?:Nothing was (?:reset|recovered)$|Stopped by )/;

/** What the program gave and what must be given instead: the step is plain. */
const WANTED_STATE =
  / as .*(?:must|is the most).*: current (?:value|length) is /;
/** The step is put in, or a part of it. */
const PUT_IN = /: …$|"reslock …"$/;

interface Site {
  readonly file: string;
  readonly kind: string;
  /** As it stands in the source, with `…` for what is put in. */
  readonly text: string;
}

function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(`${ROOT}${folder}`)) {
    if (isDirectory) yield* sources(`${folder}/${name}`);
    else if (name.endsWith(".ts")) yield `${folder}/${name}`;
  }
}

/** The source from an opening parenthesis to the closing one. */
function inParentheses(source: string, start: number): string {
  let depth = 0;
  for (let index = start; index < source.length; index++) {
    if (source[index] === "(") depth++;
    if (source[index] === ")" && --depth === 0) {
      return source.slice(start + 1, index);
    }
  }
  return source.slice(start + 1);
}

function* sitesIn(file: string): Generator<Site> {
  const source = Deno.readTextFileSync(`${ROOT}${file}`);
  for (const match of source.matchAll(/new (\w+(?:Error|Mismatch))\(/g)) {
    const call = inParentheses(source, match.index + match[0].length - 1);
    const flat = call.replaceAll(/\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}/g, "…");
    const text = [...flat.matchAll(/`([^`]*)`|"((?:[^"\\]|\\.)*)"|'([^']*)'/g)]
      .map((parts) => parts[1] ?? parts[2] ?? parts[3]).join("");
    yield { file, kind: match[1], text };
  }
}

Deno.test("every error of the command line is written with what helps", () => {
  const sites = [...sources("lib")].flatMap((file) => [...sitesIn(file)]);
  assertGreater(sites.length, 100);
  const silent = sites.filter(({ kind, text }) => {
    // The help is named behind each of these.
    if (kind === "UsageError" || kind === "UnknownOptionError") return false;
    const rules = [WANTED, WANTED_STATE, PUT_IN];
    if (!text.includes(" ") || rules.some((rule) => rule.test(text))) {
      return false;
    }
    try {
      assertHelps(text);
      return false;
    } catch {
      return true;
    }
  });
  assertEquals(silent, []);
});
