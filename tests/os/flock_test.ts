import { assertEquals } from "@std/assert";
import { hasFlock, knowsNoFork } from "../../lib/os/flock.ts";

/** A directory with a program "flock", which is to be searched before all others. */
async function withFlock(
  script: string,
  work: (path: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/flock`;
  const before = Deno.env.get("PATH") ?? "";
  await Deno.writeTextFile(path, script, { mode: 0o755 });
  try {
    Deno.env.set("PATH", `${directory}:${before}`);
    await work(path);
  } finally {
    Deno.env.set("PATH", before);
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test({
  name: "the flock of util-linux is known by what it says",
  ignore: !await hasFlock(),
  fn() {
    const paths = (Deno.env.get("PATH") ?? "").split(":");
    const known = paths.some((path) => knowsNoFork(`${path}/flock`));
    assertEquals(known, true);
  },
});

Deno.test("another flock is tried before it is trusted", async () => {
  const naming = "#!/bin/sh\n# --no-fork\n";
  await withFlock(`${naming}exit 1\n`, async (path) => {
    assertEquals(knowsNoFork(path), false);
    assertEquals(await hasFlock(), false);
  });
  await withFlock(`${naming}exit 0\n`, async (path) => {
    assertEquals(knowsNoFork(path), false);
    assertEquals(await hasFlock(), true);
  });
});

Deno.test("a program that is not there knows nothing", () => {
  assertEquals(knowsNoFork("/nonexistent/flock"), false);
});
