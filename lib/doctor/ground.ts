/**
 * What the pool stands on: the file system, its locks, and its watches.
 *
 * @module
 */
import { quoted } from "../core/quoted.ts";
import { fileSystemTrouble } from "../os/file_system.ts";
import { directoryOf } from "../os/paths.ts";
import { type Finding, ok, problem, warning } from "./check.ts";
import type { System } from "./system.ts";

const BYTES_PER_KIB = 1024;
const BYTES_PER_MIB = 1024 * BYTES_PER_KIB;
/** A state file of a thousand leases has half of that. */
const LOW_BYTES = BYTES_PER_MIB;
/** What the first lease writes: files of one page each, and the journal. */
const FULL_BYTES = 64 * BYTES_PER_KIB;
const INOTIFY_LIMIT = "/proc/sys/fs/inotify/max_user_instances";
const FEW_WATCHES = 8;

/** Whether the file system is one for a pool, and has room. */
export async function checkFileSystem(system: System): Promise<Finding> {
  const name = "file system";
  const directory = directoryOf(system.chosen.path);
  if (system.facts(directory) === "missing") {
    return ok(name, "Told when the directory is there");
  }
  const fileSystem = await system.fileSystem(directory);
  if (fileSystem === undefined) {
    return warning(
      name,
      "Its kind is not told here",
      "see to it that it is local",
    );
  }
  const trouble = fileSystemTrouble(fileSystem, directory);
  if (trouble !== undefined) {
    const isSerious = fileSystem.kind === "network" ||
      fileSystem.kind === "foreign";
    return (isSerious ? problem : warning)(name, trouble.what, trouble.advice);
  }
  if (fileSystem.readOnly) {
    return problem(
      name,
      "It is mounted read-only: nobody can take a lease, or give one back",
      "mount it writable, or name another directory with RESLOCK_DIR",
    );
  }
  const bytes = await system.freeBytes(directory);
  if (bytes === undefined) return ok(name, `It is local (${fileSystem.type})`);
  if (bytes < LOW_BYTES) {
    const free = `${Math.floor(bytes / BYTES_PER_KIB)} KB free`;
    const isFull = bytes < FULL_BYTES;
    return (isFull ? problem : warning)(
      name,
      `The disk of ${quoted(directory)} is ${isFull ? "" : "nearly "}full ` +
        `(${free})${isFull ? ": leases can be given back, but not taken" : ""}`,
      `make room on it; "df ${directory}" shows it`,
    );
  }
  const free = `${Math.floor(bytes / BYTES_PER_MIB)} MB free`;
  return ok(name, `It is local (${fileSystem.type}, ${free})`);
}

/** Whether locks work there, and nobody sits on that of the pool. */
export function checkLocks(system: System): Finding {
  const name = "locks";
  const { path } = system.chosen;
  const directory = directoryOf(path);
  const holder = system.lockHolder(path);
  if (holder?.isStopped) {
    const { pid, command = "of unknown name" } = holder;
    return problem(
      name,
      `Process ${pid} (${command}) was stopped while it held the lock: all ` +
        `others wait for it`,
      `"kill -CONT ${pid}" lets it go on, "kill -KILL ${pid}" ends it`,
    );
  }
  switch (tried(system, directory)) {
    case "works":
      return ok(name, "A lock keeps others out");
    case "broken":
      return problem(
        name,
        `A lock in ${quoted(directory)} does not keep others out: the same ` +
          `may be handed out twice`,
        "name a directory on a local disk with RESLOCK_DIR",
      );
    case "untried":
      return warning(
        name,
        `Not tried, as this user can make no file in ${quoted(directory)}`,
        "see what is said of files and of the file system",
      );
    case "missing":
      return ok(name, "Tried when the directory is there");
  }
}

function tried(system: System, directory: string) {
  if (system.facts(directory) === "missing") return "missing";
  return system.tryLocks(directory);
}

/** Whether a process can be woken, and how many more can. */
export async function checkWatches(system: System): Promise<Finding> {
  const name = "watches";
  const directory = directoryOf(system.chosen.path);
  if (system.facts(directory) === "missing") {
    return ok(name, "Tried when the directory is there");
  }
  const limit = Number(system.text(INOTIFY_LIMIT)?.trim() || NaN);
  const used = usedWatches(system);
  const counts = Number.isNaN(limit) || used === undefined
    ? ""
    : ` (${used} of ${limit} inotify instances of this user are in use)`;
  const more = `more: "sysctl fs.inotify.max_user_instances=1024" as root`;
  switch (await system.tryWatch(directory)) {
    case "works":
      if (limit - (used ?? 0) < FEW_WATCHES) {
        return warning(
          name,
          `Few programs more can be woken at once${counts}`,
          `allow ${more}`,
        );
      }
      return ok(name, `A write is heard of at once${counts}`);
    case "none":
      return warning(
        name,
        `None is to be had${counts}: programs that wait look a few times a ` +
          `second instead`,
        `allow ${more}`,
      );
    case "deaf":
      return warning(
        name,
        `Nobody hears of a write in ${quoted(directory)}: programs that wait ` +
          `look now and then instead`,
        "name a directory on a local disk with RESLOCK_DIR",
      );
    case "untried":
      return warning(
        name,
        `Not tried, as this user can make no file in ${quoted(directory)}`,
        "see what is said of files and of the file system",
      );
  }
}

/** The inotify instances of this user's processes; undefined where none is told. */
function usedWatches(system: System): number | undefined {
  const { uid } = system;
  if (uid === null) return undefined;
  let used = 0;
  for (const pid of system.list("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const facts = system.facts(`/proc/${pid}`);
    if (typeof facts === "string" || facts.uid !== uid) continue;
    for (const fd of system.list(`/proc/${pid}/fd`)) {
      const target = system.linkOf(`/proc/${pid}/fd/${fd}`);
      if (target === "anon_inode:inotify") used++;
    }
  }
  return used;
}
