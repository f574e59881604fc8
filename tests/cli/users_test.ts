/**
 * The command line as another user of the machine has it, who may read the pool's file
 * and no more.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { Folder, Program } from "../support/processes.ts";
import { canBecomeOthers, Shelter } from "../support/shelter.ts";
import { bundleCli, outcome } from "./support.ts";

const possible = await canBecomeOthers();

/** All that changes something, and what it needs to be told. */
const CHANGING: readonly (readonly string[])[] = [
  ["set", "slot", "5"],
  ["unset", "slot"],
  ["init"],
  ["reset", "--force"],
  ["release", "--label", "held"],
  ["run", "--resource", "slot=1", "--", "true"],
  ["run", "--resource", "slot=1", "--no-wait", "--", "true"],
];

Deno.test({
  name:
    "reslock shows a pool to who may only read it, and changes nothing for him" +
    (possible ? "" : " (skipped: may not become other users)"),
  ignore: !possible,
}, async () => {
  using folder = new Folder();
  using shelter = await Shelter.open();
  const { through, deno, root, env } = shelter.as(1);
  const cli = `${root}cli.js`;
  await bundleCli(cli);
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 2 });
  await using _lease = await pool.acquire({ slot: 1 }, { label: "held" });
  Deno.chmodSync(folder.path, 0o755);
  Deno.chmodSync(folder.state, 0o644);
  const before = Deno.readTextFileSync(folder.state);
  const reslock = (...words: readonly string[]) => {
    const [command, ...args] = [
      ...[...through!, deno!, "run", "--quiet", "--no-prompt", "--no-config"],
      ...["-A", cli, "--state", folder.state, ...words],
    ];
    const path = { PATH: Deno.env.get("PATH")! };
    return outcome(new Program(command, { args, env: { ...path, ...env } }));
  };
  for (const words of [["status"], ["status", "--json"], ["list"], []]) {
    const { code, out, err } = await reslock(...words);
    assertEquals([code, err], [0, ""], words.join(" "));
    assertMatch(out, words.length > 0 ? /held/ : /slot|1 lease/);
  }
  for (const words of CHANGING) {
    const { code, out, err } = await reslock(...words);
    assertEquals([code, out], [3, ""], `${words.join(" ")}: ${err}`);
    assertMatch(err, /^reslock: Cannot .*\n$/);
    assert(err.includes(folder.path), err);
  }
  assertEquals(Deno.readTextFileSync(folder.state), before);
});
