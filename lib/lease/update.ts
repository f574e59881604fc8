/**
 * What a holder says of its lease, checked.
 *
 * @module
 */
import type { LeaseRecord } from "../core/model.ts";
import type { AmountsByName } from "../status.ts";

/** What of a lease can be changed; never to more than it holds. */
export interface LeaseUpdate {
  /** New amounts of some of what is held; 0 gives a resource back whole. */
  readonly resources?: AmountsByName;
  /** Children for which the lease is kept when this process dies. */
  readonly pids?: readonly number[];
  /** What is really used, for others to see. */
  readonly actualResources?: AmountsByName;
  /** CPU time used so far, in seconds. */
  readonly cpuSeconds?: number;
}

/** Amounts by name, each checked. */
export function amountsOf(object: AmountsByName): Map<string, number> {
  const amounts = new Map<string, number>();
  for (const [name, amount] of Object.entries(object)) {
    if (!Number.isSafeInteger(amount) || amount < 0) {
      throw new RangeError(
        `Cannot set ${
          JSON.stringify(name)
        } as the amount must be a whole number ` +
          `from 0: current value is ${amount}`,
      );
    }
    amounts.set(name, amount);
  }
  return amounts;
}

/** The fields of a lease that an update sets outright; amounts held are not among them. */
export function updatedFields(
  { pids, actualResources, cpuSeconds }: LeaseUpdate,
): Partial<LeaseRecord> {
  return {
    ...(pids && { pids: pids.map(checkPid) }),
    ...(actualResources && { actual_resources: amountsOf(actualResources) }),
    ...(cpuSeconds !== undefined &&
      { cpu_seconds: checkSeconds(cpuSeconds) }),
  };
}

function checkPid(pid: number): number {
  if (Number.isSafeInteger(pid) && pid > 0) return pid;
  throw new RangeError(
    `Cannot use a pid as it must be a whole number from 1: current value is ${pid}`,
  );
}

function checkSeconds(seconds: number): number {
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw new RangeError(
    `Cannot use "cpuSeconds" as it must be a number from 0: current value is ` +
      `${seconds}`,
  );
}
