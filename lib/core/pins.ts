/**
 * Which processor cores are whose: lists of cores, and the file in which leases note
 * those that they are pinned to.
 *
 * @module
 */

/** The cores of a lease. */
export interface Pin {
  readonly leaseId: string;
  readonly cores: readonly number[];
}

/** More than any machine has; a wrong list must not fill the memory. */
const MAX_CORES = 65_536;

/** Reads a list such as `0-3,8`; `undefined` if it is not one. */
export function parseCpuList(text: string): number[] | undefined {
  const cores: number[] = [];
  for (const range of text.trim().split(",")) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range);
    if (match === null) return undefined;
    const [, first, last = first] = match;
    for (let core = Number(first); core <= Number(last); core++) {
      if (cores.push(core) > MAX_CORES) return undefined;
    }
  }
  return cores;
}

/** Writes cores in the same way. */
export function formatCpuList(cores: readonly number[]): string {
  return cores.join(",");
}

/** The pins in a file's text; lines that are none are left out. */
export function parsePins(text: string): Pin[] {
  return text.split("\n").flatMap((line) => {
    const [leaseId, list, ...rest] = line.trimEnd().split(" ");
    const cores = list === undefined ? undefined : parseCpuList(list);
    return cores === undefined || rest.length > 0 ? [] : [{ leaseId, cores }];
  });
}

/** The text of a file with these pins. */
export function formatPins(pins: readonly Pin[]): string {
  return pins.map(({ leaseId, cores }) =>
    `${leaseId} ${formatCpuList(cores)}\n`
  ).join("");
}

/** Takes so many of the allowed cores, those first on which the fewest others are. */
export function chooseCores(
  count: number,
  allowed: readonly number[],
  pins: readonly Pin[],
): { readonly cores: number[]; readonly shared: number } {
  const uses = new Map(allowed.map((core) => [core, 0]));
  for (const core of pins.flatMap(({ cores }) => cores)) {
    const used = uses.get(core);
    if (used !== undefined) uses.set(core, used + 1);
  }
  const cores = [...uses.keys()]
    .sort((a, b) => uses.get(a)! - uses.get(b)! || a - b)
    .slice(0, count);
  return {
    cores: cores.sort((a, b) => a - b),
    shared: cores.filter((core) => uses.get(core)! > 0).length,
  };
}
