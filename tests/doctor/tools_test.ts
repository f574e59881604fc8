import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkTools } from "../../lib/doctor/tools.ts";
import type { ToolResult } from "../../lib/os/command.ts";
import { answer, lease, pool, said, system } from "./made_up_system.ts";

Deno.test("checkTools() says what is missed without kill and flock", async () => {
  assertEquals(said(await checkTools(system())), [
    "ok: kill and flock are there",
  ]);
  const results: ToolResult[] = [
    { kind: "missing" },
    { kind: "denied" },
    { kind: "late", timeoutMs: 5 },
    { kind: "unusable", reason: "x" },
    answer("", 1),
  ];
  for (const result of results) {
    const machine = system({ run: () => Promise.resolve(result) });
    const found = await checkTools(machine);
    assertEquals(found.map(({ level }) => level), ["warning", "warning"]);
    assertStringIncludes(found[0].message, "Python clients");
    assertStringIncludes(found[1].message, "flock -F");
  }
});

Deno.test("checkTools() asks of each tool what the pool asks of it", async () => {
  const asked: string[] = [];
  await checkTools(system({
    run(tool, args) {
      asked.push([tool, ...args].join(" "));
      return Promise.resolve(answer());
    },
  }));
  assertEquals(asked, [
    `kill -0 -- ${Deno.pid}`,
    "flock -F -s /dev/null true",
  ]);
});

Deno.test("checkTools() warns in a container beside Python clients alone", async () => {
  const native = pool({ leases: [lease({ native: true })] });
  const mixed = pool({ leases: [lease({ native: false })] });
  const inContainer = (status: typeof native) =>
    system({ namespace: "private", status: () => Promise.resolve(status) });
  assertEquals((await checkTools(inContainer(native)))[0].level, "ok");
  const [finding] = await checkTools(inContainer(mixed));
  assertEquals(finding.level, "warning");
  assertStringIncludes(finding.advice, "--pid=host");
});
