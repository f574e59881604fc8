/**
 * What the checks ask of the machine; tests put a made-up one in its place.
 *
 * @module
 */
import { readCapacities } from "../capacities.ts";
import { isOwnerName } from "../core/ids.ts";
import type { Amounts } from "../core/model.ts";
import { systemTools, type ToolResult } from "../os/command.ts";
import { type Detection, detectResources } from "../os/detection.ts";
import { readDiskBytes } from "../os/disk.ts";
import { openRegular, removeQuietly } from "../os/file.ts";
import { type FileSystem, readFileSystem } from "../os/file_system.ts";
import { systemKernelFiles } from "../os/kernel_file.ts";
import { findLockHolder, type LockHolder } from "../os/lock_holder.ts";
import { type Probe, probeLock } from "../os/owner_lock.ts";
import {
  baseName,
  type ChosenPath,
  createFile,
  draftPath,
} from "../os/paths.ts";
import { isGranted, readEnv } from "../os/permissions.ts";
import { KillProbe, type ProcessProbe } from "../os/process_probe.ts";
import { watch } from "../os/bell.ts";
import type { Session } from "../session/session.ts";
import { type PoolStatus, poolStatus } from "../status.ts";

/** A name in a folder, as `lstat` tells of it. */
export interface FileFacts {
  readonly kind: "file" | "directory" | "link" | "other";
  readonly mode: number;
  readonly uid: number | null;
  readonly dev: number;
  readonly ino: number;
  readonly links: number;
  readonly size: number;
  /** When it was changed, in milliseconds since 1970. */
  readonly changedMs: number;
}

/** The machine and the pool on it. */
export interface System {
  readonly chosen: ChosenPath;
  /** The user of this process; null where nobody tells. */
  readonly uid: number | null;
  readonly namespace: ProcessProbe["namespace"];
  env(name: string): string | undefined;
  nowMs(): number;
  facts(path: string): FileFacts | "missing" | "denied";
  /** Names in a folder; none where it cannot be read. */
  list(path: string): readonly string[];
  /** A regular file's text, or one of the kernel's; at most 16 MiB. */
  text(path: string): string | undefined;
  /** Where a link in `/proc` leads. */
  linkOf(path: string): string | undefined;
  /** Whether a file may be opened to write. */
  canWrite(path: string): boolean;
  fileSystem(directory: string): Promise<FileSystem | undefined>;
  /** What a program without special rights can still write there. */
  freeBytes(directory: string): Promise<number | undefined>;
  /** Whether a lock keeps others out there, tried on a file of its own. */
  tryLocks(directory: string): "works" | "broken" | "untried";
  /** Whether a write is heard of there, tried on a file of its own. */
  tryWatch(directory: string): Promise<"works" | "deaf" | "none" | "untried">;
  probeOwner(path: string): Probe;
  lockHolder(path: string): LockHolder | undefined;
  run(tool: string, args: readonly string[]): Promise<ToolResult>;
  /** The pool; throws what its users would get. */
  status(): Promise<PoolStatus>;
  /** The copy of the capacities. */
  copy(): Amounts | undefined;
  detect(): Promise<Detection>;
}

const MAX_TEXT_BYTES = 16 * 1024 * 1024;
const HEAR_WITHIN_MS = 1000;
const TOOL_TIMEOUT_MS = 5000;
const PROBE_BYTE = Uint8Array.of(0x20);

/** This machine, with the pool of a session. */
export class RealSystem implements System {
  readonly chosen: ChosenPath;
  readonly #session: Session;
  readonly #probe: ProcessProbe = new KillProbe();
  #status: Promise<PoolStatus> | undefined;

  constructor(chosen: ChosenPath, session: Session) {
    this.chosen = chosen;
    this.#session = session;
  }

  get uid(): number | null {
    return isGranted({ name: "sys", kind: "uid" }) ? Deno.uid() : null;
  }

  get namespace(): ProcessProbe["namespace"] {
    return this.#probe.namespace;
  }

  env(name: string): string | undefined {
    return readEnv(name);
  }

  nowMs(): number {
    return Date.now();
  }

