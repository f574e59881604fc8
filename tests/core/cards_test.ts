/**
 * Goal: what is free on a card counts everything once, whatever holders have touched
 * and strangers use.
 *
 * Method: cases by hand, then random machines of which everything is known, against the
 * figure that is right by the definition: all memory, less what each program has leased
 * or uses, whichever is more.
 */
import { assert, assertEquals } from "@std/assert";
import {
  type DriverReading,
  judgeCards,
  type JudgedCard,
  type SeenProcess,
} from "../../lib/core/cards.ts";
import { gpuKey } from "../../lib/core/model.ts";
import { PoolState } from "../../lib/core/state.ts";
import { randomSeed, seededRandom } from "../support/random.ts";
import { leaseRecord } from "../support/records.ts";

const TOTAL_MB = 24_000;
/** What a driver may have for itself on such a card. */
const OWN_MB = 480;

interface Lease {
  readonly mb: number;
  readonly pid?: number;
  readonly hostPid?: number;
  readonly pids?: readonly number[];
  readonly on?: string;
}

interface Use {
  readonly pid: number;
  readonly mb: number | null;
  readonly ancestors?: readonly number[];
  readonly lease?: number;
}

/** Card A as it is judged with these leases, and these processes on it. */
function judged(
  leases: readonly Lease[],
  uses: readonly Use[],
  { usedMb, traced = true, capacityMb = TOTAL_MB, asker }: {
    usedMb?: number | null;
    traced?: boolean;
    capacityMb?: number;
    asker?: number;
  } = {},
): JudgedCard {
  const state = new PoolState();
  state.setResource(gpuKey("A"), capacityMb);
  for (const [at, { mb, on = "A", hostPid, ...lease }] of leases.entries()) {
    state.addLease(leaseRecord({
      id: `lease-${at}`,
      host_pid: hostPid ?? null,
      resources: new Map([[gpuKey(on), mb]]),
      ...lease,
    }));
  }
  const processes = uses.map(({ pid, mb, ancestors = [], lease }) => ({
    uuid: "A",
    pid,
    name: `program ${pid}`,
    usedMb: mb,
    ancestors,
    leaseId: lease === undefined ? null : `lease-${lease}`,
  }));
  const used = usedMb === undefined
    ? processes.reduce((sum, one) => sum + (one.usedMb ?? 0), 0)
    : usedMb;
  const [card] = judgeCards(state, {
    cards: [{
      uuid: "A",
      index: 3,
      name: "NVIDIA H100",
      usedMb: used,
      freeMb: used === null ? null : TOTAL_MB - used,
    }],
    processes,
    traced,
  }, asker);
  return card;
}

Deno.test("judgeCards() has all of an idle card", () => {
  const { grantableMb, outside } = judged([], []);
  assertEquals({ grantableMb, outside }, {
    grantableMb: TOTAL_MB,
    outside: [],
  });
});

Deno.test("judgeCards() lends nothing twice that a holder has not touched yet", () => {
  assertEquals(judged([{ mb: 10_000, pid: 7 }], []).grantableMb, 14_000);
});

Deno.test("judgeCards() counts once what a holder has touched", () => {
  const lease = [{ mb: 10_000, pid: 7, pids: [8] }];
  for (
    const use of [
      { pid: 7, mb: 9000 },
      { pid: 8, mb: 9000 },
      { pid: 9, mb: 9000, ancestors: [8] },
      { pid: 10, mb: 9000, ancestors: [9, 7] },
      // A daemon has no ancestors left, but its environment.
      { pid: 11, mb: 9000, lease: 0 },
    ]
  ) {
    const { grantableMb, outside } = judged(lease, [use]);
    assertEquals({ grantableMb, outside }, {
      grantableMb: 14_000,
      outside: [],
    });
  }
});

Deno.test("judgeCards() counts what a holder uses beyond its lease", () => {
  const { grantableMb, outside } = judged(
    [{ mb: 4000, pid: 7 }, { mb: 4000, pid: 8 }],
    [{ pid: 7, mb: 9000 }],
  );
  assertEquals({ grantableMb, outside }, { grantableMb: 11_000, outside: [] });
});

Deno.test("judgeCards() tells who uses a card without a lease on it", () => {
  const { grantableMb, outside, seen, leasedMb } = judged(
    [{ mb: 4000, pid: 7 }, { mb: 5000, pid: 9, on: "B" }],
    [{ pid: 7, mb: 4000 }, { pid: 8, mb: 100 }, { pid: 9, mb: 5000 }],
  );
  assertEquals([grantableMb, leasedMb, seen?.index], [14_900, 4000, 3]);
  assertEquals(outside, [
    { pid: 9, name: "program 9", usedMb: 5000 },
    { pid: 8, name: "program 8", usedMb: 100 },
  ]);
});

