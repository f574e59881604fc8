/**
 * What every test of both packages needs: a state file of its own, programs of either
 * kind, and what is in the file.
 *
 * @module
 */
import { type Decoded, decodeState } from "../../lib/core/codec.ts";
import { ResourcePool } from "../../mod.ts";
import { Actor } from "../support/actor.ts";
import { denoRunArgs, ROOT } from "../support/deno.ts";
import { Folder, runTool, until, within } from "../support/processes.ts";
import { findPython } from "../support/python.ts";
import type { Load } from "./load_program.ts";
import { type LoopResult, PythonClient } from "./python_client.ts";

const python = await findPython();

/** Programs of a test see each other's pids, wherever all this runs. */
const HOST = { env: { RESLOCK_PIDNS: "host" } };
/** A test that waits for longer waits for ever. */
const LIMIT_MS = 90_000;

/** A Python client rings nobody: a holder of ours looks by itself. */
export const HEARD_MS = 5000;

/** What a test takes beside the Python package. */
export interface Need {
  readonly what: string;
  readonly isMet: boolean;
}

/** A state file and those who share it; all of it ends with the scope. */
export class Scene implements AsyncDisposable {
  readonly folder = new Folder();
  readonly path: string = this.folder.state;
  readonly #others = new AsyncDisposableStack();

  /** A pool of this process; most cards here are none that a driver knows. */
  pool({ driverCheck = false } = {}): ResourcePool {
    const { path } = this;
    return this.#others.use(new ResourcePool({ path, driverCheck }));
  }

  /** A program of this package; those words come before it. */
  async native(through?: readonly string[]): Promise<Actor> {
    const options = { ...HOST, through };
    return this.#others.use(await Actor.start(this.path, options));
  }

  /** A program of the Python package; those words come before it. */
  python(through?: readonly string[]): PythonClient {
    return this.#others.use(
      new PythonClient(executable(), this.path, through),
    );
  }

  /** Has a program of this package acquire and release for a while. */
  async load(load: Load): Promise<LoopResult> {
    const result = await runTool(
      Deno.execPath(),
      ...[...denoRunArgs(), `${ROOT}tests/interop/load_program.ts`],
      ...[this.path, JSON.stringify(load)],
    );
    return JSON.parse(result);
  }

  /** The command line of the Python package; what it prints. */
  runPython(command: string, ...words: readonly string[]): Promise<string> {
    return runTool(
      "env",
      // Its tables cut off what does not fit.
      ...["COLUMNS=200", executable(), "-m", "reslock.cli"],
      ...[command, "--state", this.path, ...words],
    );
  }

  /** Our command line; what it prints. */
  runNative(command: string, ...words: readonly string[]): Promise<string> {
    return runTool(
      Deno.execPath(),
      ...[...denoRunArgs(), `${ROOT}cli.ts`],
      ...[command, "--state", this.path, ...words],
    );
  }

  /** What the file says now. */
  read(): Promise<Decoded> {
    return this.whileLocked((file) => {
      const bytes = new Uint8Array(file.statSync().size);
      file.readSync(bytes);
      return decodeState(new TextDecoder().decode(bytes), this.path);
    });
  }

  /** Does something while nobody else is at the file. */
  async whileLocked<T>(
    run: (file: Deno.FsFile) => T | Promise<T>,
  ): Promise<T> {
    using file = Deno.openSync(this.path);
    // Never waits in the system: a pool of this process may have the lock.
    await until("the file is free", () => file.tryLockSync());
    return await run(file);
  }

  /** Waits until so many requests wait. */
  async queued(count: number): Promise<void> {
    await until(`${count} requests wait`, async () => {
      const { entries } = await this.read();
      return entries.filter((entry) => entry.lease_id === null).length ===
        count;
    });
  }

  /**
   * Waits until somebody has written the file so many times: Python clients do
   * whenever they look.
   */
  async written(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      const writtenAt = () => Deno.statSync(this.path).mtime!.getTime();
      const before = writtenAt();
      await until("the file is written", () => writtenAt() !== before);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#others.disposeAsync();
    this.folder[Symbol.dispose]();
  }
}

function executable(): string {
  if ("missing" in python) throw new Error(python.missing);
  return python.executable;
}

/**
 * A test with the Python package; skipped, with the reason, where there is none.
 *
 * @param options.needs what else it takes, and whether that is to be had
 */
export function interopTest(
  name: string,
  run: (scene: Scene) => Promise<void>,
  { needs }: { readonly needs?: Need } = {},
): void {
  const missing = "missing" in python
    ? `the Python package: ${python.missing}`
    : needs?.isMet === false
    ? needs.what
    : undefined;
  Deno.test({
    name: missing === undefined ? name : `${name} (needs ${missing})`,
    ignore: missing !== undefined,
    fn: async () => {
      using _host = setEnv(HOST.env);
      await using scene = new Scene();
      await within("the whole test", LIMIT_MS, run(scene));
    },
  });
}

/** Adds to the environment of this process until the end of the scope. */
function setEnv(env: Readonly<Record<string, string>>): Disposable {
  const stack = new DisposableStack();
  for (const [name, value] of Object.entries(env)) {
    const before = Deno.env.get(name);
    Deno.env.set(name, value);
    stack.defer(() => {
      if (before === undefined) Deno.env.delete(name);
      else Deno.env.set(name, before);
    });
  }
  return stack;
}
