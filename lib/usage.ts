/**
 * What is really used: by each lease, and by processes that have none.
 *
 * A process belongs to the lease that its environment names, else to the nearest of
 * its ancestors that is a holder or a child that a holder has named.
 *
 * @module
 */
import type { DriverReading } from "./core/cards.ts";
import { gpuKey, type LeaseRecord, toObject } from "./core/model.ts";
import type { LeaseFacts, LeaseUsage } from "./core/overuse.ts";
import { systemTools, type ToolRunner } from "./os/command.ts";
import { gpuSources, surveyProcesses } from "./os/gpu.ts";
import type { GpuProcess } from "./os/gpu/source.ts";
import {
  KernelProcessTable,
  lineageOf,
  type ProcessTable,
} from "./os/process_table.ts";

/** A process that holds memory of cards without a lease. */
export interface GpuOrphan {
  /** Its id on this machine. */
  readonly pid: number;
  /** Its program, as the driver tells it; empty if it does not. */
  readonly name: string;
  /** MiB by the card's UUID; `null` where the driver does not say. */
  readonly gpus: Readonly<Record<string, number | null>>;
  /**
   * Leases on one of these cards whose process ids mean nothing here, as they are of
   * a container: it may belong to one of them.
   */
  readonly maybeOf: readonly string[];
}

/** What was found. */
export interface Usage {
  /** By the lease's id. */
  readonly leases: ReadonlyMap<string, LeaseUsage>;
  /** Those without a lease, the largest first; `null` where that cannot be told. */
  readonly orphans: readonly GpuOrphan[] | null;
}

/** Options of {@linkcode measureUsage}. */
export interface UsageOptions {
  /** The longest that a tool may take, in milliseconds. @default {10_000} */
  readonly timeoutMs?: number;
}

const RAM = "ram_mb";

/** What a lease in the state has to tell. */
export function factsOf(lease: LeaseRecord): LeaseFacts {
  return {
    id: lease.id,
    pid: lease.pid,
    hostPid: lease.host_pid,
    pids: lease.pids,
    resources: toObject(lease.resources),
    actualResources: toObject(lease.actual_resources),
  };
}

/** The processes of a holder that are known by ids of this machine. */
function rootsOf({ pid, hostPid, pids }: LeaseFacts): number[] {
  // 1: it sees only the ids of its own container, and has said so.
  if (hostPid !== null) return hostPid > 1 ? [hostPid] : [];
  return [pid, ...pids];
}

/** What somebody uses of one thing. */
interface Use {
  readonly pid: number;
  readonly mb: number;
}

/** Who belongs to whom. */
class Kinship {
  readonly #table: ProcessTable;
  readonly #byRoot = new Map<number, LeaseFacts[]>();
  readonly #byId: ReadonlyMap<string, LeaseFacts>;

  constructor(holders: readonly LeaseFacts[], table: ProcessTable) {
    this.#table = table;
    this.#byId = new Map(holders.map((holder) => [holder.id, holder]));
    for (const holder of holders) {
      for (const root of rootsOf(holder)) {
        this.#byRoot.set(root, [...this.#byRoot.get(root) ?? [], holder]);
      }
    }
  }

