/**
 * Which file system a pool lies on, and what of that is no good for it.
 *
 * A pool wants two things of its file system: that a lock which one process takes is
 * seen by all others, and that who watches a file hears of a write. Those of one
 * kernel give both. Elsewhere a server, another system or a program stands between,
 * and each keeps to rules of its own.
 *
 * @module
 */
import { quoted } from "../core/quoted.ts";
import { unescapePath } from "./cgroup.ts";
import { isGranted } from "./permissions.ts";

/** How a file system disagrees with a pool; `sound` where it does not. */
export type FileSystemKind =
  | "sound"
  | "network"
  | "foreign"
  | "fuse"
  | "layered";

/** A file system as the system names it. */
export interface FileSystem {
  readonly type: string;
  readonly kind: FileSystemKind;
  /** Whether nothing can be written there; missing where nobody tells. */
  readonly readOnly?: boolean;
}

const KINDS: Readonly<Record<Exclude<FileSystemKind, "sound">, RegExp>> = {
  network:
    /^(?:nfs4?|cifs|smb[23]?|smbfs|afs|ceph|lustre|beegfs|gpfs|gfs2|ocfs2|ncpfs|coda|orangefs|fuse\.(?:sshfs|glusterfs|ceph|s3fs|juicefs))$/,
  // Folders of another system, which a virtual machine shows its guest.
  foreign:
    /^(?:9p|v9fs|drvfs|virtiofs|vboxsf|vmhgfs|fuse\.vmhgfs-fuse|prl_fs)$/,
  fuse: /^fuse(?:blk)?(?:\.|$)/,
  layered: /^(?:overlay|overlayfs|aufs|unionfs|fuse\.fuse-overlayfs)$/,
};
/** In which order; some types of FUSE are better known by another name. */
const ORDER = ["network", "foreign", "layered", "fuse"] as const;

/** Numbers that `statfs` answers with, of those that are no good. */
const TYPE_OF_MAGIC: ReadonlyMap<number, string> = new Map([
  [0x6969, "nfs"],
  [0xff534d42, "cifs"],
  [0xfe534d42, "smb2"],
  [0x517b, "smbfs"],
  [0x564c, "ncpfs"],
  [0x5346414f, "afs"],
  [0x6b414653, "afs"],
  [0x73757245, "coda"],
  [0x00c36400, "ceph"],
  [0x0bd00bd0, "lustre"],
  [0x19830326, "beegfs"],
  [0x47504653, "gpfs"],
  [0x01161970, "gfs2"],
  [0x7461636f, "ocfs2"],
  [0x20030528, "orangefs"],
  [0x01021997, "9p"],
  [0x786f4256, "vboxsf"],
  [0xbacbacbc, "vmhgfs"],
  [0x65735546, "fuse"],
  [0x794c7630, "overlay"],
  [0x61756673, "aufs"],
]);

/** What a type means for a pool. */
export function fileSystemOfType(type: string): FileSystem {
  const kind = ORDER.find((one) => KINDS[one].test(type)) ?? "sound";
  return { type, kind };
}

/** The same by the number that `statfs` has for it; undefined for one of no interest. */
export function fileSystemOfMagic(magic: number): FileSystem | undefined {
  // Some runtimes hand out the upper half as negative numbers.
  const type = TYPE_OF_MAGIC.get(magic >>> 0);
  return type === undefined ? undefined : fileSystemOfType(type);
}

/** The file system that an absolute path without links is on. */
export function fileSystemOfMounts(
  mountinfo: string,
  path: string,
): FileSystem | undefined {
  let found:
    | { readonly point: string; readonly type: string; readonly words: string }
    | undefined;
  for (const line of mountinfo.split("\n")) {
    const [left, right] = line.split(" - ");
    if (right === undefined) continue;
    const [, , , , place, options] = left.split(" ");
    const [type, , superOptions] = right.split(" ");
    const point = unescapePath(place);
    const isAbove = point === "/" || path === point ||
      path.startsWith(`${point}/`);
    // Of two mounts on one place, the later one covers the other.
    if (isAbove && point.length >= (found?.point.length ?? 0)) {
      found = { point, type, words: `${options},${superOptions}` };
    }
  }
  return found && {
    ...fileSystemOfType(found.type),
    readOnly: found.words.split(",").includes("ro"),
  };
}

/**
 * The file system that a directory is on; undefined where nobody tells.
 *
 * Asks the list of mounts, which no server can hold up, and `statfs` where that may
 * not be read.
 */
export async function readFileSystem(
  directory: string,
): Promise<FileSystem | undefined> {
  const mounts = "/proc/self/mountinfo";
  try {
    if (isGranted({ name: "read", path: mounts })) {
      const text = await Deno.readTextFile(mounts);
      return fileSystemOfMounts(text, await Deno.realPath(directory));
    }
  } catch {
    // Deno keeps /proc to those who may do everything.
  }
  return await askFileSystem(directory);
}

/** Asks `statfs`, which needs `--allow-sys=statfs`. */
async function askFileSystem(
  directory: string,
): Promise<FileSystem | undefined> {
  // Deno's types do not list this kind.
  const kind = "statfs" as Deno.SysPermissionDescriptor["kind"];
  if (!isGranted({ name: "sys", kind })) return undefined;
  if (!isGranted({ name: "read", path: directory })) return undefined;
  try {
    // Not imported above: loading it takes longer than starting everything else.
    const { statfs } = await import("node:fs/promises");
    return fileSystemOfMagic((await statfs(directory)).type);
  } catch {
    return undefined;
  }
}

/** What is wrong with a place, and what to do. */
export interface PlaceTrouble {
  readonly what: string;
  readonly advice: string;
}

/** What is wrong with a pool on such a file system; undefined if nothing is. */
export function fileSystemTrouble(
  { type, kind }: FileSystem,
  directory: string,
): PlaceTrouble | undefined {
  const place = `The pool in ${quoted(directory)} is`;
  const advice = `name a directory on a local disk with RESLOCK_DIR, or make ` +
    `one for the machine with "reslock init --system"`;
  switch (kind) {
    case "sound":
      return undefined;
    case "network":
      return {
        what: `${place} on a network file system (${type}), where locks may ` +
          `fail and nobody hears of a write of another machine`,
        advice,
      };
    case "foreign":
      return {
        what: `${place} in a folder of another system (${type}), whose ` +
          `programs do not see the locks of this one`,
        advice,
      };
    case "fuse":
      return {
        what: `${place} on a file system that a program provides (${type}), ` +
          `with locks as good as it makes them`,
        advice,
      };
    case "layered":
      return {
        what:
          `${place} in a layer of this container (${type}), so that other ` +
          `containers have another one, and both hand out the same memory`,
        advice: `mount a directory of the host there, or set RESLOCK_DIR to ` +
          `say that this container is alone`,
      };
  }
}
