/**
 * How much of each card can really be had: what is leased on it and what the driver
 * sees in use there, put together so that nothing counts twice.
 *
 * Rules:
 * (1) Memory that a holder has leased and not touched yet is not free, though the
 *     driver says so.
 * (2) Memory that a holder has touched is seen by the driver and is leased: it counts
 *     once. What a holder uses beyond its lease counts as well.
 * (3) Whatever else is in use belongs to programs outside of the pool.
 * (4) Where processes cannot be told apart, as in a container, what is in use is taken
 *     for that of the holders, as far as they have leased it.
 *
 * @module
 */
import type { LeaseRecord } from "./model.ts";
import type { RegisteredCard } from "./placement.ts";
import type { PoolState } from "./state.ts";

/** A card as the driver sees it at one moment. */
export interface SeenCard {
  readonly uuid: string;
  /** Its number in the tool that told of it. */
  readonly index: number;
  readonly name: string;
  /** MiB in use; `null` if the tool does not say. */
  readonly usedMb: number | null;
  /** MiB that a program could have; `null` if the tool does not say. */
  readonly freeMb: number | null;
}

/** A process that the driver sees on a card. */
export interface SeenProcess {
  readonly uuid: string;
  readonly pid: number;
  readonly name: string;
  /** MiB; `null` if the tool does not say. */
  readonly usedMb: number | null;
  /** The processes that it descends from, its parent first. */
  readonly ancestors: readonly number[];
  /** The lease that its environment names. */
  readonly leaseId: string | null;
}

/** What a driver told at one moment. */
export interface DriverReading {
  readonly cards: readonly SeenCard[];
  readonly processes: readonly SeenProcess[];
  /** Whether ids are the machine's own, and ancestors were looked up. */
  readonly traced: boolean;
}

/** Who uses a card without a lease on it. */
export interface OutsideUse {
  /** `null` for memory that the driver names no process for. */
  readonly pid: number | null;
  /** Its program, as the driver tells it; empty if it does not. */
  readonly name: string;
  /** What it uses, in MiB. */
  readonly usedMb: number;
}

/** What accounting and driver together say about a registered card. */
export interface JudgedCard {
  readonly uuid: string;
  readonly capacityMb: number;
  readonly leasedMb: number;
  /** As the driver sees it; undefined if it lists no such card. */
  readonly seen: SeenCard | undefined;
  /**
   * What nobody has or may still claim: below 0 where they want more than there is, so that
   * what a lease gives back can be added. Infinity if the driver does not say.
   */
  readonly roomMb: number;
  /** What can be given out: the same, but 0 at least. */
  readonly grantableMb: number;
  /** The largest first, without the one for whom it was judged. */
  readonly outside: readonly OutsideUse[];
}

/**
 * A driver keeps a little for itself that no process has. Counted, it would make a
 * request for a whole card wait for ever.
 */
const DRIVERS_OWN_SHARE = 0.02;
const DRIVERS_OWN_MAX_MB = 512;

/**
 * Tools round what is used and what is free each by itself: their sum, which was registered,
 * may be larger while a card is in use than while it is idle (seen on an H100).
 */
export const ROUNDING_MB = 1;

/** Leases on one card whose memory the driver cannot tell apart: those of one process. */
interface Group {
  readonly keys: (string | number)[];
  leasedMb: number;
  usedMb: number;
  /** Whether the driver could name its processes. */
  visible: boolean;
}

/**
 * Judges every registered card.
 *
 * @param asker the process for which it is done: what it uses itself beyond its leases
 * stands in nobody's way but its own, and must not make it wait for itself, nor name
 * itself as the reason
 */
export function judgeCards(
  state: PoolState,
  reading: DriverReading,
  asker?: number,
): JudgedCard[] {
  if (state.cards.length === 0) return [];
  const leasesOf = new Map<string, LeaseRecord[]>();
  for (const { key } of state.cards) leasesOf.set(key, []);
  for (const lease of state.leases) {
    for (const [name, amount] of lease.resources) {
      if (amount > 0) leasesOf.get(name)?.push(lease);
    }
  }
  const tells = reading.traced &&
    reading.processes.some(({ usedMb }) => usedMb !== null);
  const processesOf = Map.groupBy(reading.processes, ({ uuid }) => uuid);
  return state.cards.map((card) => {
    const { uuid, key } = card;
    return judgeCard(card, leasesOf.get(key)!, {
      processes: processesOf.get(uuid) ?? [],
      seen: reading.cards.find((one) => one.uuid === uuid),
      tells,
      asker,
    });
  });
}

