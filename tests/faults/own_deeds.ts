/**
 * Everything that a process does with a pool for itself, each as one deed after which the
 * file says what it said before or what it is to say.
 *
 * @module
 */
import { AcquireTimeoutError, type Lease } from "../../mod.ts";
import {
  begin,
  CAPACITIES,
  type Deed,
  expectTimeout,
  fill,
  leaveDead,
  pidOfNobody,
  TAKEN,
  waitsForMore,
} from "./scene.ts";

function onLease(
  name: string,
  use: (lease: Lease) => Promise<unknown>,
  waits = false,
  onError: Deed["onError"] = "can be repeated",
): Deed {
  return {
    name,
    onError,
    async prepare(scene) {
      await begin(scene);
      const lease = await scene.victim.acquire({ slot: 2 }, { label: "own" });
      if (waits) await waitsForMore(scene);
      return () => use(lease);
    },
  };
}

/** What a process does for itself. */
export const OWN_DEEDS: readonly Deed[] = [
  {
    name: "the first setResources()",
    onError: "can be repeated",
    prepare: ({ victim }) =>
      Promise.resolve(() => victim.setResources(CAPACITIES)),
  },
  {
    name: "setResources()",
    onError: "can be repeated",
    async prepare(scene) {
      await begin(scene);
      return () => scene.victim.setResources({ slot: 9, more: 1 });
    },
  },
  {
    name: "setResources() in a large file",
    onError: "can be repeated",
    async prepare(scene) {
      fill(scene.folder);
      await begin(scene);
      const names = Array.from({ length: 30 }, (_, i) => [`number${i}`, i]);
      return () => scene.victim.setResources(Object.fromEntries(names));
    },
  },
  {
    name: "unsetResources()",
    onError: "can be repeated",
    async prepare(scene) {
      await begin(scene);
      return () => scene.victim.unsetResources(["spare"]);
    },
  },
  ...[{ reclaimable: false }, { reclaimable: true }].map((how): Deed => ({
    name: `acquire() granted at once, ${JSON.stringify(how)}`,
    onError: "leaves nothing",
    async prepare(scene) {
      await begin(scene);
      return () => scene.victim.acquire({ slot: 1 }, { label: "own", ...how });
    },
  })),
  {
    name: "acquire() with work",
    onError: "leaves nothing",
    async prepare(scene) {
      await begin(scene);
      const options = { label: "own", estimatedSeconds: 5 };
      return () => scene.victim.acquire({ slot: 1 }, options);
    },
  },
  {
    name: "acquire() in a large file",
    onError: "leaves nothing",
    async prepare(scene) {
      fill(scene.folder);
      await begin(scene);
      return () => scene.victim.acquire({ slot: 1 }, { label: "own" });
    },
  },
  {
    name: "acquire() that gives up",
    onError: "can be repeated",
    async prepare(scene) {
      await begin(scene);
      const options = { label: "own", timeoutMs: 0 };
      return () => expectTimeout(scene.victim.acquire(TAKEN, options));
    },
  },
  {
    name: "acquire() that asks a lease back and gives up",
    onError: "can be repeated",
    async prepare(scene) {
      await begin(scene, true);
      const options = { label: "own", priority: 5, timeoutMs: 0 };
      return () => expectTimeout(scene.victim.acquire(TAKEN, options));
    },
  },
  {
    name: "acquire() that is called off in the queue",
    onError: "can be repeated",
    async prepare(scene) {
      await begin(scene);
      return async () => {
        const off = new AbortController();
        const reason = new AcquireTimeoutError("Called off", {
          request: {},
          waitedMs: 0,
        });
        await expectTimeout(scene.victim.acquire(TAKEN, {
          label: "own",
          signal: off.signal,
          // Once the bell is watched.
          onQueued: () => setTimeout(() => off.abort(reason)),
        }));
      };
    },
  },
  {
    name: "tryAcquire() granted",
    onError: "leaves nothing",
    async prepare(scene) {
      await begin(scene);
      return () => scene.victim.tryAcquire({ slot: 1 }, { label: "own" });
    },
  },
  {
    name: "tryAcquire() refused",
    onError: "can be repeated",
    async prepare(scene) {
      await begin(scene);
      return () => scene.victim.tryAcquire(TAKEN, { label: "own" });
    },
  },
  {
    name: "tryAcquire() of what a dead process held, and the sweeping",
    onError: "leaves nothing",
    async prepare(scene) {
      await begin(scene);
      leaveDead(scene, ["olderdeadd", "deaddeadde-4.c"]);
      return () => scene.victim.tryAcquire({ slot: 2 }, { label: "own" });
    },
  },
  onLease("release()", (lease) => lease.release()),
  onLease("release() that grants", (lease) => lease.release(), true),
  // Twice would be twice as much.
  onLease(
    "shrink() that grants",
    (lease) => lease.shrink({ slot: 2 }),
    true,
    "is done or not",
  ),
  onLease(
    "update()",
    (lease) => lease.update({ pids: [pidOfNobody()], cpuSeconds: 2 }),
  ),
  onLease(
    "startWork()",
    (lease) => lease.startWork({ label: "work" }),
    false,
    "leaves nothing",
  ),
  {
    name: "release() in a large file",
    onError: "can be repeated",
    async prepare(scene) {
      fill(scene.folder);
      await begin(scene);
      const lease = await scene.victim.acquire({ slot: 1 }, { label: "own" });
      await waitsForMore(scene);
      return () => lease.release();
    },
  },
  ...(["update", "complete"] as const).map((what): Deed => ({
    name: `Work.${what}()`,
    onError: "can be repeated",
    async prepare(scene) {
      await begin(scene);
      const lease = await scene.victim.acquire({ slot: 2 }, { label: "own" });
      const work = await lease.startWork({ label: "work" });
      return () => work[what]({ label: "work2" });
    },
  })),
  {
    name: "close() with a lease",
    onError: "is done or not",
    async prepare(scene) {
      await begin(scene);
      await scene.victim.acquire({ slot: 1 }, { label: "own" });
      return () => scene.victim.close();
    },
  },
  {
    name: "close() with a waiter",
    onError: "is done or not",
    async prepare(scene) {
      await begin(scene);
      const queued = Promise.withResolvers<void>();
      scene.victim.acquire(TAKEN, {
        label: "own",
        onQueued: () => queued.resolve(),
      }).catch(() => {});
      await queued.promise;
      return () => scene.victim.close();
    },
  },
];