  facts(path: string): FileFacts | "missing" | "denied" {
    try {
      const info = Deno.lstatSync(path);
      return {
        kind: info.isFile
          ? "file"
          : info.isDirectory
          ? "directory"
          : info.isSymlink
          ? "link"
          : "other",
        mode: (info.mode ?? 0) & 0o7777,
        uid: info.uid,
        dev: info.dev,
        ino: info.ino ?? 0,
        links: info.nlink ?? 1,
        size: info.size,
        changedMs: info.mtime?.getTime() ?? 0,
      };
    } catch (error) {
      const isMissing = error instanceof Deno.errors.NotFound ||
        error instanceof Deno.errors.NotADirectory;
      return isMissing ? "missing" : "denied";
    }
  }

  list(path: string): readonly string[] {
    return systemKernelFiles.list(path);
  }

  text(path: string): string | undefined {
    if (path.startsWith("/proc/")) return systemKernelFiles.read(path);
    const file = openRegular(path, { read: true });
    if (file === undefined) return undefined;
    try {
      const { size } = file.statSync();
      if (size > MAX_TEXT_BYTES) return undefined;
      const bytes = new Uint8Array(size);
      let length = 0;
      for (;;) {
        const count = file.readSync(bytes.subarray(length));
        if (count === null || count === 0) break;
        length += count;
      }
      return new TextDecoder().decode(bytes.subarray(0, length));
    } catch {
      return undefined;
    } finally {
      file.close();
    }
  }

  linkOf(path: string): string | undefined {
    try {
      return Deno.readLinkSync(path);
    } catch {
      return undefined;
    }
  }

  canWrite(path: string): boolean {
    const file = openRegular(path, { read: true, write: true });
    file?.close();
    return file !== undefined;
  }

  fileSystem(directory: string): Promise<FileSystem | undefined> {
    return readFileSystem(directory);
  }

  async freeBytes(directory: string): Promise<number | undefined> {
    try {
      return (await readDiskBytes(directory)).freeBytes;
    } catch {
      return undefined;
    }
  }

  tryLocks(directory: string): "works" | "broken" | "untried" {
    const path = this.#probePath(directory);
    try {
      createFile(path, PROBE_BYTE);
      using first = Deno.openSync(path, { read: true, write: true });
      using second = Deno.openSync(path, { read: true, write: true });
      if (!first.tryLockSync(true)) return "broken";
      if (second.tryLockSync(true)) return "broken";
      first.unlockSync();
      return second.tryLockSync(true) ? "works" : "broken";
    } catch {
      return "untried";
    } finally {
      removeQuietly(path);
    }
  }

  async tryWatch(
    directory: string,
  ): Promise<"works" | "deaf" | "none" | "untried"> {
    const path = this.#probePath(directory);
    try {
      createFile(path, PROBE_BYTE);
      const heard = Promise.withResolvers<boolean>();
      const watching = watch(path, ["modify"], () => heard.resolve(true));
      if (watching === undefined) return "none";
      const timer = setTimeout(() => heard.resolve(false), HEAR_WITHIN_MS);
      try {
        using file = Deno.openSync(path, { write: true });
        file.writeSync(PROBE_BYTE);
        return await heard.promise ? "works" : "deaf";
      } finally {
        clearTimeout(timer);
        watching.close();
      }
    } catch {
      return "untried";
    } finally {
      removeQuietly(path);
    }
  }

  /** A file for a moment; one that is left behind is swept like any other draft. */
  #probePath(directory: string): string {
    return draftPath(`${directory}/${baseName(this.chosen.path)}`);
  }

  probeOwner(path: string): Probe {
    // Commands share the lock of their guard.
    return probeLock(path, { exclusive: !isOwnerName(baseName(path)) });
  }

  lockHolder(path: string): LockHolder | undefined {
    const facts = this.facts(path);
    return typeof facts === "string" ? undefined : findLockHolder(facts);
  }

  run(tool: string, args: readonly string[]): Promise<ToolResult> {
    return systemTools.run(tool, args, { timeoutMs: TOOL_TIMEOUT_MS });
  }

  status(): Promise<PoolStatus> {
    return this.#status ??= this.#look();
  }

  async #look(): Promise<PoolStatus> {
    const verdicts = await this.#session.undertaker.examine({ patient: false });
    return await this.#session.store.view((state) =>
      poolStatus(this.chosen.path, state, {
        verdicts,
        reasons: new Map(),
        driver: undefined,
      })
    );
  }

  copy(): Amounts | undefined {
    return readCapacities(this.chosen.path);
  }

  detect(): Promise<Detection> {
    return detectResources();
  }
}
