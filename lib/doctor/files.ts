/**
 * Whether all users of the pool can use its files, and nobody can do away with them.
 *
 * @module
 */
import { quoted } from "../core/quoted.ts";
import {
  capacitiesPath,
  directoryOf,
  SHARED_DIRECTORY_MODE,
  SHARED_FILE_MODE,
} from "../os/paths.ts";
import { sidePath } from "../store/state_file.ts";
import { type Finding, modeText, ok, problem, warning } from "./check.ts";
import type { FileFacts, System } from "./system.ts";

const NAME = "files";
const FOR_ALL_TO_WRITE = 0o002;
const FOR_GROUP_TO_WRITE = 0o020;
const STICKY = 0o1000;
const BY_FIX = 'or use "reslock doctor --fix" as its owner or root';

/** A word for what is there. */
const KINDS: Readonly<Record<FileFacts["kind"], string>> = {
  file: "a file",
  directory: "a directory",
  link: "a symbolic link",
  other: "a special file",
};

/** The directory of the pool, its state file, and what stands beside it. */
export function checkFiles(system: System): Finding[] {
  const { path } = system.chosen;
  const directory = directoryOf(path);
  const facts = system.facts(directory);
  if (facts === "missing") {
    return [ok(NAME, `${quoted(directory)} is made on first use`)];
  }
  if (facts === "denied") {
    return [problem(
      NAME,
      `${quoted(directory)} cannot be looked at by this user`,
      "let its owner or root open it, or name another with RESLOCK_DIR",
    )];
  }
  // The directory itself may be reached by a link; what is in it may not.
  const isShared = facts.kind !== "link" &&
    (facts.mode & FOR_ALL_TO_WRITE) !== 0;
  const found = [
    ...checkDirectory(system, directory, facts),
    ...checkState(system, path, isShared),
    ...checkSide(system, sidePath(path, "owners"), "directory", isShared),
    ...checkSide(system, sidePath(path, "bells"), "directory", isShared),
    ...checkSide(system, `${path}.journal`, "file", isShared),
    ...checkSide(system, sidePath(path, "gpus"), "file", isShared),
    ...checkSide(system, capacitiesPath(path), "file", isShared),
  ];
  if (found.length > 0) return found;
  const modes = `mode ${modeText(facts.mode)}`;
  return [ok(
    NAME,
    isShared
      ? `All users can use them (${modes})`
      : `Only some users can use them (${modes})`,
  )];
}

function checkDirectory(
  { chosen, uid }: System,
  directory: string,
  { kind, mode, uid: owner }: FileFacts,
): Finding[] {
  if (kind === "link") return [];
  if (kind !== "directory") {
    return [problem(
      NAME,
      `${quoted(directory)} is ${KINDS[kind]} and must be a directory`,
      "move it away, or name another with RESLOCK_DIR",
    )];
  }
  const set = [{
    kind: "mode",
    path: directory,
    mode: SHARED_DIRECTORY_MODE,
  }] as const;
  const advice = `"chmod 1777 ${directory}", ${BY_FIX}`;
  const found: Finding[] = [];
  if (chosen.rule === "system" && (mode & 0o777) !== 0o777) {
    found.push(problem(
      NAME,
      `${quoted(directory)} has mode ${modeText(mode)}, so that other users ` +
        `find the pool and cannot use it`,
      advice,
      set,
    ));
  } else if ((mode & FOR_ALL_TO_WRITE) !== 0 && (mode & STICKY) === 0) {
    found.push(warning(
      NAME,
      `${quoted(directory)} has mode ${modeText(mode)}, so that every user ` +
        `can remove the files of others`,
      advice,
      set,
    ));
  }
  found.push(...checkOwner(chosen, directory, owner));
  if (uid !== null && uid !== 0 && uid !== owner) {
    const others = mode & 0o7;
    if (others === 0 && (mode & 0o70) === 0) {
      found.push(problem(
        NAME,
        `${quoted(directory)} is for user ${owner} alone`,
        "name another directory with RESLOCK_DIR, or ask its owner",
      ));
    }
  }
  return found;
}

