import { assertEquals, assertMatch } from "@std/assert";
import {
  commandText,
  continuationOf,
  NO_REGISTRY,
  parseContainer,
  parseUsers,
  registryOf,
} from "../../lib/cli/who.ts";
import { ResourcePool } from "../../mod.ts";
import { Folder, processState, Program, until } from "../support/processes.ts";

/** No process has it before four million others were started. */
const HIGHEST_PID = 2 ** 22 - 1;

Deno.test("commandText() shows what is run, without where it lies", () => {
  const text = (line: string) => commandText(line.split(" "));
  assertEquals(
    text("/usr/bin/python3 train.py /data"),
    "python3 train.py /data",
  );
  assertEquals(text("reslock run --vram 8G -p 5 make -j 4"), "make -j 4");
  assertEquals(text("/opt/reslock run --vram=8G -- x -- y"), "x -- y");
  assertEquals(
    text("deno run -A /src/cli.ts --state f run --cpu 1 -- ./bin/train run"),
    "train run",
  );
  for (
    const ours of [
      "build/bundle/cli.js",
      "jsr:@reslock/reslock/cli",
      "jsr:@reslock/reslock@^0.1.0/cli",
      "jsr:/@reslock/reslock@0.1.0/cli",
    ]
  ) {
    assertEquals(text(`deno run -A ${ours} run --cpu 1 -- make`), "make", ours);
  }
  const other = "deno run -A jsr:@other/tool/cli run -- make";
  assertEquals(text(other), other);
  assertEquals(text("reslock status"), "reslock status");
  assertEquals(text("reslock run --vram"), "reslock run --vram");
});

Deno.test("parseUsers() reads names by id", () => {
  const users = parseUsers(
    "root:x:0:0::/root:/bin/sh\ntoor:x:0:0\n\nada:x:7:7",
  );
  assertEquals([...users], [[0, "root"], [7, "ada"]]);
});

Deno.test("parseContainer() tells the engine and the container", () => {
  const id = "3f2a1b9c04de".padEnd(64, "0");
  const short = id.slice(0, 12);
  const cases: readonly (readonly [string, string | null])[] = [
    ["0::/", null],
    ["0::/user.slice/session-1.scope", null],
    [`0::/system.slice/docker-${id}.scope`, `docker ${short}`],
    [`4:memory:/docker/${id}`, `docker ${short}`],
    [`0::/machine.slice/libpod-${id}.scope`, `podman ${short}`],
    [`0::/kubepods/pod1/cri-containerd-${id}.scope`, `containerd ${short}`],
    ["0::/kubepods/burstable/pod1", "kubernetes"],
    ["0::/lxc.payload.web1/init.scope", "lxc web1"],
  ];
  for (const [text, expected] of cases) {
    assertEquals(parseContainer(text), expected, text);
  }
});

Deno.test("continuationOf() takes no name of a program for how it stands", async () => {
  using folder = new Folder();
  // As the kernel would tell of one that was stopped, in a group 7.
  const path = `${folder.path}/x) T 1 7 (`;
  Deno.writeTextFileSync(path, "#!/bin/sh\necho ready; read line\n");
  Deno.chmodSync(path, 0o755);
  await using program = new Program(path, {});
  await program.line();
  assertEquals(continuationOf(program.pid), null);
  program.signal("SIGSTOP");
  await until("it stopped", () => processState(program.pid) === "T");
  assertMatch(continuationOf(program.pid) ?? "", /^kill -s CONT -- -\d\d+$/);
  program.signal("SIGCONT");
});

Deno.test("registryOf() finds the process behind a lease by its lock", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  await using _lease = await pool.acquire({ slots: 1 });
  const [lease] = (await pool.status()).leases;
  const { me, whoIs } = registryOf(folder.state);
  // As of a container: its own process id says nothing here.
  const who = whoIs({ ...lease, pid: 1 });
  assertEquals([who.pid, who.user], [Deno.pid, me]);
});

Deno.test("registryOf() asks for all locks of the machine only for whom it cannot see", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 2 });
  await using _one = await pool.acquire({ slots: 1 });
  await using _other = await pool.acquire({ slots: 1 });
  const [one, other] = (await pool.status()).leases;
  const { whoIs } = registryOf(folder.state);
  const { readTextFileSync } = Deno;
  const asked: string[] = [];
  Deno.readTextFileSync = (path) => {
    asked.push(String(path));
    return readTextFileSync(path);
  };
  try {
    assertEquals([one, other].map((who) => whoIs(who).pid), [
      Deno.pid,
      Deno.pid,
    ]);
    assertEquals(asked.includes("/proc/locks"), false);
    assertEquals(whoIs({ ...one, pid: 1 }).pid, Deno.pid);
    assertEquals(asked.includes("/proc/locks"), true);
  } finally {
    Deno.readTextFileSync = readTextFileSync;
  }
});

Deno.test("registryOf() shows nobody in the place of one that it cannot see", () => {
  using folder = new Folder();
  const gone = {
    id: "k3v9x2m1qa-4",
    pid: Deno.pid,
    hostPid: 1,
    native: true,
    pids: [Deno.pid],
  };
  const { whoIs } = registryOf(folder.state);
  assertEquals(whoIs(gone), NO_REGISTRY.whoIs(gone));
});

Deno.test("registryOf() takes an id that was written down where ids are the machine's", () => {
  using folder = new Folder();
  const pids = [HIGHEST_PID, Deno.pid];
  const python = { id: "0123456789ab", pid: Deno.pid, native: false };
  const parentless = { id: "k3v9x2m1qa-4", pid: HIGHEST_PID, native: true };
  const seen = (isMachine: boolean) => {
    const { whoIs } = registryOf(folder.state, () => isMachine);
    return [
      whoIs({ ...python, hostPid: null }).pid,
      whoIs({ ...python, pid: 2, hostPid: Deno.pid }).pid,
      whoIs({ ...python, hostPid: 1 }).pid,
      whoIs({ ...python, pid: HIGHEST_PID, hostPid: null, pids }).pid,
      whoIs({ ...parentless, hostPid: null, pids }).pid,
      whoIs({ ...parentless, hostPid: 1, pids }).pid,
    ];
  };
  const { pid } = Deno;
  assertEquals(seen(true), [pid, pid, null, pid, pid, null]);
  assertEquals(seen(false), Array(6).fill(null));
});
