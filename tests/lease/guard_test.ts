import { assertEquals, assertRejects } from "@std/assert";
import { guardCommand } from "../../lib/lease/guard.ts";
import { guardPath } from "../../lib/os/owner_lock.ts";
import { setEnv } from "../support/fake_cards.ts";
import { ours } from "../support/pools.ts";
import { Folder } from "../support/processes.ts";

const COMMAND = ["sleep", "1"];
const LEASE = ours("own");

// In one test, as a program keeps what it has found out.
Deno.test("guardCommand() tries flock again if it could not be started, and guards each command", async () => {
  using folder = new Folder();
  Deno.writeTextFileSync(`${folder.path}/flock`, "#!/bin/sh\n", {
    mode: 0o755,
  });
  using _path = setEnv({ PATH: `${folder.path}:${Deno.env.get("PATH")}` });
  const owners = `${folder.path}/owners`;
  Deno.mkdirSync(owners);
  Deno.writeTextFileSync(`${owners}/${LEASE.split("-")[0]}`, "");
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const guard = () => guardCommand({ owners, warn }, LEASE, COMMAND);

  const real = Deno.Command;
  Deno.Command = class extends real {
    override output(): never {
      throw new Error("Resource temporarily unavailable (os error 11)");
    }
  };
  try {
    await assertRejects(guard, Error, "temporarily unavailable");
    await assertRejects(guard, Error, "temporarily unavailable");
  } finally {
    Deno.Command = real;
  }
  const guarded = ["flock", "-F", "-s", guardPath(owners, LEASE), ...COMMAND];
  assertEquals(await guard(), guarded);
  assertEquals(await guard(), guarded);
  assertEquals(warnings, []);
});
