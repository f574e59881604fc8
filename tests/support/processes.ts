/**
 * Real processes for tests: started, spoken with line by line, stopped and killed.
 *
 * @module
 */
import { plainEnv, ROOT } from "./deno.ts";

/** How a program is started. */
export interface ProgramOptions {
  /** What Deno may do; everything unless said. */
  readonly permissions?: readonly string[];
  /** Words before `deno`, such as those of `unshare` or `setpriv`. */
  readonly through?: readonly string[];
  /** What is added to a plain environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where Deno and this repository are, for those who cannot reach these. */
  readonly deno?: string;
  readonly root?: string;
}

/** A running program of `tests/support`; killed at the end of its scope. */
export class Program implements AsyncDisposable {
  readonly exited: Promise<Deno.CommandStatus>;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stderr: Promise<string>;
  readonly #lines: AsyncGenerator<string>;
  #over = false;

  constructor(command: string, options: Deno.CommandOptions) {
    this.#child = new Deno.Command(command, {
      ...options,
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = splitLines(this.#child.stdout);
    this.#stderr = new Response(this.#child.stderr).text();
    this.exited = this.#child.status.then((status) => {
      this.#over = true;
      return status;
    });
  }

  /**
   * Starts a file of `tests/support`, or of an absolute path, in Deno. It imports
   * nothing from outside of the repository.
   */
  static start(
    file: string,
    args: readonly string[] = [],
    { permissions = ["-A"], through = [], env, ...places }: ProgramOptions = {},
  ): Program {
    const { deno = Deno.execPath(), root = ROOT } = places;
    const [command, ...words] = [
      ...through,
      ...[deno, "run", "--quiet", "--no-prompt", "--no-config", "--no-lock"],
      ...permissions,
      file.startsWith("/") ? file : `${root}tests/support/${file}`,
      ...args,
    ];
    return new Program(command, {
      args: words,
      env: { ...plainEnv(), ...env },
    });
  }

  /** The process that was started: with `through`, the first of those words. */
  get pid(): number {
    return this.#child.pid;
  }

  /** The next line of its output; undefined at the end. */
  async line(): Promise<string | undefined> {
    const { value, done } = await this.#lines.next();
    return done ? undefined : value;
  }

  /** The next line; an error with what it complains of if there is none. */
  async expectLine(): Promise<string> {
    const line = await this.line();
    if (line !== undefined) return line;
    const { code, signal } = await this.exited;
    throw new Error(
      `The program has ended (${signal ?? code}): ${await this.stderr()}`,
    );
  }

  /** All further lines. */
  async *lines(): AsyncGenerator<string> {
    for (let line = await this.line(); line !== undefined;) {
      yield line;
      line = await this.line();
    }
  }

  /** Closes this end of its output. */
  async stopReading(): Promise<void> {
    await this.#lines.return(undefined);
  }

  /** Everything that it writes to its standard error until its end. */
  stderr(): Promise<string> {
    return this.#stderr;
  }

  async say(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
  }

  /** The end of its input. */
  async hangUp(): Promise<void> {
    await this.#input.close().catch(() => {});
  }

  signal(signal: Deno.Signal): void {
    if (!this.#over) this.#child.kill(signal);
  }

  /** Kills it and waits until it is gone. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.hangUp();
    await this.#lines.return(undefined);
    await this.#stderr;
  }
}

/** A `TextDecoderStream` of the type that the streams of processes want. */
export function textDecoder(): ReadableWritablePair<string, Uint8Array> {
  return new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>;
}

async function* splitLines(
  bytes: ReadableStream<Uint8Array>,
): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of bytes.pipeThrough(textDecoder())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/** Runs a tool to its end and returns what it wrote; an error if it fails. */
export async function runTool(
  command: string,
  ...args: readonly string[]
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (success) return text;
  throw new Error(
    `Cannot run "${command} ${args.join(" ")}": ${text}` +
      new TextDecoder().decode(stderr),
  );
}

/** Whether a tool runs and succeeds here. */
export async function works(
  command: string,
  ...args: readonly string[]
): Promise<boolean> {
  try {
    await runTool(command, ...args);
    return true;
  } catch {
    return false;
  }
}

/** Waits for a condition; an error that names it if it does not come true. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 30_000,
): Promise<void> {
  const since = performance.now();
  while (!await condition()) {
    if (performance.now() - since > withinMs) {
      throw new Error(`Waited ${withinMs} ms in vain until ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** What a promise gives; an error if it takes longer. */
export async function within<T>(
  what: string,
  limitMs: number,
  promise: Promise<T>,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Waited ${limitMs} ms in vain for ${what}`)),
      limitMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The letter of a process's state: `R`, `S`, `T` (stopped), `Z` (zombie); else "". */
export function processState(pid: number): string {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return stat.slice(stat.lastIndexOf(")") + 2)[0];
  } catch {
    return "";
  }
}

/** Stops a process, and not while it has the lock of this file. */
export async function stopBeside(pid: number, path: string): Promise<void> {
  using file = Deno.openSync(path);
  await until("it is stopped without the lock", async () => {
    Deno.kill(pid, "SIGSTOP");
    await until("it is stopped", () => /[tT]/.test(processState(pid)));
    if (file.tryLockSync(true)) {
      file.unlockSync();
      return true;
    }
    Deno.kill(pid, "SIGCONT");
    return false;
  });
}

/** The name of the program that a process is now; "" if it is gone. */
export function programOf(pid: number): string {
  return readQuietly(`/proc/${pid}/comm`).trim();
}

/** A program that has the lock of a file until the end of its scope. */
export async function lockerOf(path: string): Promise<Program> {
  const locker = new Program("flock", { args: ["-F", path, "sleep", "300"] });
  // It becomes that once it has the lock.
  await until("it has the lock", () => programOf(locker.pid) === "sleep");
  return locker;
}

/** Pids of the children of a process. */
export function childrenOf(pid: number): number[] {
  const text = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
  return text.split(" ").filter(Boolean).map(Number);
}

/** How many files and folders a process watches. */
export function watchesOf(pid: number): number {
  let count = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fdinfo`)) {
    const text = readQuietly(`/proc/${pid}/fdinfo/${name}`);
    count += text.match(/^inotify /gm)?.length ?? 0;
  }
  return count;
}

function readQuietly(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // Closed a moment ago.
    return "";
  }
}

/** Words before `deno` that leave it without watches: as of a user who has used them up. */
export const WITHOUT_WATCHES: readonly string[] = [
  ...["unshare", "--user", "--map-root-user", "sh", "-c"],
  'echo 0 > /proc/sys/user/max_inotify_instances; exec "$@"',
  "sh",
];

/** A folder for one test, removed at the end of its scope. */
export class Folder implements Disposable {
  readonly path: string;
  /** Where a pool's state file may be. */
  readonly state: string;

  constructor() {
    this.path = Deno.makeTempDirSync({ prefix: "reslock-" });
    this.state = `${this.path}/state.json`;
  }

  /** Names in a folder below this one, sorted; none if it is not there. */
  names(folder: string): string[] {
    try {
      return [...Deno.readDirSync(`${this.path}/${folder}`)]
        .map(({ name }) => name).sort();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
