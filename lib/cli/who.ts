/**
 * Who is behind a lease or a request: what this machine tells of its processes.
 *
 * A process id in the state file is the one that the process itself sees, which in a
 * container is not ours. Only one that is proven to be meant is told, so that nobody
 * is shown, and killed, for another one: the one whose lock is the owner's, or its
 * command's; where they have none, the id that was written down where ids are those
 * of the machine.
 *
 * @module
 */
import { separateChild } from "./arguments.ts";
import { LockHolders, readQuietly, statQuietly } from "./lock_holders.ts";
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
  /** The command that continues it where it was stopped, as by Ctrl-Z; else null. */
  readonly continuedBy: string | null;
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

const NOBODY: Who = {
  pid: null,
  user: null,
  command: null,
  container: null,
  continuedBy: null,
};
/** A command line is shown in one line of a terminal. */
const MAX_COMMAND_LENGTH = 400;
const SHORT_CONTAINER_LENGTH = 12;

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

/** How a process stands, as the kernel tells it. */
interface Standing {
  readonly isStopped: boolean;
  readonly parent: number;
  /** Its process group; 0 where that cannot be seen from here. */
  readonly group: number;
}

function standingOf(pid: number): Standing | undefined {
  const text = readQuietly(`/proc/${pid}/stat`);
  // The program's name, in parentheses, may itself hold some.
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  if (fields === undefined) return undefined;
  const [letter, parent, group] = fields;
  return {
    // Not t: under a debugger no signal continues it.
    isStopped: letter === "T",
    parent: Number(parent),
    group: Number(group),
  };
}

/** The children of a process, of all its threads; none where that is not told. */
function childrenOf(pid: number): number[] {
  const tasks = `/proc/${pid}/task`;
  try {
    return [...Deno.readDirSync(tasks)].flatMap(({ name }) =>
      readQuietly(`${tasks}/${name}/children`)?.match(/\d+/g)?.map(Number) ?? []
    );
  } catch {
    return [];
  }
}

/** The ids of a process in all the namespaces that it is in, from ours inwards. */
function numbersOf(pid: number): number[] {
  const [line = ""] = readQuietly(`/proc/${pid}/status`)?.match(/^NSpid:.*/m) ??
    [];
  return line.match(/\d+/g)?.map(Number) ?? [];
}

/** Those children that a process knows by these ids, by their ids here. */
function childrenNamed(pid: number, pids: readonly number[]): number[] {
  const here = pids.filter((child) => standingOf(child)?.parent === pid);
  // What it has told may be numbers of its own namespace.
  return pids.length === 0 || here.length > 0
    ? here
    : childrenOf(pid).filter((child) =>
      numbersOf(child).some((number) => pids.includes(number))
    );
}

/**
 * The command that continues a process, or a child of it, that was stopped; else null.
 *
 * @param pids children as it knows them: in its namespace, which may be another
 */
export function continuationOf(
  pid: number,
  pids: readonly number[] = [],
): string | null {
  for (const one of [pid, ...childrenNamed(pid, pids)]) {
    const standing = standingOf(one);
    if (!standing?.isStopped) continue;
    // Ctrl-Z stops all that the shell has started for one line; -1 is everybody.
    return standing.group > 1
      ? `kill -s CONT -- -${standing.group}`
      : `kill -s CONT ${one}`;
  }
  return null;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1) || path;
}

/** The command line as it is installed, from a checkout or a bundle, and from JSR. */
const OURS =
  /^(?:.*\/)?(?:reslock(?:\.[jt]s)?|cli\.[jt]s)$|^jsr:\/?@reslock\/reslock(?:@[^/]*)?\/cli$/;

/** The words of the child, where the words are those of a `reslock run`. */
function childOf(words: readonly string[]): readonly string[] {
  const ours = words.findIndex((word) => OURS.test(word));
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

/** The inode of the first PID namespace is the same on every Linux. */
const INITIAL_PID_NAMESPACE = "pid:[4026531836]";

/** Whether process ids here are the machine's, as far as that is told or can be seen. */
function seesMachine(): boolean {
  try {
    const told = Deno.env.get("RESLOCK_PIDNS");
    return told === "host" || told !== "private" &&
        Deno.readLinkSync("/proc/self/ns/pid") === INITIAL_PID_NAMESPACE;
  } catch {
    return false;
  }
}

/** Knows nobody. */
export const NO_REGISTRY: Registry = { me: null, whoIs: () => NOBODY };

/**
 * Looks people up on this machine, each when first asked for.
 *
 * @param isMachine whether process ids here are the machine's
 */
export function registryOf(
  statePath: string,
  isMachine: () => boolean = seesMachine,
): Registry {
  const owners = `${statePath}.owners`;
  const holders = new LockHolders();
  let users: ReadonlyMap<number, string> | undefined;
  const userName = (uid: number | null | undefined): string | null => {
    users ??= parseUsers(readQuietly("/etc/passwd") ?? "");
    return uid === null || uid === undefined
      ? null
      : users.get(uid) ?? String(uid);
  };
  const known = new Map<number, Who>();

  const lookUp = (pid: number): Who => {
    const words = (readQuietly(`/proc/${pid}/cmdline`) ?? "").split("\0");
    if (words.at(-1) === "") words.pop();
    return {
      pid,
      user: userName(statQuietly(`/proc/${pid}`)?.uid),
      // A process of the kernel, or one that has ended, has none.
      command: words.length === 0 ? null : commandText(words),
      container: parseContainer(readQuietly(`/proc/${pid}/cgroup`) ?? ""),
      continuedBy: null,
    };
  };

  /** The first of these ids that a process has, where they mean the same here. */
  const there = (hostPid: number | null, pids: readonly number[]) => {
    if (!isMachine()) return undefined;
    // With a number of the host only that one counts; 1: it does not know it.
    const told = hostPid === null ? pids : hostPid > 1 ? [hostPid] : [];
    return told.find((pid) => statQuietly(`/proc/${pid}`) !== undefined);
  };

  /** The process, by its id here. */
  const processOf = (participant: Participant): number | undefined => {
    const { id, pid, hostPid, native, pids = [] } = participant;
    if (!native) return there(hostPid, [pid, ...pids]);
    const owner = id.slice(0, id.indexOf("-"));
    return holders.find(`${owners}/${owner}`, "WRITE", [pid]) ??
      holders.find(`${owners}/${id}.c`, "READ", pids) ??
      (hostPid === null ? there(null, pids) : undefined);
  };

  const whoIs = (participant: Participant): Who => {
    const pid = processOf(participant);
    if (pid === undefined) return NOBODY;
    const who = known.get(pid) ?? lookUp(pid);
    known.set(pid, who);
    // Anew each time, as no event of a pool tells of it.
    return { ...who, continuedBy: continuationOf(pid, participant.pids) };
  };
  return { me: userName(Deno.uid()), whoIs };
}
