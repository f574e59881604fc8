import { assertEquals } from "@std/assert";
import type { ToolResult, ToolRunner } from "../../lib/os/command.ts";
import { KillProbe, parseGone } from "../../lib/os/process_probe.ts";
import { Program } from "../support/processes.ts";

const MAX_PID = 2 ** 22;

/** A "kill" that says this, and the arguments it was given. */
class Kill implements ToolRunner {
  readonly calls: string[][] = [];
  readonly #result: ToolResult;

  constructor(result: Partial<ToolResult>) {
    const ended = { kind: "ended", code: 1, stdout: "", stderr: "" } as const;
    this.#result = { ...ended, ...result } as ToolResult;
  }

  run(tool: string, args: readonly string[]): Promise<ToolResult> {
    this.calls.push([tool, ...args]);
    return Promise.resolve(this.#result);
  }
}

Deno.test("parseGone() reads what each kind of kill says", () => {
  const said = {
    "procps": "kill: (7): No such process",
    "util-linux": "kill: sending signal to 7 failed: No such process",
    "busybox": "kill: can't kill pid 7: No such process",
    // Its own place comes before what it is about.
    "dash": "sh: 1: kill: (7): No such process",
    "bash": "bash: line 12: kill: (7) - No such process",
  };
  for (const [kind, line] of Object.entries(said)) {
    assertEquals(parseGone(`${line}\n`), [7], kind);
  }
  assertEquals(parseGone(Object.values(said).join("\n")), [7, 7, 7, 7, 7]);
});

Deno.test("parseGone() takes every other complaint for a sign of life", () => {
  for (
    const line of [
      "kill: (7): Operation not permitted",
      "kill: sending signal to 7 failed: Operation not permitted",
      "kill: No such process",
      "kill: unknown signal 0",
      "",
    ]
  ) {
    assertEquals(parseGone(line), [], line);
  }
});

Deno.test("KillProbe.gone() asks about no id that stands for others", async () => {
  const kill = new Kill({ stderr: "kill: (2): No such process\n" });
  const pids = [-7, -1, 0, 1, 2, MAX_PID, MAX_PID + 1];
  const gone = await new KillProbe(kill).gone(pids);
  assertEquals([...gone!], [2]);
  assertEquals(kill.calls, [["kill", "-0", "--", "2", String(MAX_PID)]]);
  assertEquals([...(await new KillProbe(kill).gone([0, 1]))!], []);
  assertEquals(kill.calls.length, 1);
});

Deno.test("KillProbe.gone() asks about many ids in several commands", async () => {
  const kill = new Kill({});
  const pids = Array.from({ length: 5000 }, (_, at) => at + 2);
  await new KillProbe(kill).gone(pids);
  assertEquals(kill.calls.flatMap(([, , , ...some]) => some.map(Number)), pids);
  assertEquals(kill.calls.length, 2);
});

Deno.test("KillProbe.gone() knows nothing where kill does not answer", async () => {
  for (const kind of ["missing", "denied"] as const) {
    const kill = new Kill({ kind });
    assertEquals(await new KillProbe(kill).gone([2]), undefined, kind);
  }
});

Deno.test("KillProbe.gone() tells the living from the gone", async () => {
  await using program = new Program("cat", { args: [] });
  const pids = [Deno.pid, program.pid];
  assertEquals([...(await new KillProbe().gone(pids))!], []);
  await program.kill();
  assertEquals([...(await new KillProbe().gone(pids))!], [program.pid]);
});
