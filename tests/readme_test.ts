/**
 * The README does what it says: its examples are run. That its tables are those of the
 * code, `readme_facts_test.ts` holds.
 *
 * Blocks are run by what stands behind their three quotes:
 * - `ts`: a program that runs on any machine; `deno test --doc` runs it as well.
 * - `ts ignore`: one that needs a GPU, which only this test has to offer.
 * - `sh`: a script that ends with 0.
 * - `console`: commands behind `$`, with all that they print; for each of them the
 *   test waits until everything has appeared.
 * - `sh ignore`: what would change this machine or needs others, and is not run.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import * as reslock from "../mod.ts";
import { FAKE_TOOLS, writeScenario } from "./os/data/fake_tools/scenario.ts";
import { denoRunArgs, plainEnv, ROOT } from "./support/deno.ts";
import { Folder, Program, until, within } from "./support/processes.ts";

const README = Deno.readTextFileSync(`${ROOT}README.md`);
/** No step of an example takes longer, but for a machine that is out of breath. */
const STEP_LIMIT_MS = 30_000;
/** Whose machine the README shows. */
const SHOWN_HOME = "/home/ann";
const CARDS = [
  "GPU-5b1f6d2a-0c3e-4f7a-9d21-6a0e8c4b7f10",
  "GPU-c94e07d3-8a56-41b2-b7f0-1d2e3f4a5b6c",
];
const CAPACITIES = {
  cpu_cores: 16,
  ram_mb: 65_536,
  ...Object.fromEntries(CARDS.map((uuid) => [`gpu_${uuid}_vram_mb`, 24_576])),
};
/** Programs of which the README speaks: these end at once, servers run on. */
const PROGRAMS = ["docker", "llama-cli", "make", "python", "vllm"];
const SERVERS = ["llama-server", "whisper-server"];

interface Block {
  /** What stands behind the quotes. */
  readonly kind: string;
  readonly line: number;
  readonly text: string;
}

function blocksOf(kind: string): Block[] {
  const blocks: Block[] = [];
  for (const match of README.matchAll(/^```(.*)\n([^]*?)^```$/gm)) {
    const line = README.slice(0, match.index).split("\n").length;
    blocks.push({ kind: match[1], line, text: match[2] });
  }
  return blocks.filter((block) => block.kind === kind);
}

/** The machine of the README: its programs, its two cards, a pool that is set up. */
class Machine implements Disposable {
  readonly #folder = new Folder();
  readonly home = `${this.#folder.path}/home`;
  readonly state = `${this.home}/.reslock/state.json`;
  readonly #programs = `${this.#folder.path}/bin`;
  readonly #importMap = `${this.#folder.path}/import_map.json`;

  static async create(): Promise<Machine> {
    const machine = new Machine();
    await machine.#fill();
    await using pool = machine.pool();
    await pool.setResources(CAPACITIES);
    return machine;
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }

  pool(): reslock.ResourcePool {
    // A driver that is really there would be heard by the programs under test, too.
    return new reslock.ResourcePool({ path: this.state, driverCheck: false });
  }

  get env(): Record<string, string> {
    const env = plainEnv();
    // Deno's own cache is not in the new home.
    const cache = env.XDG_CACHE_HOME ?? `${env.HOME}/.cache`;
    return {
      DENO_DIR: `${cache}/deno`,
      ...env,
      NO_COLOR: "1",
      COLUMNS: "90",
      HOME: this.home,
      PATH: `${this.#programs}:${env.PATH}`,
      RESLOCK_FAKE_GPU: `${this.#folder.path}/cards`,
    };
  }

  /** How programs are run that import this package from JSR. */
  get denoOptions(): string[] {
    return ["--no-config", `--import-map=${this.#importMap}`];
  }

  async #fill(): Promise<void> {
    Deno.mkdirSync(this.home);
    Deno.mkdirSync(this.#programs);
    await writeScenario(`${this.#folder.path}/cards`, {
      cards: CARDS.map((uuid) => ({ uuid, name: "NVIDIA GeForce RTX 4090" })),
    });
    for (const file of ["nvidia-smi", "common.sh"]) {
      Deno.copyFileSync(`${FAKE_TOOLS}/${file}`, `${this.#programs}/${file}`);
    }
    Deno.writeTextFileSync(
      this.#importMap,
      JSON.stringify({
        imports: { "jsr:@reslock/reslock": `file://${ROOT}mod.ts` },
      }),
    );
    const deno = `"${Deno.execPath()}"`;
    const run = denoRunArgs().map((word) => `'${word}'`).join(" ");
    this.#addProgram("reslock", `exec ${deno} ${run} '${ROOT}cli.ts' "$@"`);
    this.#addProgram(
      "deno",
      `word=$1; shift\nexec ${deno} "$word" ${this.denoOptions.join(" ")} "$@"`,
    );
    for (const name of PROGRAMS) this.#addProgram(name, "exit 0");
    for (const name of SERVERS) this.#addProgram(name, "exec sleep 600");
  }

  #addProgram(name: string, script: string): void {
    const path = `${this.#programs}/${name}`;
    Deno.writeTextFileSync(path, `#!/bin/sh\n${script}\n`);
    Deno.chmodSync(path, 0o755);
  }
}

interface Ended {
  readonly code: number;
  /** Both outputs, one after the other. */
  readonly output: string;
}

async function end(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Record<string, string> },
): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    clearEnv: true,
    signal: AbortSignal.timeout(4 * STEP_LIMIT_MS),
    ...options,
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

// ------------------------------------------------------------------ ts blocks