Deno.test("judgeCards() takes a program whose lease is gone for a stranger", () => {
  const { grantableMb, outside } = judged([], [{ pid: 7, mb: 9000, lease: 0 }]);
  assertEquals([grantableMb, outside.length], [15_000, 1]);
});

Deno.test("judgeCards() knows several leases of one program apart from nobody's memory", () => {
  const leases = [{ mb: 4000, pid: 7 }, { mb: 6000, pid: 9 }, {
    mb: 3000,
    pid: 9,
    pids: [7],
  }];
  // 13,000 MB are leased by the one program that 7 and 9 are parts of.
  assertEquals(judged(leases, [{ pid: 7, mb: 11_000 }]).grantableMb, 11_000);
  const more = [{ pid: 7, mb: 11_000 }, { pid: 9, mb: 3000 }];
  assertEquals(judged(leases, more).grantableMb, 10_000);
});

Deno.test("judgeCards() does not let a program wait for itself", () => {
  const asked = (leases: Lease[], asker: number) =>
    judged(leases, [{ pid: 7, mb: 9000 }], { asker }).grantableMb;
  assertEquals(asked([], 7), TOTAL_MB);
  assertEquals(asked([], 8), TOTAL_MB - 9000);
  assertEquals(asked([{ mb: 4000, pid: 7 }], 7), TOTAL_MB - 4000);
  assertEquals(asked([{ mb: 10_000, pid: 7 }], 7), TOTAL_MB - 10_000);
});

Deno.test("judgeCards() does not name a program to itself", () => {
  const uses = [{ pid: 7, mb: 9000 }, { pid: 8, mb: 100 }];
  const pids = (asker?: number) =>
    judged([], uses, { asker }).outside.map(({ pid }) => pid);
  assertEquals(pids(), [7, 8]);
  assertEquals(pids(7), [8]);
});

Deno.test("judgeCards() leaves the driver a little that is nobody's", () => {
  const alone = judged([], [], { usedMb: OWN_MB });
  assertEquals([alone.grantableMb, alone.outside], [TOTAL_MB, []]);
  const desktop = judged([], [], { usedMb: 2000 });
  assertEquals(desktop.grantableMb, TOTAL_MB - 2000 + OWN_MB);
  assertEquals(desktop.outside, [
    { pid: null, name: "", usedMb: 2000 - OWN_MB },
  ]);
});

Deno.test("judgeCards() leaves the driver of a large card no more than 512 MB", () => {
  const state = new PoolState();
  state.setResource(gpuKey("A"), 80_000);
  const seen = { uuid: "A", index: 0, name: "NVIDIA H100", usedMb: 600 };
  const [{ grantableMb, outside }] = judgeCards(state, {
    cards: [{ ...seen, freeMb: 79_400 }],
    processes: [],
    traced: true,
  });
  assertEquals(grantableMb, 79_912);
  assertEquals(outside, [{ pid: null, name: "", usedMb: 88 }]);
});

Deno.test("judgeCards() counts what is in use and leased once where it cannot tell whose it is", () => {
  const leases = [{ mb: 10_000, pid: 7 }];
  for (
    const [uses, options] of [
      // In a container the driver names no processes, or those of others.
      [[], { usedMb: 8000 }],
      [[{ pid: 7, mb: 8000 }], { traced: false }],
      [[{ pid: 999, mb: 8000 }], { traced: false }],
      // On WSL it names them without their memory.
      [[{ pid: 7, mb: null }], { usedMb: 8000 }],
    ] as const
  ) {
    const { grantableMb, outside } = judged(leases, uses, options);
    assertEquals([grantableMb, outside], [14_000, []]);
  }
  const { grantableMb, outside } = judged(leases, [], { usedMb: 18_000 });
  assertEquals(grantableMb, 6000 + OWN_MB);
  assertEquals(outside, [{ pid: null, name: "", usedMb: 8000 - OWN_MB }]);
});

Deno.test("judgeCards() has all of an idle card that was registered while it was in use", () => {
  // Used and free of a busy H100 were 81,080 together, and 81,079 when it was idle.
  const whole = judged([], [], { capacityMb: TOTAL_MB + 1 });
  assertEquals(whole.grantableMb, TOTAL_MB + 1);
  const more = judged([], [], { capacityMb: TOTAL_MB + 480 });
  assertEquals(more.grantableMb, TOTAL_MB);
});

