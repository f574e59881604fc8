/**
 * All contenders, in the order in which tables show them.
 *
 * @module
 */
import type { Contender } from "./contender.ts";
import { blockedFlock } from "./floor.ts";
import { properLockfile } from "./proper_lockfile.ts";
import { pueue } from "./pueue.ts";
import { pythonReslock } from "./python_reslock.ts";
import { reslock } from "./reslock.ts";
import { flock, sem, taskSpooler } from "./system_tools.ts";

export const CONTENDERS: readonly Contender[] = [
  ...[reslock, blockedFlock],
  ...[flock, taskSpooler, pythonReslock, sem, pueue, properLockfile],
];
