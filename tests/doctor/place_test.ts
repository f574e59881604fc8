import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkOtherPools, checkPlace } from "../../lib/doctor/place.ts";
import { facts, pool, said, STATE, system } from "./made_up_system.ts";

const RAM = { resources: { ram_mb: 1024 } };

Deno.test("checkPlace() says by which rule the pool was chosen", () => {
  const rules = {
    path: "named",
    RESLOCK_DIR: "RESLOCK_DIR",
    system: "of the machine",
    home: "home directory",
  } as const;
  for (const [rule, words] of Object.entries(rules)) {
    const chosen = { path: STATE, rule: rule as keyof typeof rules };
    const { level, message } = checkPlace(
      system({ chosen, env: () => "/pool" }),
    );
    assertEquals(level, "ok");
    assertStringIncludes(message, STATE);
    assertStringIncludes(message, words);
  }
});

Deno.test("checkPlace() warns of a RESLOCK_DIR that means another place elsewhere", () => {
  const chosen = {
    path: "/here/pool/state.json",
    rule: "RESLOCK_DIR",
  } as const;
  const machine = system({ chosen, env: () => "./pool" });
  assertEquals(checkPlace(machine).level, "warning");
});

/** A machine on which bob has a pool with this text, and ours has RAM. */
function beside(text: string | undefined, ours = RAM) {
  const other = "/home/bob/.reslock/state.json";
  return system({
    files: { [STATE]: facts(), [other]: facts({ ino: 7 }) },
    text: (path) =>
      path === "/etc/passwd"
        ? "root:x:0:0::/root:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n"
        : path === other
        ? text
        : undefined,
    status: () => Promise.resolve(pool(ours)),
  });
}

Deno.test("checkOtherPools() calls it a problem that another one hands out the same", async () => {
  const text = JSON.stringify({ resources: { ram_mb: 1 }, leases: [{}, {}] });
  const { level, message, advice } = await checkOtherPools(beside(text));
  assertEquals(level, "problem");
  assertStringIncludes(message, '"/home/bob/.reslock/state.json" (2 leases)');
  assertStringIncludes(advice, "reslock init --system");
});

Deno.test("checkOtherPools() looks at the pools of the machine, and of RESLOCK_DIR", async () => {
  const text = JSON.stringify({ resources: { ram_mb: 1 }, leases: [{}] });
  for (const directory of ["/var/lib/reslock", "/srv/pool"]) {
    const other = `${directory}/state.json`;
    const finding = await checkOtherPools(system({
      files: { [STATE]: facts(), [other]: facts({ ino: 7 }) },
      text: (path) => path === other ? text : undefined,
      env: (name) => name === "RESLOCK_DIR" ? "/srv/pool" : undefined,
      status: () => Promise.resolve(pool(RAM)),
    }));
    assertEquals(said(finding), [
      `problem: The same is handed out a second time in "${other}" (1 lease)`,
    ]);
  }
});

Deno.test("checkOtherPools() warns of another one that could, or that cannot be read", async () => {
  const idle = JSON.stringify({ resources: { ram_mb: 1 }, leases: [] });
  assertEquals((await checkOtherPools(beside(idle))).level, "warning");
  assertEquals((await checkOtherPools(beside(undefined))).level, "warning");
  const unknown = beside(idle, { resources: {} as typeof RAM.resources });
  assertEquals((await checkOtherPools(unknown)).level, "warning");
});

Deno.test("checkOtherPools() has nothing against one with other things", async () => {
  const text = JSON.stringify({ resources: { gpu_slots: 1 }, leases: [{}] });
  assertEquals((await checkOtherPools(beside(text))).level, "ok");
});

Deno.test("checkOtherPools() knows its own pool by another path", async () => {
  const machine = system({
    files: { [STATE]: facts(), "/var/lib/reslock/state.json": facts() },
  });
  assertEquals(said(await checkOtherPools(machine)), [
    "ok: No other pool was found",
  ]);
});
