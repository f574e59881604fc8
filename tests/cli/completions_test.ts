import { assert, assertEquals } from "@std/assert";
import { SHELLS } from "../../lib/cli/candidates.ts";
import { ResourcePool } from "../../mod.ts";
import { denoRunArgs, plainEnv, ROOT } from "../support/deno.ts";
import { Folder } from "../support/processes.ts";
import { call, ok } from "./support.ts";

async function words(state: string, ...typed: string[]): Promise<string[]> {
  const out = await ok(state, "completions", "words", "--", ...typed);
  return out.split("\n").slice(0, -1);
}

Deno.test("reslock completions tells the commands, options, ids, labels and names", async () => {
  using folder = new Folder();
  const { state } = folder;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ gpu_slots: 1, "odd name": 1 });
  await using lease = await pool.acquire({ gpu_slots: 1 }, { label: "a b" });
  assertEquals(await words(state, "rel"), ["release"]);
  assertEquals(await words(state, "help", "comp"), ["completions"]);
  assertEquals(await words(state, "release", ""), [lease.id]);
  assertEquals(await words(state, "cancel", ""), []);
  assertEquals(await words(state, "release", "--label", ""), ["a b"]);
  assertEquals(await words(state, "run", "--resource", "g"), ["gpu_slots="]);
  assertEquals(await words(state, "unset", "o"), ["odd name"]);
  assertEquals(await words(state, "status", "--js"), ["--json"]);
  assertEquals(await words(state, "run", "--gp"), ["--gpu", "--gpus"]);
  assertEquals(await words(state, "run", "--", "rel"), []);
  assert((await words(state, "")).includes("status"));
});

Deno.test("reslock completions names its shells where it is given another", async () => {
  const { code, err } = await call(["completions", "tcsh"]);
  assertEquals(code, 2);
  assert(err.includes("bash, zsh, fish"));
});

const CHECKS: Readonly<Record<string, string>> = {
  bash: `source "$1"; COMP_WORDS=(reslock unset gpu); COMP_CWORD=2; _reslock
    printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: `autoload -U compinit; compinit -D; source "$1"
    compadd() { shift; print -l -- $@ }; words=(reslock unset gpu); CURRENT=3; _reslock`,
  fish: `source $argv[1]; complete -C 'reslock unset gpu'`,
};

for (const shell of SHELLS) {
  const paths = (Deno.env.get("PATH") ?? "").split(":");
  const isThere = paths.some((path) => {
    try {
      return Deno.statSync(`${path}/${shell}`).isFile;
    } catch {
      return false;
    }
  });
  Deno.test({
    name: `reslock completions ${shell} completes in a real ${shell}`,
    ignore: !isThere,
    async fn() {
      using folder = new Folder();
      const { path, state } = folder;
      await ok(state, "set", "gpu_slots", "1");
      const run = [Deno.execPath(), ...denoRunArgs(), `${ROOT}cli.ts`]
        .map((word) => `'${word}'`).join(" ");
      Deno.writeTextFileSync(
        `${path}/reslock`,
        `#!/bin/sh\nexec ${run} "$@"\n`,
      );
      Deno.chmodSync(`${path}/reslock`, 0o755);
      const { out } = await call(["completions", shell]);
      Deno.writeTextFileSync(`${path}/script`, out);
      const check = CHECKS[shell];
      const args = shell === "fish"
        ? ["-c", check, `${path}/script`]
        : ["-c", check, shell, `${path}/script`];
      const { stdout, stderr } = await new Deno.Command(shell, {
        args,
        env: {
          ...plainEnv(),
          PATH: `${path}:${Deno.env.get("PATH")}`,
          RESLOCK_DIR: path,
          HOME: path,
          DENO_DIR: Deno.env.get("DENO_DIR") ??
            `${Deno.env.get("HOME")}/.cache/deno`,
        },
        clearEnv: true,
      }).output();
      const decoder = new TextDecoder();
      assertEquals(
        decoder.decode(stdout).trim(),
        "gpu_slots",
        decoder.decode(stderr),
      );
    },
  });
}