/** Who owns a directory may put files in the place of others' there, of owners too. */
function checkOwner(
  { rule }: System["chosen"],
  directory: string,
  owner: number | null,
): Finding[] {
  if (rule !== "system" || owner === 0 || owner === null) return [];
  return [warning(
    NAME,
    `${quoted(directory)} belongs to user ${owner}, who can remove ` +
      `everybody's files`,
    `"chown -h root ${directory}" as root`,
  )];
}

function checkState(
  system: System,
  path: string,
  isShared: boolean,
): Finding[] {
  const facts = system.facts(path);
  if (facts === "missing") return [];
  if (facts === "denied") {
    return [problem(
      NAME,
      `${quoted(path)} cannot be looked at by this user`,
      "let its owner or root open its directory",
    )];
  }
  const wrong = checkKind(path, facts, "file");
  if (wrong.length > 0) return wrong;
  const found = isShared ? checkMode(path, facts, "file") : [];
  const isAllowed = system.uid === 0 ||
    (facts.mode & SHARED_FILE_MODE) === SHARED_FILE_MODE;
  if (facts.links > 1) {
    found.push(warning(
      NAME,
      `${quoted(path)} has ${facts.links} names: a backup or another program ` +
        `may write to it`,
      `find them with "find / -xdev -inum ${facts.ino}", and remove the others`,
    ));
  }
  if (found.length === 0 && !system.canWrite(path)) {
    found.push(problem(
      NAME,
      `${quoted(path)} cannot be written by this user, who can only look`,
      isAllowed
        ? `its mode allows it: see what is said of the file system, or whether ` +
          `"lsattr ${path}" shows that it is immutable`
        : `let its owner or root "chmod 666 ${path}"`,
    ));
  }
  return found;
}

function checkSide(
  system: System,
  path: string,
  kind: "file" | "directory",
  isShared: boolean,
): Finding[] {
  const facts = system.facts(path);
  if (facts === "denied") return [];
  if (facts !== "missing") {
    const wrong = checkKind(path, facts, kind);
    if (wrong.length > 0) return wrong;
    return [
      ...(isShared ? checkMode(path, facts, kind) : []),
      ...(kind === "directory"
        ? checkOwner(system.chosen, path, facts.uid)
        : []),
    ];
  }
  if (kind === "file" || isShared || mayAdd(system)) return [];
  return [problem(
    NAME,
    `${quoted(path)} is missing, and this user of the pool cannot make it`,
    `"mkdir -m 1777 ${path}", ${BY_FIX}`,
    [{ kind: "directory", path }],
  )];
}

/** Whether this user can make what is missing beside the state, as far as can be told. */
function mayAdd({ uid, chosen, facts }: System): boolean {
  const state = facts(chosen.path);
  const directory = facts(directoryOf(chosen.path));
  if (typeof state === "string" || typeof directory === "string") return true;
  const isOthers = uid !== null && uid !== 0 && uid !== directory.uid;
  // Of which group somebody is, nobody tells.
  const isForGroup = (directory.mode & FOR_GROUP_TO_WRITE) !== 0;
  return !isOthers || isForGroup || (state.mode & FOR_ALL_TO_WRITE) === 0;
}

function checkKind(
  path: string,
  { kind }: FileFacts,
  wanted: "file" | "directory",
): Finding[] {
  if (kind === wanted) return [];
  return [problem(
    NAME,
    `${quoted(path)} is ${KINDS[kind]} and must be ${KINDS[wanted]}`,
    "move it away: somebody may have put it there on purpose",
  )];
}

function checkMode(
  path: string,
  { mode }: FileFacts,
  kind: "file" | "directory",
): Finding[] {
  const wanted = kind === "file" ? SHARED_FILE_MODE : SHARED_DIRECTORY_MODE;
  if ((mode & wanted) === wanted) return [];
  return [problem(
    NAME,
    `${quoted(path)} has mode ${modeText(mode)}, so that not all users can ` +
      `use it`,
    `"chmod ${modeText(wanted)} ${path}", ${BY_FIX}`,
    [{ kind: "mode", path, mode: wanted }],
  )];
}
