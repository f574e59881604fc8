/**
 * The programs of the system that the pool calls, and what it misses without them.
 *
 * @module
 */
import type { ToolResult } from "../os/command.ts";
import { type Finding, ok, warning } from "./check.ts";
import type { System } from "./system.ts";

const NAME = "tools";

/** Whether `kill` and `flock` are there and do what is wanted of them. */
export async function checkTools(system: System): Promise<Finding[]> {
  // What `kill` says of a process that is there is nothing.
  const [kill, flock] = await Promise.all([
    system.run("kill", ["-0", "--", String(Deno.pid)]),
    system.run("flock", ["-F", "-s", "/dev/null", "true"]),
  ]);
  const found: Finding[] = [];
  if (!isGood(kill)) {
    found.push(warning(
      NAME,
      `"kill" ${whatIsWrong(kill)}: leases of dead Python clients are kept`,
      "install procps",
    ));
  }
  if (!isGood(flock)) {
    found.push(warning(
      NAME,
      `"flock -F" ${whatIsWrong(flock)}: a command whose reslock run is ` +
        `killed loses its lease`,
      "install util-linux",
    ));
  }
  if (system.namespace === "private" && !await isAmongOurs(system)) {
    found.push(warning(
      NAME,
      "Process ids here are those of a container, and Python clients are in " +
        "the pool: nobody here can tell whether they live",
      "start the container with --pid=host",
    ));
  }
  return found.length > 0 ? found : [ok(NAME, "kill and flock are there")];
}

async function isAmongOurs(system: System): Promise<boolean> {
  try {
    const { leases, queue } = await system.status();
    return [...leases, ...queue].every(({ native }) => native);
  } catch {
    // Of a pool that cannot be read another check tells.
    return true;
  }
}

function isGood(result: ToolResult): boolean {
  return result.kind === "ended" && result.code === 0;
}

function whatIsWrong(result: ToolResult): string {
  switch (result.kind) {
    case "ended":
      return "does not know what is asked of it";
    case "missing":
      return "is not installed";
    case "denied":
      return "is not installed, or may not be run";
    case "late":
    case "flooded":
      return "does not answer";
    case "unusable":
      return "cannot be started";
  }
}
