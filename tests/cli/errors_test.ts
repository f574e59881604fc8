/**
 * Every class of error that programs can catch, brought about by somebody at a command
 * line, who is told what to do and gets the right exit code.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import * as reslock from "../../mod.ts";
import { ResourcePool } from "../../mod.ts";
import { Folder, lockerOf, until } from "../support/processes.ts";
import { assertHelps, call, type Outcome, outcome, start } from "./support.ts";

/** How an error is brought about, and what comes of it. */
interface Case {
  readonly provoke: (folder: Folder) => Promise<Outcome>;
  readonly code: number;
  /** What is said on standard error; or, where nothing failed, anywhere. */
  readonly saying: RegExp;
}

const EMPTY = '{"version":5,"resources":{},"leases":[],"queue":[]}';

function reslockIn(folder: Folder, ...words: string[]): Promise<Outcome> {
  return call(["--state", folder.state, ...words]);
}

async function withOneSlot(folder: Folder): Promise<void> {
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
}

/** While another program has the only slot. */
async function besideHolder(
  folder: Folder,
  use: (pool: ResourcePool) => Promise<Outcome>,
): Promise<Outcome> {
  await withOneSlot(folder);
  await using pool = new ResourcePool({ path: folder.state });
  await pool.acquire({ slot: 1 });
  return await use(pool);
}

/** While an operator cancels what `run` waits for. */
function cancelled(folder: Folder): Promise<Outcome> {
  return besideHolder(folder, async (pool) => {
    const running = reslockIn(folder, "run", "--resource", "slot=1", "true");
    await until("it waits", async () => (await pool.status()).queue.length > 0);
    const [{ id }] = (await pool.status()).queue;
    await reslockIn(folder, "cancel", id);
    return await running;
  });
}

/** With a file in the place of the state. */
function withText(text: string, ...words: string[]): Case["provoke"] {
  return (folder) => {
    Deno.writeTextFileSync(folder.state, text);
    return reslockIn(folder, ...words);
  };
}

/** While a program that was stopped has the file locked. */
async function besideStopped(folder: Folder): Promise<Outcome> {
  Deno.writeTextFileSync(folder.state, EMPTY);
  await using locker = await lockerOf(folder.state);
  locker.signal("SIGSTOP");
  return await reslockIn(folder, "set", "slot", "1");
}

/** While an operator takes the lease of `run` away. */
async function robbed(folder: Folder): Promise<Outcome> {
  await withOneSlot(folder);
  const done = `${folder.path}/done`;
  const told = Promise.withResolvers<void>();
  const running = call([
    ...["--state", folder.state, "run", "--resource", "slot=1"],
    ...["sh", "-c", `while [ ! -e "${done}" ]; do sleep 0.02; done`],
  ], { onError: () => told.resolve() });
  await using pool = new ResourcePool({ path: folder.state });
  await until("it holds", async () => (await pool.status()).leases.length > 0);
  const [{ id }] = (await pool.status()).leases;
  await reslockIn(folder, "release", id);
  await told.promise;
  Deno.writeTextFileSync(done, "");
  return await running;
}

/** On a machine whose driver is broken. */
async function withBrokenDriver(folder: Folder): Promise<Outcome> {
  const tool = `${folder.path}/nvidia-smi`;
  Deno.writeTextFileSync(
    tool,
    "#!/bin/sh\necho 'Failed to initialize NVML: Driver/library version mismatch'\nexit 18\n",
  );
  Deno.chmodSync(tool, 0o755);
  const env = { PATH: `${folder.path}:${Deno.env.get("PATH")}` };
  return await outcome(start(folder.path, ["detect"], env));
}

Deno.test("reslock says which file was probably meant, and never to remove one", async () => {
  using folder = new Folder();
  const { path, state } = folder;
  Deno.writeTextFileSync(`${path}/notes`, "root:x:0:0\n");
  Deno.symlinkSync(`${path}/notes`, `${path}/link`);
  Deno.mkdirSync(state);
  const cases: [file: string, advice: string][] = [
    [path, `did you mean "${state}"? If not, name another path`],
    [state, "must be a regular file: name another path"],
    ["/dev/null", "is a special file and must be a regular file: name another"],
    [`${path}/link`, "name the file that it leads to"],
    [`${path}/notes`, "does not begin like one: it was left as it is, name"],
  ];
  for (const [file, advice] of cases) {
    const { code, err } = await call(["status", "--state", file]);
    assertEquals(code, 3);
    assertStringIncludes(err, advice);
    assert(!/remove|reset/.test(err), err);
  }
});

const CASES: Readonly<Record<string, Case>> = {
  AcquireTimeoutError: {
    provoke: (folder) =>
      besideHolder(folder, () =>
        reslockIn(
          folder,
          ...["run", "--resource", "slot=1", "--timeout", "50ms", "true"],
        )),
    code: 124,
    saying:
      /^reslock: Gave up on slot 1 after 50 ms: needs 1 of slot; none free;/m,
  },
  AcquireCancelledError: {
    provoke: cancelled,
    code: 125,
    saying: /^reslock: .*cancelled/m,
  },
  ImpossibleRequestError: {
    provoke: async (folder) => {
      await withOneSlot(folder);
      return await reslockIn(folder, "run", "--resource", "slot=2", "true");
    },
    code: 125,
    saying: /^reslock: Cannot acquire 2 of "slot" as its whole capacity is 1/m,
  },
  LockTimeoutError: {
    provoke: besideStopped,
    code: 1,
    saying:
      /^reslock: Cannot lock .* as the process (\d+) \("sleep 300"\) held it.*"kill -CONT \1"/m,
  },
  CorruptStateError: {
    provoke: withText(EMPTY.slice(0, 20), "status"),
    code: 3,
    saying:
      /^reslock: Cannot read the state file .* not JSON.*"reslock doctor --recover"/m,
  },
  SchemaVersionMismatch: {
    provoke: withText(EMPTY.replace("5", "6"), "status"),
    code: 3,
    saying: /^reslock: Cannot use the state file .*version is 6/m,
  },
  StateAccessError: {
    provoke: (folder) => {
      Deno.mkdirSync(folder.state);
      return reslockIn(folder, "set", "slot", "1");
    },
    code: 3,
    saying: /^reslock: Cannot use .* must be a regular file/m,
  },
  LeaseLostError: {
    provoke: robbed,
    code: 0,
    saying: /^reslock: lease \S+ was taken away/m,
  },
  GpuDetectionError: {
    provoke: withBrokenDriver,
    code: 0,
    saying: /Driver\/library version mismatch/,
  },
};

function isErrorClass(value: unknown): boolean {
  return typeof value === "function" && value.prototype instanceof Error;
}

Deno.test("every error class of mod.ts can be brought about at the command line", () => {
  const names = Object.entries(reslock)
    .flatMap(([name, value]) => isErrorClass(value) ? [name] : []);
  assert(names.length >= 8);
  assertEquals(names.sort(), Object.keys(CASES).sort());
});

for (const [name, { provoke, code, saying }] of Object.entries(CASES)) {
  Deno.test(`reslock says what to do about ${name}, and ends with ${code}`, async () => {
    using folder = new Folder();
    const ended = await provoke(folder);
    assertEquals(ended.code, code, ended.err);
    assertMatch(code === 0 ? ended.out + ended.err : ended.err, saying);
    if (code !== 0) assertHelps(ended.err.trimEnd().split("\n").at(-1)!);
  });
}