function judgeCard(
  card: RegisteredCard,
  leases: readonly LeaseRecord[],
  { processes, seen, tells, asker }: {
    readonly processes: readonly SeenProcess[];
    readonly seen: SeenCard | undefined;
    readonly tells: boolean;
    readonly asker: number | undefined;
  },
): JudgedCard {
  const { uuid, key, capacityMb } = card;
  const traced = tells && processes.every(({ usedMb }) => usedMb !== null);
  const groups = groupsOf(leases, key, traced);
  const strangers: OutsideUse[] = [];
  let askersMb = 0;
  if (traced) {
    for (const user of processes) {
      const { pid, name } = user;
      const usedMb = user.usedMb ?? 0;
      const group = groupOf(user, groups);
      if (group !== undefined) {
        group.visible = true;
        group.usedMb += usedMb;
      } else {
        strangers.push({ pid, name, usedMb });
        if (pid === asker) askersMb += usedMb;
      }
    }
    const own = asker === undefined ? undefined : groups.get(asker);
    if (own !== undefined) askersMb = Math.max(0, own.usedMb - own.leasedMb);
  }
  const all = new Set(groups.values());
  const sum = sumUp(all, strangers, capacityMb, seen);
  const roomMb = sum.roomMb + askersMb;
  return {
    uuid,
    capacityMb,
    leasedMb: leases.reduce((sum, { resources }) => {
      return sum + (resources.get(key) ?? 0);
    }, 0),
    seen,
    roomMb,
    grantableMb: Math.max(0, roomMb),
    outside: askersMb > 0
      ? sum.outside.filter(({ pid }) => pid !== asker)
      : sum.outside,
  };
}

function sumUp(
  groups: ReadonlySet<Group>,
  strangers: readonly OutsideUse[],
  capacityMb: number,
  seen: SeenCard | undefined,
): Pick<JudgedCard, "roomMb" | "outside"> {
  // A card that the driver does not list cannot be used from here, whoever leaves it.
  if (seen === undefined) return { roomMb: -Infinity, outside: [] };
  let untouched = 0;
  let touched = 0;
  let hidden = 0;
  for (const { visible, leasedMb, usedMb } of groups) {
    if (!visible) hidden += leasedMb;
    else {
      untouched += Math.max(0, leasedMb - usedMb);
      touched += usedMb;
    }
  }
  const named = strangers.reduce((sum, { usedMb }) => sum + usedMb, 0);
  const usedMb = seen.usedMb ??
    (seen.freeMb === null ? null : Math.max(0, capacityMb - seen.freeMb));
  if (usedMb === null) {
    const roomMb = strangers.length === 0
      ? Infinity
      : capacityMb - untouched - touched - hidden - named;
    return { roomMb, outside: largestFirst(strangers) };
  }
  const freeMb = seen.freeMb ?? Math.max(0, capacityMb - usedMb);
  const rest = Math.max(0, usedMb - touched);
  const outsideMb = Math.max(0, rest - hidden);
  const unnamed = Math.max(0, outsideMb - named);
  const driversOwn = Math.min(
    unnamed,
    DRIVERS_OWN_MAX_MB,
    Math.floor(capacityMb * DRIVERS_OWN_SHARE),
  );
  const stillHidden = Math.max(0, hidden - rest);
  const missing = capacityMb - usedMb - freeMb;
  const rounding = missing > 0 && missing <= ROUNDING_MB ? missing : 0;
  const claimed = untouched + stillHidden;
  return {
    roomMb: freeMb + driversOwn + rounding - claimed,
    outside: hidden > 0
      // Any of them may be a holder that cannot be recognized.
      ? withNobodys([], outsideMb - driversOwn)
      : withNobodys(strangers, unnamed - driversOwn),
  };
}

function withNobodys(uses: readonly OutsideUse[], usedMb: number) {
  return largestFirst(
    usedMb > 0 ? [...uses, { pid: null, name: "", usedMb }] : uses,
  );
}

function largestFirst(uses: readonly OutsideUse[]): OutsideUse[] {
  return uses.toSorted((a, b) =>
    b.usedMb - a.usedMb || (a.pid ?? 0) - (b.pid ?? 0)
  );
}

/** The groups of leases by each process id and lease id that leads to them. */
function groupsOf(
  leases: readonly LeaseRecord[],
  key: string,
  traced: boolean,
): Map<string | number, Group> {
  const groups = new Map<string | number, Group>();
  for (const lease of leases) {
    const pids = traced ? pidsOf(lease) : [];
    const group: Group = {
      keys: [lease.id, ...pids],
      leasedMb: lease.resources.get(key)!,
      usedMb: 0,
      visible: pids.length > 0,
    };
    for (const pid of pids) {
      const known = groups.get(pid);
      if (known === undefined || known === group) continue;
      group.leasedMb += known.leasedMb;
      for (const name of known.keys) {
        group.keys.push(name);
        groups.set(name, group);
      }
    }
    for (const name of group.keys) groups.set(name, group);
  }
  return groups;
}

/** The process ids of a lease that mean something on the machine. */
function pidsOf({ pid, host_pid, pids }: LeaseRecord): number[] {
  // So write those in a container that see only its own ids.
  if (host_pid === 1) return [];
  return [host_pid ?? pid, ...pids].filter((one) => one > 1);
}

/** The nearest holder that a process belongs to. */
function groupOf(
  { pid, ancestors, leaseId }: SeenProcess,
  groups: ReadonlyMap<string | number, Group>,
): Group | undefined {
  const named = leaseId === null ? undefined : groups.get(leaseId);
  if (named !== undefined) return named;
  for (const one of [pid, ...ancestors]) {
    const group = groups.get(one);
    if (group !== undefined) return group;
  }
  return undefined;
}
