/**
 * A machine with a pool, made up for tests of what is said of one.
 *
 * @module
 */
import type { ToolResult } from "../../lib/os/command.ts";
import type { FileFacts, System } from "../../lib/doctor/system.ts";
import type { Finding } from "../../lib/doctor/check.ts";
import type { EntryStatus, LeaseStatus, PoolStatus } from "../../mod.ts";
import { EMPTY_POOL, NOW_MS, SAMPLE_POOL } from "../cli/sample_pool.ts";

/** Where the pool of this machine is. */
export const STATE = "/pool/state.json";

/** Something in a folder; a file of everyone's where nothing else is said. */
export function facts(changes: Partial<FileFacts> = {}): FileFacts {
  return {
    kind: "file",
    mode: 0o666,
    uid: 0,
    dev: 1,
    ino: 1,
    links: 1,
    size: 4096,
    changedMs: NOW_MS,
    ...changes,
  };
}

/** A folder as that of a pool. */
export function folder(changes: Partial<FileFacts> = {}): FileFacts {
  return facts({ kind: "directory", mode: 0o1777, ino: 2, ...changes });
}

/** What a tool tells that runs well. */
export function answer(stdout = "", code = 0): ToolResult {
  return { kind: "ended", code, stdout, stderr: "" };
}

/** A pool in which nothing is wrong, with what is said here. */
export function pool(changes: Partial<PoolStatus> = {}): PoolStatus {
  return { ...EMPTY_POOL, path: STATE, ...changes };
}

/** A lease, and an entry, of which a test names what it is about. */
export function lease(changes: Partial<LeaseStatus> = {}): LeaseStatus {
  return { ...SAMPLE_POOL.leases[0], ...changes };
}

export function waiter(changes: Partial<EntryStatus> = {}): EntryStatus {
  const entry = SAMPLE_POOL.queue.find(({ leaseId }) => leaseId === null)!;
  return {
    ...entry,
    resources: {},
    vramMb: null,
    vramMbEach: null,
    numGpus: 0,
    ...changes,
  };
}

/** A machine on which all is well, but for what is said. */
export function system(
  changes: Partial<Omit<System, "facts">> & {
    /** What is there, by path. */
    readonly files?: Readonly<Record<string, FileFacts | "denied">>;
  } = {},
): System {
  const { files, ...others } = changes;
  const there = files ?? { "/pool": folder(), [STATE]: facts() };
  return {
    chosen: { path: STATE, rule: "path" },
    uid: 1000,
    namespace: "host",
    env: () => undefined,
    nowMs: () => NOW_MS,
    facts: (path) => there[path] ?? "missing",
    list: (path) =>
      Object.keys(there).filter((name) => name.startsWith(`${path}/`))
        .map((name) => name.slice(path.length + 1))
        .filter((name) => !name.includes("/")),
    text: () => undefined,
    linkOf: () => undefined,
    canWrite: () => true,
    fileSystem: () => Promise.resolve({ type: "ext4", kind: "sound" }),
    freeBytes: () => Promise.resolve(2 ** 30),
    tryLocks: () => "works",
    tryWatch: () => Promise.resolve("works"),
    probeOwner: () => "unknown",
    lockHolder: () => undefined,
    run: () => Promise.resolve(answer()),
    status: () => Promise.resolve(pool({ resources: {} })),
    copy: () => undefined,
    detect: () =>
      Promise.resolve({
        resources: {},
        limits: {},
        gpus: [],
        failures: [],
        sources: [],
      }),
    ...others,
  };
}

/** What is said in short: `problem: what is so`. */
export function said(findings: Finding | readonly Finding[]): string[] {
  return [findings].flat().map(({ level, message }) => `${level}: ${message}`);
}
