import { assert, assertEquals } from "@std/assert";
import { systemTools, type ToolResult } from "../../lib/os/command.ts";
import { denoRunArgs, plainEnv, ROOT } from "../support/deno.ts";

function sh(
  script: string,
  options?: Parameters<typeof systemTools.run>[2],
): Promise<ToolResult> {
  return systemTools.run("sh", ["-c", script], options);
}

/** Writes a tool and hands its path over; it is gone afterwards. */
async function withTool(
  text: string,
  mode: number,
  use: (path: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/tool`;
    await Deno.writeTextFile(path, text);
    await Deno.chmod(path, mode);
    await use(path);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Runs a program that runs `tool` and prints the result, with these permissions. */
async function runLimited(
  permissions: readonly string[],
  tool: string,
  env: Record<string, string>,
): Promise<ToolResult> {
  const program = `
    import { systemTools } from "${new URL(
    "../../lib/os/command.ts",
    import.meta.url,
  )}";
    console.log(JSON.stringify(await systemTools.run("${tool}", ["a b"])));
  `;
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/main.ts`, program);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...denoRunArgs(permissions), `${directory}/main.ts`],
      cwd: ROOT,
      clearEnv: true,
      env: { ...plainEnv(), ...env },
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert(text !== "", new TextDecoder().decode(stderr));
    return JSON.parse(text);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("systemTools.run() tells output, errors and exit code", async () => {
  assertEquals(await sh("echo out; echo err >&2; exit 7"), {
    kind: "ended",
    code: 7,
    stdout: "out\n",
    stderr: "err\n",
  });
});

Deno.test("systemTools.run() speaks C and gives no input", async () => {
  const result = await sh('echo "$LC_ALL"; cat');
  assertEquals(result.kind === "ended" && result.stdout, "C\n");
});

Deno.test("systemTools.run() has no shell between", async () => {
  const result = await systemTools.run("printf", ["%s|", "a b", "$(id)", "*"]);
  assertEquals(result.kind === "ended" && result.stdout, "a b|$(id)|*|");
});

Deno.test("systemTools.run() keeps characters that are split between reads", async () => {
  const result = await sh("printf '\\303'; sleep 0.05; printf '\\244\\377'");
  assertEquals(result.kind === "ended" && result.stdout, "ä\ufffd");
});

Deno.test("systemTools.run() says that a tool is missing", async () => {
  assertEquals(await systemTools.run("reslock-no-such-tool", []), {
    kind: "missing",
  });
});

Deno.test("systemTools.run() says why a tool cannot start", async () => {
  await withTool("#!/bin/sh\n", 0o644, async (path) => {
    const result = await systemTools.run(path, []);
    assertEquals(result.kind, "unusable");
    assert(result.kind === "unusable" && result.reason !== "");
  });
});

Deno.test("systemTools.run() ends a tool that is late", async () => {
  const start = performance.now();
  const result = await sh("exec sleep 60", { timeoutMs: 50 });
  assertEquals(result, { kind: "late", timeoutMs: 50 });
  assert(performance.now() - start < 5000);
});

Deno.test("systemTools.run() ends although a child of the tool holds its output", async () => {
  const result = await sh("sleep 2 & sleep 2", { timeoutMs: 50 });
  assertEquals(result.kind, "late");
  // The tool has ended, its child has not, and nobody waits for that one either.
  const orphaned = await sh("sleep 2 & exit 0", { timeoutMs: 50 });
  assertEquals(orphaned.kind, "late");
});

Deno.test("systemTools.run() ends a tool that writes without end", async () => {
  for (const redirect of ["", ">&2"]) {
    const result = await sh(`exec yes ${redirect}`, { maxBytes: 100_000 });
    assertEquals(result, { kind: "flooded", maxBytes: 100_000 });
  }
});

Deno.test("systemTools.run() takes as much as is allowed", async () => {
  const result = await sh("printf 12345", { maxBytes: 5 });
  assertEquals(result.kind === "ended" && result.stdout, "12345");
  assertEquals((await sh("printf 123456", { maxBytes: 5 })).kind, "flooded");
});

Deno.test("systemTools.run() does not run what is not granted", async () => {
  await withTool("#!/bin/sh\necho ran\n", 0o755, async (path) => {
    assertEquals(await runLimited([], path, {}), { kind: "denied" });
    const other = ["--allow-run=/bin/sh"];
    assertEquals(await runLimited(other, path, {}), { kind: "denied" });
  });
});

Deno.test("systemTools.run() runs a granted tool although LD_LIBRARY_PATH is set", async () => {
  const script = '#!/bin/sh\necho "$1 ${LD_LIBRARY_PATH-unset} $LC_ALL"\n';
  await withTool(script, 0o755, async (path) => {
    const env = { LD_LIBRARY_PATH: "/usr/local/nvidia/lib64" };
    // Deno does not let a program with few rights hand that variable on.
    const few = await runLimited([`--allow-run=${path}`], path, env);
    assertEquals(few.kind === "ended" && few.stdout, "a b unset C\n");
    const all = await runLimited(["-A"], path, env);
    assertEquals(
      all.kind === "ended" && all.stdout,
      "a b /usr/local/nvidia/lib64 C\n",
    );
  });
});
