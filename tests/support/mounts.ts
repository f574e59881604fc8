/**
 * File systems of a test's own: made in a mount namespace that ends with its program.
 *
 * @module
 */
import { works } from "./processes.ts";

/** Whether file systems can be mounted here, where nobody else sees them. */
export function canMount(): Promise<boolean> {
  return works("unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt");
}

/** Words before a program that put a small file system in memory over a folder. */
export function onTmpfs(folder: string, options = "size=1m"): string[] {
  return mounted(`mount -t tmpfs -o "$2" tmpfs "$1"`, folder, options);
}

/** Words before a program that put a folder's layers over it, as in a container. */
export function onOverlay(folder: string): string[] {
  return mounted(OVERLAY, folder);
}

/** The same in a container that was given a card. */
export function onOverlayWithCard(folder: string): string[] {
  return mounted(
    `${OVERLAY} && mkdir -p /mnt && mount -t tmpfs tmpfs /mnt &&
     mkdir /mnt/up /mnt/work && mount -t overlay \\
       -o lowerdir=/dev,upperdir=/mnt/up,workdir=/mnt/work overlay /dev &&
     mkdir -p /dev/dri`,
    folder,
  );
}

// The layers lie in memory: those of a container cannot lie on layers.
const OVERLAY = `mount -t tmpfs tmpfs "$1" && cd "$1" && mkdir low up work &&
  mount -t overlay -o lowerdir=low,upperdir=up,workdir=work overlay "$1" && cd /`;

/** Words before a program that may only read what is in a folder. */
export function readOnly(folder: string): string[] {
  return mounted(
    'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1"',
    folder,
  );
}

/** Words before a program that run these first, with words of their own. */
function mounted(script: string, folder: string, options = ""): string[] {
  const body = `(${script}) >&2 || exit 99; shift 2; exec "$@"`;
  return ["unshare", "--mount", "sh", "-c", body, "sh", folder, options];
}
