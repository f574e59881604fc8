/**
 * Programs that may do exactly what is documented, or one thing less.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { encodeLease } from "../../lib/core/codec.ts";
import { plainEnv, ROOT } from "../support/deno.ts";
import { Folder, Program, textDecoder, works } from "../support/processes.ts";
import { leaseRecord } from "../support/records.ts";

const PROGRAM = "scoped_program.ts";
/** What Deno's question to a person ends with. */
const QUESTION = "Allow?";
const STEPS = [
  ...[
    "open",
    "status",
    "register",
    "take over",
    "hand over",
    "guard",
    "detect",
  ],
];
/** No process has it before four million others were started. */
const DEAD_PID = 2 ** 22 - 1;

type Kind = "run" | "read" | "write" | "env";
type Report = Readonly<Record<string, string>>;

function documented(folder: Folder): Record<Kind, string> {
  return {
    run: "--allow-run=kill,nvidia-smi",
    read: `--allow-read=${folder.path}`,
    write: `--allow-write=${folder.path}`,
    env: "--allow-env=RESLOCK_DIR,RESLOCK_PIDNS,HOME",
  };
}

function without(folder: Folder, kind: Kind): string[] {
  const { [kind]: _, ...rest } = documented(folder);
  return Object.values(rest);
}

function env(folder: Folder): Record<string, string> {
  return { RESLOCK_DIR: folder.path, RESLOCK_PIDNS: "host" };
}

/** A pool in which a dead Python client holds the whole of something. */
function folderWithDeadHolder(): Folder {
  const folder = new Folder();
  const lease = leaseRecord({
    id: "0123456789ab",
    pid: DEAD_PID,
    resources: new Map([["python", 1]]),
  });
  Deno.writeTextFileSync(
    folder.state,
    `{"version":5,"resources":{"python":1},"leases":[${encodeLease(lease)}],` +
      `"queue":[]}`,
  );
  return folder;
}

async function run(
  folder: Folder,
  permissions: readonly string[],
  args: readonly string[] = [],
  more: Readonly<Record<string, string>> = {},
): Promise<Report> {
  await using program = Program.start(PROGRAM, args, {
    permissions,
    env: { ...env(folder), ...more },
  });
  const line = await program.expectLine();
  assertEquals((await program.exited).code, 0);
  return JSON.parse(line);
}

/** Names of the steps that failed, after a look at what they say. */
function failed(report: Report, sayings: readonly RegExp[]): string[] {
  const names = STEPS.filter((name) => report[name] !== "done");
  for (const name of names) {
    for (const saying of sayings) assertMatch(report[name], saying);
  }
  return names;
}

Deno.test("ResourcePool needs no more than the documented permissions", async () => {
  using folder = folderWithDeadHolder();
  const report = await run(folder, Object.values(documented(folder)));
  assertEquals(failed(report, []), [], JSON.stringify(report));
});

Deno.test("ResourcePool asks processes even where libraries are preloaded", async () => {
  using folder = folderWithDeadHolder();
  const report = await run(folder, Object.values(documented(folder)), [], {
    LD_LIBRARY_PATH: folder.path,
  });
  assertEquals(failed(report, []), [], JSON.stringify(report));
});

Deno.test("ResourcePool without --allow-run only keeps what a dead Python client has", async () => {
  using folder = folderWithDeadHolder();
  const report = await run(folder, without(folder, "run"));
  assertEquals(failed(report, [/^AcquireTimeoutError: /]), ["take over"]);
});

Deno.test("ResourcePool says once what it does without, however many pools there are", async () => {
  using folder = folderWithDeadHolder();
  await using program = Program.start(PROGRAM, [], {
    permissions: without(folder, "run"),
    env: env(folder),
  });
  await program.expectLine();
  const said = (await program.stderr()).trimEnd().split("\n").sort();
  assertEquals(said.length, 2, said.join("\n"));
  assertMatch(said[0], /^reslock: Cannot keep .*--allow-run=flock$/);
  assertMatch(said[1], /^reslock: Cannot tell .*--allow-run=kill$/);
});

Deno.test("ResourcePool without --allow-env only needs a path", async () => {
  using folder = folderWithDeadHolder();
  const permissions = without(folder, "env");
  const report = await run(folder, permissions, [folder.state]);
  // Nobody tells it that its pids are the machine's.
  assertEquals(failed(report, [/^AcquireTimeoutError: /]), ["take over"]);
  const pathless = await run(folder, permissions);
  const saying = /^StateAccessError: .*"HOME".*--allow-env=HOME,RESLOCK_DIR$/;
  assertEquals(
    failed(pathless, [saying]),
    STEPS.filter((name) => name !== "detect"),
  );
});

Deno.test("ResourcePool without --allow-write only shows the pool", async () => {
  using folder = folderWithDeadHolder();
  const report = await run(folder, without(folder, "write"));
  const saying = new RegExp(
    `^StateAccessError: .*"${folder.path}.*--allow-write=${folder.path}`,
  );
  assertEquals(
    failed(report, [saying]),
    ["register", "take over", "hand over", "guard"],
  );
});

Deno.test("ResourcePool without --allow-read says what it may not read", async () => {
  using folder = folderWithDeadHolder();
  const report = await run(folder, without(folder, "read"));
  const saying = new RegExp(
    `^StateAccessError: .*"${folder.path}.*--allow-read=${folder.path}`,
  );
  assertEquals(
    failed(report, [saying]),
    ["status", "register", "take over", "hand over", "guard"],
  );
});

/** What a program writes to a terminal until its end, or until Deno asks there. */
async function onTerminal(
  folder: Folder,
  permissions: readonly string[],
  program: string,
): Promise<string> {
  const words = [
    ...[
      Deno.execPath(),
      "run",
      "--quiet",
      "--no-check",
      "--no-config",
      "--no-lock",
    ],
    ...permissions,
    program,
  ];
  const command = words.map((word) => `'${word}'`).join(" ");
  await using terminal = new Deno.Command("script", {
    args: ["-qfec", command, "/dev/null"],
    clearEnv: true,
    env: { ...plainEnv(), ...env(folder), NO_COLOR: "1" },
    // Without an input the terminal ends at once.
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let text = "";
  for await (const chunk of terminal.stdout.pipeThrough(textDecoder())) {
    text += chunk;
    // Nobody answers: the program goes with its terminal.
    if (text.includes(QUESTION)) break;
  }
  return text;
}

const hasTerminal = await works("script", "-qfec", "true", "/dev/null");

Deno.test({
  name: "ResourcePool never makes Deno ask, whatever is missing" +
    (hasTerminal ? "" : " (skipped: no terminal to be had)"),
  ignore: !hasTerminal,
}, async () => {
  using folder = folderWithDeadHolder();
  const program = `${ROOT}tests/support/${PROGRAM}`;
  const asking = `${folder.path}/asking.ts`;
  Deno.writeTextFileSync(asking, `Deno.readTextFileSync("/etc/hosts");`);
  // The terminal is one, and the words are the ones to look for.
  assertStringIncludes(await onTerminal(folder, [], asking), QUESTION);
  const all = Object.values(documented(folder));
  const kinds: Kind[] = ["run", "read", "write", "env"];
  const cases = [all, ...kinds.map((kind) => without(folder, kind))];
  for (const permissions of cases) {
    const text = await onTerminal(folder, permissions, program);
    assert(!text.includes(QUESTION), `${permissions}: ${text}`);
    assertStringIncludes(text, `"open":`);
  }
});
