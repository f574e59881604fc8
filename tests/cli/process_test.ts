/**
 * The command line as a process of its own: streams, signals, terminals, users.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { COMMAND_NAMES } from "../../lib/cli/commands.ts";
import { ResourcePool } from "../../mod.ts";
import { denoRunArgs, ROOT } from "../support/deno.ts";
import {
  Folder,
  Program,
  runTool,
  until,
  works,
} from "../support/processes.ts";
import { canBecomeOthers, Shelter } from "../support/shelter.ts";
import { assertHelps, call, outcome, scriptTo, start } from "./support.ts";

const hasSystemPool = await works("test", "-e", "/var/lib/reslock");
const hasScript = await works("script", "-qec", "true", "/dev/null");
const hasMounts = await works("unshare", "-m", "true");
const hasOthers = await canBecomeOthers();

function test(
  name: string,
  missing: string | undefined,
  body: () => Promise<void>,
): void {
  const words = missing === undefined ? name : `${name} (skipped: ${missing})`;
  Deno.test(words, { ignore: missing !== undefined }, body);
}

/** Logs each signal at once, as nothing but `wait` is cut short by one, until TERM. */
const LOGGING = ["HUP", "INT", "QUIT", "USR1", "USR2"]
  .map((name) => `trap "echo ${name}" ${name}`)
  .join("; ") +
  '; trap "echo TERM; exit 9" TERM; echo ready; while :; do sleep 0.1 & wait $!; done';

/**
 * What script(1) needs to give a program a terminal. Without `exec`, some shells stay
 * in front of the program and answer a Ctrl-C, too.
 */
function onTerminal(words: readonly string[]): string[] {
  const command = words.map((word) => `'${word}'`).join(" ");
  return ["-qec", `exec ${command}`, "/dev/null"];
}

/**
 * For programs that are to hear signals: what this process ignores, as after `nohup` or
 * behind a script's `&`, they would ignore as well.
 */
class Heeded implements Disposable {
  readonly #signals = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"] as const;
  readonly #listener = () => {};

