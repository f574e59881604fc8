/**
 * What a holder says of its lease, checked.
 *
 * @module
 */
import { checkName, checkNameCount, entriesOf } from "../core/amount.ts";
import type { LeaseRecord } from "../core/model.ts";
import { quoted, quotedValue } from "../core/quoted.ts";
import type { AmountsByName } from "../status.ts";

/** What of a lease can be changed; never to more than it holds. */
export interface LeaseUpdate {
  /** New amounts of some of what is held; 0 gives a resource back whole. */
  readonly resources?: AmountsByName;
  /** Children for which the lease is kept when this process dies; at most 1024. */
  readonly pids?: readonly number[];
  /** What is really used, for others to see: amounts of at most 1024 resources. */
  readonly actualResources?: AmountsByName;
  /** CPU time used so far, in seconds. */
  readonly cpuSeconds?: number;
}

/** More children than any lease is kept for. */
const MAX_PIDS = 1024;

/** Amounts by name, each checked. */
export function amountsOf(object: AmountsByName): Map<string, number> {
  const amounts = new Map<string, number>();
  for (const [name, amount] of entriesOf(object, "set")) {
    if (!Number.isSafeInteger(amount) || (amount as number) < 0) {
      throw new RangeError(
        `Cannot set ${quoted(name)} as the amount must be a whole number ` +
          `from 0: current value is ${quotedValue(amount)}`,
      );
    }
    amounts.set(name, amount as number);
  }
  return amounts;
}

/** The fields of a lease that an update sets outright; amounts held are not among them. */
export function updatedFields(
  { pids, actualResources, cpuSeconds }: LeaseUpdate,
): Partial<LeaseRecord> {
  return {
    ...(pids && { pids: checkPids(pids) }),
    ...(actualResources && { actual_resources: usedAmounts(actualResources) }),
    ...(cpuSeconds !== undefined &&
      { cpu_seconds: checkSeconds(cpuSeconds) }),
  };
}

/** Unlike those that are held, their names may be any: all who share the file read them. */
function usedAmounts(object: AmountsByName): Map<string, number> {
  const amounts = amountsOf(object);
  checkNameCount("tell of the use of", amounts.size);
  for (const name of amounts.keys()) checkName(name);
  return amounts;
}

function checkPids(pids: readonly number[]): number[] {
  if (!Array.isArray(pids)) {
    throw new TypeError(
      `Cannot use "pids" as it must be a list: current value is ` +
        quotedValue(pids),
    );
  }
  if (pids.length > MAX_PIDS) {
    throw new RangeError(
      `Cannot use "pids" as ${MAX_PIDS} is the most: current length is ` +
        `${pids.length}`,
    );
  }
  // Not by map(), which would leave out what a list has no value for.
  return Array.from(pids, checkPid);
}

function checkPid(pid: number): number {
  if (Number.isSafeInteger(pid) && pid > 0) return pid;
  throw new RangeError(
    `Cannot use a pid as it must be a whole number from 1: current value is ` +
      quotedValue(pid),
  );
}

function checkSeconds(seconds: number): number {
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw new RangeError(
    `Cannot use "cpuSeconds" as it must be a number from 0: current value is ` +
      quotedValue(seconds),
  );
}
