/**
 * Who is behind a lease or a request: what this machine tells of its processes.
 *
 * A process id in the state file is the one that the process itself sees, which in a
 * container is not ours. The kernel tells whose lock a file has, for every owner that
 * can be seen from here, so that nobody is shown, and killed, for another one.
 *
 * @module
 */
import { separateChild } from "./arguments.ts";
import { RUN_OPTIONS } from "./run/options.ts";

/** What is known of a process; null where it is not to be found out here. */
export interface Who {
  /** Its id as seen from here. */
  readonly pid: number | null;
  readonly user: string | null;
  /** Its command line, without directories and without `reslock run`. */
  readonly command: string | null;
  /** Its container, such as `docker 3f2a1b9c04de`. */
  readonly container: string | null;
}

/** What names a process in a pool. */
export interface Participant {
  readonly id: string;
  readonly pid: number;
  readonly hostPid: number | null;
  readonly native: boolean;
  readonly pids?: readonly number[];
}

/** Tells who somebody is. */
export interface Registry {
  /** The name of the user who looks. */
  readonly me: string | null;
  whoIs(participant: Participant): Who;
}

const NOBODY: Who = { pid: null, user: null, command: null, container: null };
/** A command line is shown in one line of a terminal. */
const MAX_COMMAND_LENGTH = 400;
const SHORT_CONTAINER_LENGTH = 12;

/** The process that holds each file lock, by the inode of the file. */
export function parseLocks(text: string): ReadonlyMap<string, number> {
  const holders = new Map<string, number>();
  for (const line of text.split("\n")) {
    const match = /\bFLOCK\s+\S+\s+\S+\s+(\d+)\s+\S+?:(\d+)\s/.exec(line);
    if (match === null || match[1] === "0") continue;
    holders.set(match[2], Number(match[1]));
  }
  return holders;
}

/** Names by user id, as `/etc/passwd` has them. */
export function parseUsers(text: string): ReadonlyMap<number, string> {
  const users = new Map<number, string>();
  for (const line of text.split("\n")) {
    const [name, , id] = line.split(":");
    if (id !== undefined && !users.has(Number(id))) users.set(Number(id), name);
  }
  return users;
}

/** The container that a process is in, by its control groups. */
export function parseContainer(cgroups: string): string | null {
  const match = /(docker|libpod|cri-containerd|crio|lxc\.payload)[-./]([\w-]+)/
    .exec(cgroups);
  if (match === null) return /\/kubepods/.test(cgroups) ? "kubernetes" : null;
  const [, engine, name] = match;
  const kind = engine === "libpod"
    ? "podman"
    : engine.replace(/^cri-|\..*/g, "");
  return `${kind} ${name.slice(0, SHORT_CONTAINER_LENGTH)}`;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1) || path;
}

/** The words of the child, where the words are those of a `reslock run`. */
function childOf(words: readonly string[]): readonly string[] {
  const ours = words.findIndex((word) =>
    /^(?:reslock(?:\.[jt]s)?|cli\.ts)$/.test(baseName(word))
  );
  const run = ours < 0 ? -1 : words.indexOf("run", ours + 1);
  if (run < 0) return words;
  const options = Object.values(RUN_OPTIONS).flat();
  try {
    const separated = separateChild(
      words.slice(run + 1),
      options.map(([flags]) => flags),
    );
    const child = separated.slice(separated.indexOf("--") + 1);
    return child.length > 0 ? child : words;
  } catch {
    return words;
  }
}

/** A command line for people: what is run, without where it lies. */
export function commandText(words: readonly string[]): string {
  const [program = "", ...args] = childOf(words);
  return [baseName(program), ...args].join(" ").slice(0, MAX_COMMAND_LENGTH);
}

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

function stat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}

/** A number, then those of the files that a process has open where that is told. */
function* descriptorsOf(pid: number, first: string): Generator<string> {
  yield first;
  try {
    for (const { name } of Deno.readDirSync(`/proc/${pid}/fdinfo`)) yield name;
  } catch {
    // It has ended, or is another user's.
  }
}

/** Knows nobody. */
export const NO_REGISTRY: Registry = { me: null, whoIs: () => NOBODY };

/** Looks people up on this machine, each when first asked for. */
export function registryOf(statePath: string): Registry {
  let locks: ReadonlyMap<string, number> | undefined;
  let descriptor = "0";
  let users: ReadonlyMap<number, string> | undefined;
  const userName = (uid: number | null | undefined): string | null => {
    users ??= parseUsers(read("/etc/passwd") ?? "");
    return uid === null || uid === undefined
      ? null
      : users.get(uid) ?? String(uid);
  };
  const known = new Map<number, Who>();

  const lookUp = (pid: number): Who => {
    const line = read(`/proc/${pid}/cmdline`);
    if (line === undefined) return NOBODY;
    const words = line.split("\0");
    if (words.at(-1) === "") words.pop();
    return {
      pid,
      user: userName(stat(`/proc/${pid}`)?.uid),
      // A process of the kernel, or one that has ended, has none.
      command: words.length === 0 ? null : commandText(words),
      container: parseContainer(read(`/proc/${pid}/cgroup`) ?? ""),
    };
  };

  /** Whether a process holds the lock of a file, by what is told of its descriptors. */
  const holds = (pid: number, inode: string): boolean => {
    // Programs open their files in the same order: it is often the same number.
    for (const one of descriptorsOf(pid, descriptor)) {
      const told = read(`/proc/${pid}/fdinfo/${one}`) ?? "";
      if (parseLocks(told).get(inode) !== pid) continue;
      descriptor = one;
      return true;
    }
    return false;
  };

  /** The holder's id here; undefined where only its own word for it is known. */
  const holderOf = ({ id, pid }: Participant): number | undefined => {
    const owner = id.slice(0, id.indexOf("-"));
    const inode = stat(`${statePath}.owners/${owner}`)?.ino;
    if (inode === undefined) return undefined;
    if (locks === undefined && holds(pid, String(inode))) return pid;
    // Only now: the kernel makes a list of all locks only when nobody takes or drops
    // one, and has everybody on the machine wait for that, some 10 ms.
    locks ??= parseLocks(read("/proc/locks") ?? "");
    return locks.get(String(inode));
  };

  const whoIs = (participant: Participant): Who => {
    const { pid, hostPid, native, pids = [] } = participant;
    const here = native ? holderOf(participant) : hostPid ?? pid;
    for (const candidate of [here, ...pids]) {
      if (candidate === undefined) continue;
      const who = known.get(candidate) ?? lookUp(candidate);
      known.set(candidate, who);
      if (who.pid !== null) return who;
    }
    return NOBODY;
  };
  return { me: userName(Deno.uid()), whoIs };
}