  /** The leases that a process belongs to; several where one process holds them. */
  holdersOf(pid: number): readonly LeaseFacts[] {
    const named = this.#byId.get(this.#table.leaseOf(pid) ?? "");
    if (named !== undefined) return [named];
    const root = this.nearest(pid, (one) => this.#table.parentOf(one));
    return root === undefined ? [] : this.#byRoot.get(root)!;
  }

  /** The nearest process, itself or above it, that a holder is known by. */
  nearest(
    pid: number,
    parentOf: (pid: number) => number | undefined,
  ): number | undefined {
    for (const one of lineageOf(pid, parentOf)) {
      if (this.#byRoot.has(one)) return one;
    }
    return undefined;
  }
}

/** Adds up, by lease, what was found. */
class Ledger {
  readonly #amounts = new Map<string, Map<string, number>>();
  readonly #pids = new Map<string, Set<number>>();
  readonly #cpuSeconds = new Map<string, number>();

  /** Shares an amount among leases of one process: none is said to use more than it
   * has while another one of them has room. */
  add(holders: readonly LeaseFacts[], name: string, { pid, mb }: Use): void {
    let rest = mb;
    const owners = holders.filter(({ resources }) => name in resources);
    const [last = holders[0], ...others] = owners.toReversed();
    for (const holder of others.toReversed()) {
      const room = holder.resources[name] - this.#amount(holder.id, name);
      const part = Math.max(0, Math.min(rest, room));
      this.#put(holder.id, name, part);
      rest -= part;
    }
    this.#put(last.id, name, rest);
    for (const { id } of [last, ...others]) this.#note(id, pid);
  }

  addCpu(holders: readonly LeaseFacts[], seconds: number): void {
    for (const { id } of holders) {
      this.#cpuSeconds.set(id, (this.#cpuSeconds.get(id) ?? 0) + seconds);
    }
  }

  usage(): ReadonlyMap<string, LeaseUsage> {
    const ids = [
      ...new Set([...this.#amounts.keys(), ...this.#cpuSeconds.keys()]),
    ];
    return new Map(ids.map((id) => [id, {
      pids: [...this.#pids.get(id) ?? []].sort((a, b) => a - b),
      resources: Object.fromEntries(
        [...this.#amounts.get(id) ?? []].map(([name, mb]) => [
          name,
          Math.round(mb),
        ]),
      ),
      cpuSeconds: this.#cpuSeconds.get(id) ?? null,
    }]));
  }

  #amount(id: string, name: string): number {
    return this.#amounts.get(id)?.get(name) ?? 0;
  }

  #put(id: string, name: string, mb: number): void {
    const amounts = this.#amounts.get(id) ?? new Map<string, number>();
    this.#amounts.set(id, amounts);
    amounts.set(name, (amounts.get(name) ?? 0) + mb);
  }

  #note(id: string, pid: number): void {
    this.#pids.set(id, (this.#pids.get(id) ?? new Set()).add(pid));
  }
}

/** Whether a holder counts its own process, or only the children that it has named. */
function countsRoot(
  holder: LeaseFacts,
  root: number,
  self: string | undefined,
): boolean {
  const { id, pids } = holder;
  return id === self || pids.length === 0 || pids.includes(root);
}

function addTrees(
  ledger: Ledger,
  holders: readonly LeaseFacts[],
  kinship: Kinship,
  table: ProcessTable,
  self: string | undefined,
): void {
  const all = table.list();
  const parents = new Map(all.map(({ pid, parent }) => [pid, parent]));
  for (const { pid, cpuSeconds } of all) {
    const root = kinship.nearest(pid, (one) => parents.get(one));
    if (root === undefined) continue;
    const owners = holders.filter((holder) =>
      rootsOf(holder).includes(root) && countsRoot(holder, root, self)
    );
    if (owners.length === 0) continue;
    ledger.addCpu(owners, cpuSeconds);
    ledger.add(owners, RAM, { pid, mb: table.ramMb(pid) ?? 0 });
  }
}

/**
 * Puts together what the driver tells and who is whose child.
 *
 * @param self the lease whose holder asks: it counts its own process with its children
 */
export function attributeUsage(
  holders: readonly LeaseFacts[],
  gpuProcesses: readonly GpuProcess[],
  table: ProcessTable,
  self?: string,
): Usage {
  if (!table.isWhole) return { leases: new Map(), orphans: null };
  const kinship = new Kinship(holders, table);
  const ledger = new Ledger();
  const orphans = new Map<number, GpuOrphan>();
  for (const { pid, uuid, usedMb, name } of gpuProcesses) {
    const owners = kinship.holdersOf(pid);
    if (owners.length > 0) {
      if (usedMb !== null) {
        ledger.add(owners, gpuKey(uuid), { pid, mb: usedMb });
      }
      continue;
    }
    const known = orphans.get(pid);
    const gpus = { ...known?.gpus };
    gpus[uuid] = sum(gpus[uuid], usedMb);
    const maybeOf = holders.filter((holder) =>
      rootsOf(holder).length === 0 &&
      Object.keys(gpus).some((one) => gpuKey(one) in holder.resources)
    ).map(({ id }) => id);
    orphans.set(pid, { pid, name, gpus, maybeOf });
  }
  if (holders.some(({ id, resources }) => RAM in resources || id === self)) {
    addTrees(ledger, holders, kinship, table, self);
  }
  return {
    leases: ledger.usage(),
    orphans: [...orphans.values()].sort((a, b) => total(b) - total(a)),
  };
}

function sum(a: number | null | undefined, b: number | null): number | null {
  if (a === undefined || a === null) return b;
  return b === null ? a : a + b;
}

function total({ gpus }: GpuOrphan): number {
  return Object.values(gpus).reduce<number>((all, mb) => all + (mb ?? 0), 0);
}

/**
 * What is used, by what the driver has told already; where it has told nothing, RAM and
 * processor time alone.
 */
export function usageIn(
  holders: readonly LeaseFacts[],
  reading: DriverReading | undefined,
  table: ProcessTable = new KernelProcessTable(),
): Usage {
  const usage = attributeUsage(holders, reading?.processes ?? [], table);
  return reading === undefined ? { ...usage, orphans: null } : usage;
}

function toolsWithin(timeoutMs: number | undefined): ToolRunner {
  return {
    run: (tool, args, options) =>
      systemTools.run(tool, args, { timeoutMs, ...options }),
  };
}

function readProcesses(
  { timeoutMs }: UsageOptions,
): Promise<readonly GpuProcess[]> {
  return surveyProcesses(gpuSources(toolsWithin(timeoutMs)));
}

/** Measures what the processes of these leases use; see `machine.ts`. */
export async function measureUsage(
  holders: readonly LeaseFacts[],
  options: UsageOptions = {},
): Promise<Usage> {
  const table = new KernelProcessTable();
  const gpuProcesses = table.isWhole ? await readProcesses(options) : [];
  return attributeUsage(holders, gpuProcesses, table);
}

/** Measures what the holder of a lease uses, as far as this process may look. */
export async function measureOwn(
  id: string,
  holders: readonly LeaseFacts[],
  table: ProcessTable = new KernelProcessTable(),
): Promise<LeaseUsage> {
  if (table.isWhole) {
    const { leases } = attributeUsage(
      holders,
      await readProcesses({}),
      table,
      id,
    );
    const own = leases.get(id);
    if (own !== undefined) return own;
  }
  // In a container its own processes are to be seen, under ids of its own.
  const own = holders.filter((holder) => holder.id === id)
    .map((holder) => ({ ...holder, hostPid: null }));
  const ledger = new Ledger();
  addTrees(ledger, own, new Kinship(own, table), table, id);
  return ledger.usage().get(id) ?? {
    pids: [Deno.pid],
    resources: { [RAM]: Math.round(Deno.memoryUsage().rss / 2 ** 20) },
    cpuSeconds: null,
  };
}
