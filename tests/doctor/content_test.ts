import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkContent } from "../../lib/doctor/content.ts";
import {
  CorruptStateError,
  LockTimeoutError,
  SchemaVersionMismatch,
  StateAccessError,
} from "../../mod.ts";
import type { PoolStatus } from "../../mod.ts";
import { NOW_MS } from "../cli/sample_pool.ts";
import { lease, pool, said, STATE, system, waiter } from "./made_up_system.ts";

const SLOT = { resources: { slot: 2 }, used: { slot: 1 } };

function check(status: PoolStatus) {
  return checkContent(system({
    status: () => Promise.resolve(status),
    copy: () => new Map(Object.entries(status.resources)),
  }));
}

Deno.test("checkContent() counts what is in a pool without troubles", async () => {
  const status = pool({ ...SLOT, leases: [lease()], queue: [waiter()] });
  assertEquals(said(await check(status)), [
    "ok: Version 5, 1 capacity, 1 lease, 1 waiter",
  ]);
  assertEquals((await checkContent(system({ files: {} })))[0].level, "ok");
});

Deno.test("checkContent() says what to do about a file that cannot be read", async () => {
  const path = STATE;
  const errors = [
    [
      new CorruptStateError("Cannot read it as x: it was left as it is, y", {
        path,
      }),
      "y",
    ],
    [new CorruptStateError("Cannot read it", { path }), "doctor --recover"],
    [
      new SchemaVersionMismatch("x", { path, found: 6, expected: 5 }),
      "one version",
    ],
    [
      new LockTimeoutError("Cannot lock it as others held it: end them", {
        path,
        waitedMs: 1000.02,
      }),
      "end them",
    ],
    [new StateAccessError("Cannot use it: mend it", { path }), "mend it"],
  ] as const;
  for (const [error, advice] of errors) {
    const found = await checkContent(
      system({ status: () => Promise.reject(error) }),
    );
    assertEquals(found.map(({ level }) => level), ["problem"]);
    assertStringIncludes(found[0].advice, advice);
  }
});

Deno.test("checkContent() finds a state file that was removed", async () => {
  const copy = () => new Map([["slot", 2]]);
  const [finding] = await checkContent(system({ files: {}, copy }));
  assertEquals(finding.level, "problem");
  assertStringIncludes(finding.advice, "reslock doctor --recover");
  const [emptied] = await checkContent(
    system({ status: () => Promise.resolve(pool({})), copy }),
  );
  assertEquals(emptied.level, "problem");
  assertStringIncludes(emptied.advice, "reslock doctor --recover");
  const empty = { files: {}, copy: () => new Map() };
  assertEquals((await checkContent(system(empty)))[0].level, "ok");
});

Deno.test("checkContent() finds the dead, and those of whom nobody can tell", async () => {
  const leases = [
    lease({ id: "aaaaaaaaaa-4", owner: "dead" }),
    lease({ id: "bbbbbbbbbb-4", owner: "unknown", pid: 77 }),
  ];
  // Work goes with its lease.
  const queue = [waiter({ leaseId: "aaaaaaaaaa-4", owner: "dead" })];
  const [dead, unknown] = await check(pool({ ...SLOT, leases, queue }));
  assertStringIncludes(dead.message, "have 1 lease or request (aaaaaaaaaa-4)");
  assertEquals(dead.fixes, [{ kind: "bury" }]);
  assertStringIncludes(unknown.message, '"bbbbbbbbbb-4" of process 77');
  assertEquals(unknown.fixes, []);
});

Deno.test("checkContent() finds who waits for what nobody has", async () => {
  const queue = [
    waiter({ resources: { slot: 1, token: 1, "disk_mb@/data": 5 } }),
    waiter({ vramMbEach: 100, numGpus: 2 }),
  ];
  const [finding] = await check(pool({ ...SLOT, queue }));
  assertEquals(finding.level, "warning");
  assertStringIncludes(finding.message, '"token", "GPU memory"');
});

Deno.test("checkContent() finds capacities that count for nothing", async () => {
  const resources = { vram_mb: 1024, gpu_A_vram_mb: 1024, "disk_mb@/": 3 };
  const used = { "disk_mb@/": 100 };
  const found = await check(pool({ resources, used }));
  assertEquals(found.map(({ level }) => level), ["problem", "warning"]);
  assertStringIncludes(found[0].message, '"vram_mb" is set beside cards');
  assertStringIncludes(found[0].advice, "reslock unset vram_mb");
  assertStringIncludes(found[1].message, '"disk_mb@/"');
});

Deno.test("checkContent() calls leases beyond a capacity a problem", async () => {
  const status = pool({
    resources: { ram_mb: 1024 },
    used: { ram_mb: 2048 },
    leases: [lease()],
  });
  const [finding] = await check(status);
  assertEquals(finding.level, "problem");
  assertStringIncludes(finding.message, '2 GB of "ram_mb", which has 1 GB');
});

Deno.test("checkContent() warns of entries from the future, and of times that are none", async () => {
  const acquiredAt = new Date(NOW_MS + 3_600_000).toISOString();
  const [finding] = await check(
    pool({ ...SLOT, leases: [lease({ acquiredAt })] }),
  );
  assertEquals([finding.name, finding.level], ["clock", "warning"]);
  assertStringIncludes(finding.message, "60 minutes");
  const odd = pool({ ...SLOT, leases: [lease({ acquiredAt: "yesterday" })] });
  assertEquals((await check(odd))[0].level, "ok");
});

Deno.test("checkContent() warns of a copy of the capacities that is old or missing", async () => {
  const status = pool(SLOT);
  for (const copy of [undefined, new Map([["slot", 1]]), new Map()]) {
    const found = await checkContent(system({
      status: () => Promise.resolve(status),
      copy: () => copy,
    }));
    assertEquals(found.map(({ level }) => level), ["warning"]);
    assertEquals(found[0].fixes, [{ kind: "copy" }]);
  }
});

Deno.test("checkContent() says that nothing is registered", async () => {
  const [finding] = await check(pool({ resources: {} }));
  assertEquals(finding.level, "warning");
  assertStringIncludes(finding.advice, "reslock init");
});
