/**
 * What does it cost to choose cards for a large request on a full machine, and to join
 * what its driver tells with the leases?
 *
 * Goal: less than 1 ms for each of the two, with 8 cards, 8 amounts, 1,000 leases and as
 * many processes; both happen while the file is locked.
 *
 * Non-goal: the driver itself, which is asked outside of the lock.
 *
 * Checked: each amount is on a card of its own, and fits there beside the leases; and
 * the driver's figures leave what accounting leaves, as every holder uses what it has.
 *
 * @module
 */
import { type DriverReading, judgeCards } from "../../lib/core/cards.ts";
import { nativeId } from "../../lib/core/ids.ts";
import { gpuKey, makeEntry } from "../../lib/core/model.ts";
import { plan } from "../../lib/core/scheduler.ts";
import { PoolState } from "../../lib/core/state.ts";
import { Samples } from "../harness/samples.ts";
import { median } from "../harness/statistics.ts";
import { type Answer, atMost, type Question, type Scale } from "../question.ts";

const OURS = "reslock";
const CHOICE = { what: "choosing cards", unit: "us" } as const;
const JUDGEMENT = { what: "joining driver and leases", unit: "us" } as const;
const GOAL_US = 1000;
const CARDS = 8;
const CARD_MB = 80_000;
const LEASE_MB = 500;

const SIZES: Readonly<Record<Scale, { leases: number; rounds: number }>> = {
  full: { leases: 1000, rounds: 2000 },
  quick: { leases: 1000, rounds: 500 },
  tiny: { leases: 10, rounds: 5 },
};

/** A machine with leases spread unevenly over its cards, and one request for all of them. */
function machine(leases: number): { state: PoolState; reading: DriverReading } {
  const state = new PoolState();
  const uuids = Array.from({ length: CARDS }, (_, at) => `GPU-${at}`);
  for (const uuid of uuids) state.setResource(gpuKey(uuid), CARD_MB);
  const processes = Array.from({ length: leases }, (_, at) => {
    // More on the later cards: 28 = 0 + 1 + ... + 7.
    const uuid = uuids[Math.floor((Math.sqrt(1 + 8 * (at % 28)) - 1) / 2)];
    const entry = makeEntry({
      id: nativeId("bench00000", at),
      pid: 1000 + at,
      queued_at: new Date(0).toISOString(),
    });
    state.addLease({
      ...{ id: entry.id, pid: entry.pid, host_pid: null, priority: 0 },
      resources: new Map([[gpuKey(uuid), LEASE_MB]]),
      ...{ acquired_at: entry.queued_at, queued_at: null, wait_sec: null },
      ...{ reclaimable: false, reclaim_requested: false },
      ...{ reclaim_requested_at: null, label: null, pids: [] },
      ...{ actual_resources: new Map(), cpu_seconds: null },
    });
    const facts = { name: "python", ancestors: [], leaseId: null };
    return { uuid, pid: 1000 + at, usedMb: LEASE_MB, ...facts };
  });
  const cards = uuids.map((uuid, index) => {
    const usedMb = state.used.get(gpuKey(uuid)) ?? 0;
    return { uuid, index, name: "", usedMb, freeMb: CARD_MB - usedMb };
  });
  state.addEntry(makeEntry({
    id: nativeId("asker00000", 1),
    pid: 1,
    queued_at: new Date(0).toISOString(),
    vram_mb: cards.map(({ freeMb }) => freeMb).reverse(),
  }));
  return { state, reading: { cards, processes, traced: true } };
}

function fail(what: string): never {
  throw new Error(`Cannot trust this run: ${what}`);
}

function run(_: unknown, scale: Scale): Promise<Answer> {
  const { leases, rounds } = SIZES[scale];
  const { state, reading } = machine(leases);
  const at = { cards: CARDS, amounts: CARDS, leases };
  const samples = new Samples();
  const nothing = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    let start = performance.now();
    const { grants } = plan(state, { stalled: nothing, overdue: nothing });
    samples.add(CHOICE, OURS, at, (performance.now() - start) * 1000);
    start = performance.now();
    const judged = judgeCards(state, reading);
    samples.add(JUDGEMENT, OURS, at, (performance.now() - start) * 1000);

    const [grant] = grants;
    if (grant?.resources.size !== CARDS) fail("an amount has no card");
    for (const [name, amount] of grant.resources) {
      if (amount > state.free(name)) fail(`${name} is given out twice`);
    }
    for (const { uuid, grantableMb } of judged) {
      const free = state.free(gpuKey(uuid));
      if (grantableMb !== free) fail(`${grantableMb} of ${free} MB are left`);
    }
  }
  const goal = (measure: typeof CHOICE | typeof JUDGEMENT) =>
    atMost(
      GOAL_US,
      `us for ${measure.what}, ${CARDS} cards, ${leases} leases`,
      median(samples.values(measure, OURS, at)!),
    );
  return Promise.resolve({
    samples,
    goals: [goal(CHOICE), goal(JUDGEMENT)],
    plots: {},
  });
}

export const placement: Question = {
  name: "placement",
  asks: "What does it cost to choose cards, and to join driver and leases?",
  run,
};
