/**
 * Tools that answer from files and texts, for tests of detection.
 *
 * @module
 */
import type { ToolResult, ToolRunner } from "../../lib/os/command.ts";

const DATA = new URL("./data/", import.meta.url);

/** The text of a file of test data. */
export function data(path: string): string {
  return Deno.readTextFileSync(new URL(path, DATA));
}

/** An answer; a text is one with exit code 0. */
export type Answer = string | ToolResult;

/** A tool that failed with these words. */
export function failed(code: number, words: string): ToolResult {
  return { kind: "ended", code, stdout: words, stderr: "" };
}

/** Answers commands that start with a key of the table; other tools are missing. */
export class RecordedTools implements ToolRunner {
  /** What was run, in order. */
  readonly calls: string[] = [];
  readonly #answers: Readonly<Record<string, Answer>>;

  constructor(answers: Readonly<Record<string, Answer>>) {
    this.#answers = answers;
  }

  run(tool: string, args: readonly string[]): Promise<ToolResult> {
    const command = [tool, ...args].join(" ");
    this.calls.push(command);
    const key = Object.keys(this.#answers)
      .filter((start) => command.startsWith(start))
      .sort((a, b) => b.length - a.length)[0];
    const answer: Answer = this.#answers[key] ?? { kind: "missing" };
    return Promise.resolve(
      typeof answer === "string"
        ? { kind: "ended", code: 0, stdout: answer, stderr: "" }
        : answer,
    );
  }
}
