import { assert, assertEquals } from "@std/assert";
import { SHELLS } from "../../lib/cli/candidates.ts";
import { encodeLease } from "../../lib/core/codec.ts";
import { ResourcePool } from "../../mod.ts";
import { denoCache, denoRunArgs, plainEnv, ROOT } from "../support/deno.ts";
import { setEnv } from "../support/fake_cards.ts";
import { Folder } from "../support/processes.ts";
import { leaseRecord } from "../support/records.ts";
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
  assertEquals(await words(state, "release", "--label", ""), ["a b"]);
  assertEquals(await words(state, "run", "--resource", "g"), ["gpu_slots="]);
  assertEquals(await words(state, "unset", "o"), ["odd name"]);
  assertEquals(await words(state, "status", "--js"), ["--json"]);
  assertEquals(await words(state, "run", "--gp"), ["--gpu", "--gpus"]);
  assertEquals(await words(state, "run", "--", "rel"), []);
  assert((await words(state, "")).includes("status"));
});

Deno.test("reslock completions looks into the pool that the line names", async () => {
  using folder = new Folder();
  const { path, state } = folder;
  await ok(state, "set", "here", "1");
  const other = `${path}/other.json`;
  await ok(other, "set", "there", "1");
  assertEquals(await words(state, "unset", ""), ["here"]);
  for (
    const line of [
      ["--state", other, "unset"],
      [`--state=${other}`, "unset"],
      ["unset", "-s", other],
      ["unset", "-s", state, "-s", other],
    ]
  ) assertEquals(await words(state, ...line, ""), ["there"]);
  const none = `${path}/none.json`;
  assertEquals(await words(state, "unset", "-s", none, ""), []);
  assertEquals(folder.names("").includes("none.json"), false);
  using _env = setEnv({ HOME: path });
  const line = ["unset", "-s", "~/other.json"];
  assertEquals(await words(state, ...line, ""), ["there"]);
});

Deno.test("reslock completions tells what may stand behind an option, also behind =", async () => {
  using folder = new Folder();
  const { state } = folder;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ "gpu_GPU-1a2b_vram_mb": 8000 });
  assertEquals(await words(state, "run", "--gpu", ""), ["GPU-1a2b"]);
  assertEquals(await words(state, "why", "--placement", "s"), ["spread"]);
  assertEquals(await words(state, "run", "--placement=p"), [
    "--placement=pack",
  ]);
  assertEquals(await words(state, "run", "--visible", ""), ["index", "uuid"]);
  assertEquals(await words(state, "run", "--reclaim-signal", "US"), [
    "USR1",
    "USR2",
  ]);
  assertEquals(await words(state, "run", "--", "x", "--placement", ""), []);
});

Deno.test("reslock completions offers nothing that looks or reads like something else", async () => {
  using folder = new Folder();
  const { state } = folder;
  const leases = ["a\nb", "a\u202eb", "-rf"].map((label, index) =>
    encodeLease(leaseRecord({
      id: `0123456789a${index}`,
      pid: Deno.pid,
      resources: new Map([["slots", 1]]),
      label,
    }))
  );
  Deno.writeTextFileSync(
    state,
    `{"version":5,"resources":{"--state=x":1,"slots":3},` +
      `"leases":[${leases}],"queue":[]}`,
  );
  assertEquals(await words(state, "release", "-l", ""), ["-rf"]);
  assertEquals(await words(state, "unset", ""), ["slots"]);
});

Deno.test("reslock completions names its shells where it is given another", async () => {
  const { code, err } = await call(["completions", "tcsh"]);
  assertEquals(code, 2);
  assert(err.includes("bash, zsh, fish"));
});

const CHECKS: Readonly<Record<string, string>> = {
  bash: `source "$1"; COMP_LINE="reslock unset gpu"; COMP_POINT=17; _reslock
    printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: `autoload -U compinit; compinit -D; source "$1"
    compadd() { print -l -- $found }; words=(reslock unset gpu); CURRENT=3; PREFIX=gpu
    _reslock`,
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
          DENO_DIR: denoCache(),
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