Deno.test("judgeCards() counts a holder in a container once", () => {
  // Its pid is the container's own; on the host it is another one.
  const leases = [{ mb: 10_000, pid: 7, hostPid: 1 }, { mb: 2000, pid: 8 }];
  const uses = [{ pid: 81_234, mb: 9000 }, { pid: 8, mb: 2000 }];
  const { grantableMb, outside } = judged(leases, uses);
  assertEquals([grantableMb, outside], [12_000, []]);
});

Deno.test("judgeCards() leaves to the desktop what was not registered for the pool", () => {
  const uses = [{ pid: 5, mb: 6000 }];
  // 8 of 24 GB were kept out of the pool, for the desktop that uses 6 of them.
  const { grantableMb } = judged([], uses, { capacityMb: 16_000 });
  assertEquals(grantableMb, 18_000);
});

Deno.test("judgeCards() has nothing of a card that the driver does not list", () => {
  const state = new PoolState();
  state.setResource(gpuKey("A"), 8000);
  state.setResource(gpuKey("B"), 4000);
  const cards = [{ uuid: "B", index: 0, name: "", usedMb: 0, freeMb: 4000 }];
  const judgedCards = judgeCards(state, { cards, processes: [], traced: true });
  assertEquals(
    judgedCards.map(({ uuid, grantableMb }) => [uuid, grantableMb]),
    [["A", 0], ["B", 4000]],
  );
});

Deno.test("judgeCards() lets accounting decide where the driver tells no memory", () => {
  assertEquals(judged([], [], { usedMb: null }).grantableMb, Infinity);
  const uses = [{ pid: 5, mb: 6000 }];
  assertEquals(judged([], uses, { usedMb: null }).grantableMb, 18_000);
});

const seed = randomSeed();
Deno.test(`judgeCards() is right on every machine of which all is known (RESLOCK_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  let refused = 0;
  for (let round = 0; round < 3000; round++) {
    const traced = random(3) > 0;
    const state = new PoolState();
    state.setResource(gpuKey("A"), TOTAL_MB);
    const processes: SeenProcess[] = [];
    let usedMb = 0;
    let claimedMb = 0;
    const use = (pid: number, mb: number, ancestors: number[] = []) => {
      const amount = Math.min(mb, TOTAL_MB - usedMb);
      usedMb += amount;
      const facts = { uuid: "A", name: "", ancestors, leaseId: null };
      // The driver names only those that have touched something.
      if (amount > 0) processes.push({ pid, usedMb: amount, ...facts });
      return amount;
    };
    for (let program = 1; program <= 1 + random(3); program++) {
      const pid = program * 100;
      let leasedMb = 0;
      for (let lease = 0; lease <= random(2); lease++) {
        const mb = 1 + random(6000);
        leasedMb += mb;
        state.addLease(leaseRecord({
          id: `${pid}-${lease}`,
          pid,
          resources: new Map([[gpuKey("A"), mb]]),
        }));
      }
      let touchedMb = 0;
      for (let child = 0; child < random(3); child++) {
        const ancestors = child === 0 ? [] : [pid];
        touchedMb += use(pid + child, random(5000), ancestors);
      }
      claimedMb += Math.max(leasedMb, touchedMb);
    }
    for (let at = random(3); at > 0; at--) {
      claimedMb += use(1000 + at, random(8000));
    }
    const reading: DriverReading = {
      cards: [{
        uuid: "A",
        index: 0,
        name: "",
        usedMb,
        freeMb: TOTAL_MB - usedMb,
      }],
      processes,
      traced,
    };
    const [{ grantableMb }] = judgeCards(state, reading);
    const rightMb = Math.max(0, TOTAL_MB - claimedMb);
    const what = Deno.inspect({ leases: [...state.leases], reading }, {
      depth: 6,
    });
    if (traced && processes.length > 0) {
      assertEquals(grantableMb, rightMb, what);
    } else {
      // Blind, it never refuses what is there, nor gives what is in use or leased.
      assert(grantableMb >= rightMb, what);
      assert(grantableMb <= TOTAL_MB - usedMb + OWN_MB, what);
      const leased = state.used.get(gpuKey("A"))!;
      assert(grantableMb <= Math.max(0, TOTAL_MB - leased) + OWN_MB, what);
    }
    if (rightMb < TOTAL_MB / 4) refused++;
  }
  assert(refused > 300, `${refused} of 3000 machines are full`);
});