  constructor() {
    for (const one of this.#signals) {
      Deno.addSignalListener(one, this.#listener);
    }
  }

  [Symbol.dispose](): void {
    for (const one of this.#signals) {
      Deno.removeSignalListener(one, this.#listener);
    }
  }
}

async function waitFor(path: string, text: string): Promise<void> {
  await until(`"${text.trim()}" is in the log`, () => {
    try {
      return Deno.readTextFileSync(path).endsWith(text);
    } catch {
      return false;
    }
  });
}

test(
  "reslock run needs nothing but an empty home",
  hasSystemPool ? "this machine has a pool" : undefined,
  async () => {
    using folder = new Folder();
    const args = ["run", "--cpu", "1", "--", "echo", "hello"];
    const first = await outcome(start(folder.path, args));
    assertEquals([first.code, first.out], [0, "hello\n"]);
    assertMatch(
      first.err,
      /^reslock: registered cpu_cores = \d+ \(first use of .*\/\.reslock\/state\.json\)\n$/,
    );
    const second = await outcome(start(folder.path, args));
    assertEquals(second, { code: 0, out: "hello\n", err: "" });
    assertEquals(
      Deno.statSync(`${folder.path}/.reslock`).mode! & 0o7777,
      0o1777,
    );
  },
);

test(
  "reslock --help lists the commands, and each has its own",
  undefined,
  async () => {
    using folder = new Folder();
    const help = (...args: string[]) => outcome(start(folder.path, args));
    const [all, one, other] = await Promise.all([
      help("--help"),
      help("run", "--help"),
      help("help", "run"),
    ]);
    assertEquals([all.code, all.err], [0, ""]);
    for (const name of COMMAND_NAMES) {
      assertMatch(all.out, new RegExp(`^ +${name}\\b`, "m"));
    }
    assertMatch(one.out, /reslock run .*COMMAND/);
    assertEquals(other, one);
  },
);

test("reslock run gives its streams to the child", undefined, async () => {
  using folder = new Folder();
  const { state, path } = folder;
  await call(["set", "slots", "1", "--state", state]);
  await using program = start(path, [
    ...["run", "-s", state, "--resource", "slots=1"],
    ...["sh", "-c", "read line; echo out $line; echo err >&2; exit 3"],
  ]);
  await program.say("asked");
  const { code, out, err } = await outcome(program);
  assertEquals({ code, out, err }, {
    code: 3,
    out: "out asked\n",
    err: "err\n",
  });
});

test(
  "reslock run refuses words that it cannot pass on as they are",
  undefined,
  async () => {
    using folder = new Folder();
    const { state } = folder;
    await call(["set", "slots", "1", "--state", state]);
    const program = new Program("sh", {
      args: [
        ...["-c", 'exec "$@" "$(printf "caf\\351")"', "sh"],
        ...[Deno.execPath(), ...denoRunArgs(), `${ROOT}cli.ts`],
        ...["run", "-s", state, "--resource", "slots=1", "echo"],
      ],
      env: Deno.env.toObject(),
    });
    const { code, out, err } = await outcome(program);
    assertEquals([code, out], [2, ""]);
    assertMatch(err, /^reslock: .*"caf\ufffd" as it is not UTF-8.*\n$/);
  },
);

test(
  "reslock run forwards signals, and ends after its child",
  undefined,
  async () => {
    using folder = new Folder();
    using _heeded = new Heeded();
    const { state, path } = folder;
    await call(["set", "slots", "1", "--state", state]);
    const log = `${path}/log`;
    const child = scriptTo(log, LOGGING);
    await using program = start(path, [
      ...["run", "-s", state, "--resource", "slots=1", child],
    ]);
    await waitFor(log, "ready\n");
    for (
      const name of ["HUP", "INT", "QUIT", "USR1", "USR2", "TERM"] as const
    ) {
      program.signal(`SIG${name}`);
      await waitFor(log, `${name}\n`);
    }
    assertEquals(
      Deno.readTextFileSync(log),
      "ready\nHUP\nINT\nQUIT\nUSR1\nUSR2\nTERM\n",
    );
    assertEquals(await outcome(program), { code: 9, out: "", err: "" });
  },
);

test(
  "reslock run and its child ignore a signal that was ignored at their start",
  undefined,
  async () => {
    using folder = new Folder();
    const { state, path } = folder;
    await using pool = new ResourcePool({ path: state });
    await pool.setResources({ slots: 1 });
    const lease = await pool.acquire({ slots: 1 });
    const log = `${path}/log`;
    const child = scriptTo(
      log,
      'trap "echo USR1; exit 7" USR1; echo ready; while :; do sleep 0.1 & wait $!; done',
    );
    // As `nohup` does, which also takes the streams of a terminal away.
    await using program = new Program("sh", {
      args: [
        ...["-c", 'trap "" HUP; exec "$@"', "sh"],
        ...[Deno.execPath(), ...denoRunArgs(), `${ROOT}cli.ts`],
        ...["run", "-q", "-s", state, "--resource", "slots=1", child],
      ],
      env: Deno.env.toObject(),
    });
    await until(
      "it waits",
      async () => (await pool.status()).queue.length === 1,
    );
    program.signal("SIGHUP");
    await lease.release();
    await waitFor(log, "ready\n");
    let pids: readonly number[] = [];
    await until("its pid is told", async () => {
      pids = (await pool.status()).leases[0].pids;
      return pids.length > 0;
    });
    program.signal("SIGHUP");
    Deno.kill(pids[0], "SIGHUP");
    program.signal("SIGUSR1");
    await waitFor(log, "USR1\n");
    assertEquals(await outcome(program), { code: 7, out: "", err: "" });
  },
);

test(
  "reslock run withdraws its request when it is stopped while it waits",
  undefined,
  async () => {
    using folder = new Folder();
    using _heeded = new Heeded();
    const { state, path } = folder;
    await using pool = new ResourcePool({ path: state });
    await pool.setResources({ slots: 1 });
    await using _lease = await pool.acquire({ slots: 1 });
    for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      await using program = start(path, [
        ...[
          "run",
          "-s",
          state,
          "--resource",
          "slots=1",
          "touch",
          `${path}/ran`,
        ],
      ]);
      await until(
        "it waits",
        async () => (await pool.status()).queue.length === 1,
      );
      program.signal("SIGUSR1");
      program.signal(signal);
      const ended = await outcome(program);
      assertEquals(ended.code, code);
      assertMatch(ended.err, new RegExp(`${signal}.*withdrawn\\n$`));
      assertEquals((await pool.status()).queue, []);
    }
    assertEquals(folder.names("").includes("ran"), false);
  },
);

test(
  "reslock run killed -9 keeps the lease for as long as its child lives",
  undefined,
  async () => {
    using folder = new Folder();
    const { state, path } = folder;
    await using pool = new ResourcePool({ path: state });
    await pool.setResources({ slots: 1 });
    const child = scriptTo(
      `${path}/log`,
      `echo ready; while [ ! -e "${path}/go" ]; do sleep 0.02; done`,
    );
    const program = start(path, [
      ...["run", "-s", state, "--resource", "slots=1", child],
    ]);
    await waitFor(`${path}/log`, "ready\n");
    await program.kill();
    assertEquals(await pool.tryAcquire({ slots: 1 }), null);
    assertEquals((await pool.status()).leases.length, 1);
    Deno.writeTextFileSync(`${path}/go`, "");
    await using _lease = await pool.acquire({ slots: 1 }, {
      timeoutMs: 10_000,
    });
    await program[Symbol.asyncDispose]();
  },
);

test(
  "reslock is silent when nobody reads its output any more",
  undefined,
  async () => {
    using folder = new Folder();
    await using program = new Program("sh", {
      args: [
        "-c",
        '"$@" | true; exit "$?"',
        "sh",
        Deno.execPath(),
        ...denoRunArgs(),
        `${ROOT}cli.ts`,
        ...["schema", "--state", folder.state],
      ],
      env: Deno.env.toObject(),
    });
    assertEquals(await outcome(program), { code: 0, out: "", err: "" });
  },
);

test(
  "reslock says that it is its output which cannot be written",
  await works("test", "-c", "/dev/full") ? undefined : "without /dev/full",
  async () => {
    using folder = new Folder();
    const program = new Program("sh", {
      args: [
        ...["-c", 'exec "$@" > /dev/full', "sh"],
        ...[Deno.execPath(), ...denoRunArgs(), `${ROOT}cli.ts`],
        ...["status", "-s", folder.state],
      ],
      env: Deno.env.toObject(),
    });
    const { code, err } = await outcome(program);
    assertEquals(code, 1);
    assertMatch(
      err,
      /^reslock: Cannot write to standard output \(No space .*\n$/,
    );
    assertHelps(err);
  },
);

test(
  "reslock run on a terminal leaves Ctrl-C to the terminal",
  hasScript ? undefined : "no script(1)",
  async () => {
    using folder = new Folder();
    const { state, path } = folder;
    await call(["set", "slots", "1", "--state", state]);
    const log = `${path}/log`;
    const child = scriptTo(log, LOGGING);
    const words = [
      Deno.execPath(),
      ...denoRunArgs(),
      `${ROOT}cli.ts`,
      ...["run", "-s", state, "--resource", "slots=1", child],
    ];
    await using program = new Program("script", {
      args: onTerminal(words),
      env: Deno.env.toObject(),
    });
    await waitFor(log, "ready\n");
    await program.say("\x03");
    await waitFor(log, "INT\n");
    const [{ pid }] = JSON.parse(
      (await call(["list", "-s", state, "--json"])).out,
    ).leases;
    Deno.kill(pid, "SIGTERM");
    assertEquals((await outcome(program)).code, 9);
    assertEquals(Deno.readTextFileSync(log), "ready\nINT\nTERM\n");
  },
);

test(
  "reslock colours its output on a terminal only, and not with NO_COLOR",
  hasScript ? undefined : "no script(1)",
  async () => {
    using folder = new Folder();
    await call(["set", "slots", "1", "--state", folder.state]);
    const words = [
      Deno.execPath(),
      ...denoRunArgs(),
      `${ROOT}cli.ts`,
      ...["status", "-s", folder.state],
    ];
    const shown = async (env: Record<string, string>) => {
      const program = new Program("script", {
        args: onTerminal(words),
        env: { ...Deno.env.toObject(), TERM: "xterm", ...env },
      });
      return (await outcome(program)).out;
    };
    const [colored, plain, dumb] = await Promise.all([
      shown({ NO_COLOR: "" }),
      shown({ NO_COLOR: "1" }),
      shown({ NO_COLOR: "", TERM: "dumb" }),
    ]);
    assertStringIncludes(colored, "\x1b[");
    for (const text of [plain, dumb]) {
      assertStringIncludes(text, "slots");
      assert(!text.includes("\x1b["));
    }
  },
);

test(
  "reslock init --system makes the pool that everybody finds",
  hasMounts ? undefined : "may not mount",
  async () => {
    const reslock = [Deno.execPath(), ...denoRunArgs(), `${ROOT}cli.ts`];
    const script = [
      "mount -t tmpfs tmpfs /var/lib",
      "umask 077",
      '"$@" init --system >/dev/null',
      "stat -c '%a %n' /var/lib/reslock /var/lib/reslock/state.json",
      '"$@" status --json',
    ].join(" && ");
    const out = await runTool(
      ...["env", "-u", "RESLOCK_DIR"] as const,
      ...["unshare", "-m", "sh", "-c", script, "sh", ...reslock],
    );
    const [directory, file, ...json] = out.split("\n");
    assertEquals(directory, "1777 /var/lib/reslock");
    assertEquals(file, "666 /var/lib/reslock/state.json");
    assertEquals(
      JSON.parse(json.join("\n")).path,
      "/var/lib/reslock/state.json",
    );
  },
);

test(
  "reslock tells another user of a file that he may not read, or not write",
  hasOthers ? undefined : "may not become other users",
  async () => {
    using folder = new Folder();
    using shelter = await Shelter.open();
    Deno.chmodSync(folder.path, 0o755);
    const bundle = `${folder.path}/cli.js`;
    const importMap = denoRunArgs().filter((word) => word.includes("map"));
    await runTool(
      ...[Deno.execPath(), "bundle", "-q"] as const,
      ...importMap,
      ...["-o", bundle, `${ROOT}cli.ts`],
    );
    Deno.chmodSync(bundle, 0o644);
    await call(["set", "slots", "1", "--state", folder.state]);
    const before = Deno.readTextFileSync(folder.state);
    const { through = [], env, deno = "" } = shelter.as(0);
    const asOther = (...args: string[]) => {
      const [program, ...words] = [
        ...through,
        deno,
        "run",
        "-A",
        "--no-config",
      ];
      return outcome(
        new Program(program, {
          args: [...words, bundle, "--state", folder.state, ...args],
          env: { PATH: "/usr/bin:/bin", ...env },
        }),
      );
    };
    const assertRefused = (ended: { code: number; err: string }) => {
      assertEquals(ended.code, 3, ended.err);
      assertStringIncludes(ended.err, folder.state);
      assertMatch(ended.err, /^reslock: .*\n$/);
    };

    Deno.chmodSync(folder.state, 0o444);
    assertRefused(await asOther("set", "slots", "2"));
    assertRefused(await asOther("run", "--resource", "slots=1", "true"));
    assertStringIncludes((await asOther("status")).out, "slots");
    Deno.chmodSync(folder.state, 0);
    assertRefused(await asOther("status"));
    assertEquals(Deno.readTextFileSync(folder.state), before);
  },
);