Deno.test("README: its TypeScript runs", async () => {
  using machine = await Machine.create();
  const copy = `${machine.home}/README.md`;
  Deno.writeTextFileSync(copy, README.replaceAll("```ts ignore", "```ts"));
  const { code, output } = await end(
    Deno.execPath(),
    ["test", "-A", "--doc", ...machine.denoOptions, copy],
    { cwd: machine.home, env: machine.env },
  );
  assertEquals(code, 0, output);
  const count = blocksOf("ts").length + blocksOf("ts ignore").length;
  assertStringIncludes(output, `ok | ${count} passed | 0 failed`);
  assertStringIncludes(output, `whisper runs on ${CARDS[0]}\n`);
  await using pool = machine.pool();
  assertEquals((await pool.status()).leases, []);
});

// ---------------------------------------------------------------- shell blocks

for (const { line, text } of blocksOf("sh")) {
  Deno.test(`README:${line}: its script runs`, async () => {
    using machine = await Machine.create();
    const [{ text: program }] = blocksOf("ts ignore");
    Deno.writeTextFileSync(`${machine.home}/program.ts`, program);
    if (text.includes("set vram_mb")) {
      // It is for a machine whose cards cannot be found.
      await using pool = machine.pool();
      await pool.unsetResources(Object.keys(CAPACITIES));
    }
    const { code, output } = await end("sh", ["-e", "-c", text], {
      cwd: machine.home,
      env: machine.env,
    });
    assertEquals(code, 0, output);
  });
}

interface Step {
  readonly command: string;
  readonly output: readonly string[];
}

function stepsOf({ text }: Block): Step[] {
  return text.split(/^\$ /m).slice(1).map((part) => {
    const [command, ...output] = part.split("\n");
    return { command, output: output.filter((line) => line !== "") };
  });
}

/** What differs from run to run is taken out; spaces between columns count as one. */
function normalized(line: string, home: string): string {
  const text = line.replaceAll(home, SHOWN_HOME).replaceAll(/\s+/g, " ").trim();
  const named = text.replaceAll(/\b[0-9a-z]{10}-\d+\b/g, "ID")
    .replaceAll(/\(pid \d+\)/g, "(pid PID)");
  if (/^reslock priority /.test(named)) {
    return named.replace(/ [0-9a-z]{6} /, " ID ");
  }
  // A line of a table that begins with an id, or a place in the queue and an id.
  return /\d+s \d+ /.test(named)
    ? named.replace(/^((?:\d+ )?)[0-9a-z]{6} /, "$1ID ")
      .replace(/\d+s \d+ /, "AGE PID ")
    : named;
}

/** A shell that is given one command after the other, as a person does it. */
class Shell implements AsyncDisposable {
  /** Behind the output of each command. */
  static readonly #mark = "\x1e";
  readonly #program: Program;
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#program = new Program("bash", {
      cwd: machine.home,
      env: machine.env,
    });
  }

  async start(): Promise<void> {
    await this.#program.say("exec 2>&1");
  }

  /** The lines of its output, at least as many as are expected. */
  async run({ command, output }: Step): Promise<string[]> {
    const before = await this.#participants();
    await this.#program.say(command);
    // What the next command may ask for is the exit code of this one.
    const mark = `printf '\\n${Shell.#mark}\\n'`;
    await this.#program.say(`code=$?; ${mark}; (exit $code)`);
    const lines: string[] = [];
    for (let isOver = false; !isOver || lines.length < output.length;) {
      const line = await within(
        `the output of ${command}; so far: ${lines.join("\n")}`,
        STEP_LIMIT_MS,
        this.#program.line(),
      );
      if (line === undefined) throw new Error(`The shell ended: ${lines}`);
      if (line === Shell.#mark) isOver = true;
      else if (line !== "") lines.push(line);
    }
    if (command.endsWith("&")) {
      await until(
        `${command} stands in the file`,
        async () => await this.#participants() > before,
        STEP_LIMIT_MS,
      );
    }
    return lines;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.say("kill $(jobs -p); wait; exit");
    await within("the shell's end", STEP_LIMIT_MS, this.#program.exited);
    await this.#program[Symbol.asyncDispose]();
  }

  async #participants(): Promise<number> {
    await using pool = this.#machine.pool();
    const { leases, queue } = await pool.status();
    return leases.length + queue.length;
  }
}

for (const block of blocksOf("console")) {
  Deno.test(`README:${block.line}: its commands print what it shows`, async () => {
    using machine = await Machine.create();
    await using shell = new Shell(machine);
    await shell.start();
    const steps = stepsOf(block);
    // Of two programs at a time nobody knows which one writes first.
    const order = steps.some(({ command }) => command.endsWith("&"))
      ? (lines: string[]) => lines.sort()
      : (lines: string[]) => lines;
    for (const step of steps) {
      const lines = await shell.run(step);
      const show = (line: string) => normalized(line, machine.home);
      assertEquals(
        order(lines.map(show)),
        order(step.output.map(show)),
        step.command,
      );
    }
  });
}

Deno.test("README: what is not run is Deno's, npm's, Docker's or an administrator's", () => {
  for (const { text } of blocksOf("sh ignore")) {
    for (const line of text.split("\n").filter((line) => line !== "")) {
      assertMatch(line, /^(?:#|(?:[A-Z_]+=\S+ )?deno |npx |docker |sudo )/);
    }
  }
});

Deno.test("README: its first command does the main job in an empty home", async () => {
  using folder = new Folder();
  const command = /^deno (task reslock run .*)$/m.exec(README)?.[1] ?? "";
  assertStringIncludes(command, "echo hello");
  using machine = await Machine.create();
  const { code, output } = await end(Deno.execPath(), command.split(" "), {
    cwd: ROOT,
    env: { ...machine.env, HOME: folder.path },
  });
  assertEquals(code, 0, output);
  assertStringIncludes(output, "hello\n");
  assertMatch(output, /^reslock: registered cpu_cores = \d+ \(first use of /m);
});
