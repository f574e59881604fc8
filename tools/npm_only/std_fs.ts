/**
 * The part of `@std/fs` that is used, where JSR cannot be reached:
 * `node:fs/promises`. Every module of the original is mapped to this one file.
 *
 * @module
 */
import { access, mkdir, readdir } from "node:fs/promises";
import { basename, join } from "node:path";

export async function ensureDir(dir: string | URL): Promise<void> {
  await mkdir(dir, { recursive: true });
}

export async function exists(path: string | URL): Promise<boolean> {
  return await access(path).then(() => true, () => false);
}

/** What {@linkcode walk} can be told. */
export interface WalkOptions {
  includeDirs?: boolean;
  includeFiles?: boolean;
  /** Endings of the names, such as `.ts`. */
  exts?: string[];
}

/** What {@linkcode walk} finds. */
export interface WalkEntry extends Deno.DirEntry {
  path: string;
}

/** Every entry below a folder, unlike the original without the folder. */
export async function* walk(
  root: string,
  { includeDirs = true, includeFiles = true, exts }: WalkOptions = {},
): AsyncIterableIterator<WalkEntry> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (entry.isDirectory() ? !includeDirs : !includeFiles) continue;
    const name = basename(entry.name);
    if (exts && !exts.some((ending) => name.endsWith(ending))) continue;
    yield {
      path: join(entry.parentPath, entry.name),
      name,
      isFile: entry.isFile(),
      isDirectory: entry.isDirectory(),
      isSymlink: entry.isSymbolicLink(),
    };
  }
}
