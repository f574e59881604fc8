/**
 * Whether this is the pool that everybody means.
 *
 * @module
 */
import type { PathRule } from "../os/paths.ts";
import { SYSTEM_DIRECTORY } from "../os/paths.ts";
import { quoted } from "../core/quoted.ts";
import { counted, type Finding, ok, problem, some, warning } from "./check.ts";
import type { System } from "./system.ts";

const RULES: Readonly<Record<PathRule, string>> = {
  path: "it was named",
  RESLOCK_DIR: "RESLOCK_DIR says so",
  system: "it is that of the machine",
  home: "this is the home directory, and there is no pool of the machine",
};

/** More than any machine has users with a pool. */
const MAX_HOMES = 1000;

/** Why it is this file. */
export function checkPlace(system: System): Finding {
  const { path, rule } = system.chosen;
  const named = system.env("RESLOCK_DIR") ?? "";
  if (rule === "RESLOCK_DIR" && !named.startsWith("/")) {
    return warning(
      "place",
      `RESLOCK_DIR is ${quoted(named)}, which means another ` +
        `directory to programs that are started elsewhere`,
      "set it to a path that begins with /",
    );
  }
  return ok("place", `The pool is in ${quoted(path)}, as ${RULES[rule]}`);
}

interface OtherPool {
  readonly path: string;
  /** Capacities by name; undefined where it cannot be read. */
  readonly names: readonly string[] | undefined;
  readonly leases: number;
}

/** Whether other state files hand out what this one does. */
export async function checkOtherPools(system: System): Promise<Finding> {
  const name = "other pools";
  const ours: readonly string[] = await system.status()
    .then(({ resources }) => Object.keys(resources), () => []);
  const others = findOthers(system);
  const rivals = others.filter(({ names }) =>
    names === undefined || ours.length === 0 ||
    names.some((one) => ours.includes(one))
  );
  const places = (pools: readonly OtherPool[]) =>
    some(
      pools.map(({ path, leases, names }) =>
        `${quoted(path)} (${
          names === undefined ? "cannot be read" : counted(leases, "lease")
        })`
      ),
    );
  const advice = `agree on one, such as by "sudo reslock init --system", and ` +
    `remove the others when nobody uses them`;
  if (rivals.some(({ leases }) => leases > 0)) {
    return problem(
      name,
      `The same is handed out a second time in ${places(rivals)}`,
      advice,
    );
  }
  if (rivals.length > 0) {
    return warning(
      name,
      `The same could be handed out a second time in ${places(rivals)}`,
      advice,
    );
  }
  return ok(
    name,
    others.length === 0
      ? "No other pool was found"
      : `Others hand out other things: ${places(others)}`,
  );
}

function findOthers(system: System): OtherPool[] {
  const directories = [SYSTEM_DIRECTORY];
  const named = system.env("RESLOCK_DIR");
  if (named) directories.push(named);
  for (const home of homesOf(system)) directories.push(`${home}/.reslock`);
  const identity = (path: string) => {
    const facts = system.facts(path);
    return typeof facts === "string" ? facts : `${facts.dev} ${facts.ino}`;
  };
  const seen = new Set([identity(system.chosen.path)]);
  const found: OtherPool[] = [];
  for (const directory of directories) {
    const path = `${directory}/state.json`;
    const facts = system.facts(path);
    // What this user cannot even see, it cannot be told of.
    if (typeof facts === "string" || facts.kind !== "file") continue;
    if (seen.has(identity(path))) continue;
    seen.add(identity(path));
    found.push(readOther(system, path));
  }
  return found;
}

function homesOf(system: System): string[] {
  const homes = (system.text("/etc/passwd") ?? "").split("\n")
    .map((line) => line.split(":")[5] ?? "")
    .filter((home) => home.startsWith("/") && home !== "/")
    .slice(0, MAX_HOMES);
  const own = system.env("HOME");
  return [...new Set(own ? [own, ...homes] : homes)];
}

function readOther(system: System, path: string): OtherPool {
  try {
    const { resources, leases } = JSON.parse(system.text(path) ?? "");
    return { path, names: Object.keys(resources), leases: leases.length };
  } catch {
    return { path, names: undefined, leases: 0 };
  }
}
