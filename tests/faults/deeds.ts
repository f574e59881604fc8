/**
 * Everything that a process does with a pool, each as one deed after which the file says
 * what it said before or what it is to say.
 *
 * @module
 */
import { encodeLease } from "../../lib/core/codec.ts";
import { Image } from "../../lib/core/image.ts";
import {
  AcquireTimeoutError,
  type Lease,
  type ResourcePool,
} from "../../mod.ts";
import type { Folder } from "../support/processes.ts";
import { leaseRecord } from "../support/records.ts";

/** Two processes on one pool; it is the first that something happens to. */
export interface Scene {
  readonly folder: Folder;
  readonly victim: ResourcePool;
  readonly other: ResourcePool;
  /** Lets the other process do something. */
  outside<T>(work: () => T): T;
}

/** Something to do. */
export interface Deed {
  readonly name: string;
  /** Sets the scene and returns what is to be done. */
  prepare(scene: Scene): Promise<() => Promise<unknown>>;
  /** What holds after an error, once the system does its part again. */
  readonly onError: "can be repeated" | "leaves nothing" | "is done or not";
  /** Whether the other process's lease goes by an operator's will. */
  readonly robs?: boolean;
}

/** The capacities at the beginning. */
const CAPACITIES = { slot: 4, spare: 8 };

function pidOfNobody(): number {
  return 2 ** 22 - 1;
}

/** The other process holds half of the slots. */
function begin(scene: Scene, reclaimable = false): Promise<Lease> {
  const { other, outside } = scene;
  return outside(async () => {
    await other.setResources(CAPACITIES);
    return await other.acquire({ slot: 2 }, { label: "other", reclaimable });
  });
}

/** Leases of a Python client that lives, enough for several pages. */
function fill(folder: Folder): void {
  const image = new Image(Image.empty(), "");
  for (let i = 0; i < 40; i++) {
    const id = i.toString(16).padStart(12, "0");
    image.state.addLease(
      leaseRecord({ id, pid: Deno.pid, label: `${i}`.padEnd(200, "x") }),
    );
  }
  image.commit();
  Deno.writeFileSync(folder.state, image.bytes);
}

/** Somebody of the other process waits for what the victim holds. */
async function waitsForMore({ other, outside }: Scene): Promise<void> {
  const queued = Promise.withResolvers<void>();
  // The end of the test ends the wait.
  outside(() =>
    other.acquire({ slot: 2 }, {
      label: "waiter",
      onQueued: () => queued.resolve(),
    }).catch(() => {})
  );
  await queued.promise;
}

/** A process that died with a lease and half a minute of silence. */
function leaveDead({ folder }: Scene, before: readonly string[]): void {
  const owner = "deaddeadde";
  const lease = leaseRecord({
    id: `${owner}-4`,
    pid: pidOfNobody(),
    label: "dead",
    resources: new Map([["slot", 2]]),
  });
  const text = Deno.readTextFileSync(folder.state);
  const { leases, ...rest } = JSON.parse(text);
  Deno.writeTextFileSync(
    folder.state,
    JSON.stringify({
      ...rest,
      leases: [...leases, JSON.parse(encodeLease(lease))],
    }),
  );
  for (const name of [owner, ...before]) {
    const path = `${folder.state}.owners/${name}`;
    Deno.writeTextFileSync(path, "");
    Deno.utimeSync(path, 0, 0);
  }
}

const TAKEN = { slot: 4 };

/** A wait that ends by itself; anything but that is an error. */
async function expectTimeout(wait: Promise<unknown>): Promise<void> {
  try {
    await wait;
  } catch (error) {
    if (error instanceof AcquireTimeoutError) return;
    throw error;
  }
  throw new Error("It was granted");
}

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

/** All deeds. */
export const DEEDS: readonly Deed[] = [
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
    name: "an operator's release()",
    onError: "is done or not",
    robs: true,
    async prepare(scene) {
      const { id } = await begin(scene);
      return () => scene.victim.release(id);
    },
  },
  {
    name: "reset()",
    onError: "can be repeated",
    robs: true,
    async prepare(scene) {
      await begin(scene);
      return () => scene.victim.reset();
    },
  },
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
