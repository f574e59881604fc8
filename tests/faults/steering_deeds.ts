/**
 * Everything that a process does to the requests and leases of others, and what others do
 * for it when it asks something back.
 *
 * @module
 */
import {
  AcquireCancelledError,
  type AcquireOptions,
  type Lease,
} from "../../mod.ts";
import {
  begin,
  CAPACITIES,
  type Deed,
  leaveDead,
  type Scene,
  TAKEN,
} from "./scene.ts";

/** A request in the queue. */
interface Queued {
  readonly id: string;
  /** How it ends, if anyone wants to know. */
  readonly asked: Promise<Lease>;
}

/** A request of one of the two, by its label, once it waits. */
async function queue(
  { victim, other, outside }: Scene,
  label: string,
  request: Readonly<Record<string, number>>,
  options: AcquireOptions = {},
): Promise<Queued> {
  const isOwn = label === "own";
  const queued = Promise.withResolvers<void>();
  const wait = () =>
    (isOwn ? victim : other).acquire(request, {
      ...options,
      label,
      onQueued: () => queued.resolve(),
    });
  const asked = isOwn ? wait() : outside(wait);
  // The end of the test ends the wait.
  asked.catch(() => {});
  await queued.promise;
  const status = await outside(() => other.status());
  const { id } = status.queue.find((entry) => entry.label === label)!;
  return { id, asked };
}

/** The end of a request that was cancelled; anything but that is an error. */
async function expectCancelled(asked: Promise<Lease>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof AcquireCancelledError) return;
    throw error;
  }
  throw new Error("It was granted");
}

/** What a process does to others, or others to it. */
export const STEERING_DEEDS: readonly Deed[] = [
  ...["own", "waiter"].map((label): Deed => ({
    name: `cancel() of ${label === "own" ? "its own" : "another's"} request`,
    onError: "is done or not",
    async prepare(scene) {
      await begin(scene);
      const { id, asked } = await queue(scene, label, TAKEN);
      return async () => {
        await scene.victim.cancel(id);
        await expectCancelled(asked);
      };
    },
  })),
  {
    name: "setPriority() of a lease",
    onError: "can be repeated",
    async prepare(scene) {
      const { id } = await begin(scene);
      return () => scene.victim.setPriority(id, 7);
    },
  },
  {
    name: "setPriority() of its own request",
    onError: "can be repeated",
    async prepare(scene) {
      await begin(scene);
      await queue(scene, "first", TAKEN);
      const { id } = await queue(scene, "own", TAKEN);
      return () => scene.victim.setPriority(id, 7);
    },
  },
  {
    name: "setPriority() that grants",
    onError: "can be repeated",
    async prepare(scene) {
      await begin(scene);
      await queue(scene, "first", TAKEN);
      const { id } = await queue(scene, "next", { slot: 2 });
      return () => scene.victim.setPriority(id, 7);
    },
  },
  {
    name: "setPriority() that asks a lease back",
    onError: "can be repeated",
    async prepare(scene) {
      await begin(scene, true);
      const { id } = await queue(scene, "next", TAKEN);
      return () => scene.victim.setPriority(id, 7);
    },
  },
  {
    name: "setPriority() that takes back what was asked for",
    onError: "can be repeated",
    async prepare(scene) {
      await begin(scene, true);
      const { id } = await queue(scene, "next", TAKEN, { priority: 7 });
      return () => scene.victim.setPriority(id, 0);
    },
  },
  {
    name: "requestReclaim()",
    onError: "can be repeated",
    async prepare(scene) {
      const { id } = await begin(scene, true);
      return () => scene.victim.requestReclaim(id);
    },
  },
  {
    name: "release() of what the scheduler asked back, which grants",
    onError: "can be repeated",
    async prepare(scene) {
      await begin(scene);
      const lease = await scene.victim.acquire({ slot: 2 }, {
        label: "own",
        reclaimable: true,
      });
      await queue(scene, "waiter", { slot: 2 }, { priority: 5 });
      return () => lease.release();
    },
  },
  {
    name: "acquire() of what another gives back when it is asked",
    onError: "leaves nothing",
    robs: true,
    withOther: true,
    async prepare(scene) {
      const lease = await begin(scene, true);
      scene.outside(() =>
        lease.reclaim.addEventListener(
          "abort",
          () => void lease.release().catch(() => {}),
        )
      );
      return () => scene.victim.acquire(TAKEN, { label: "own", priority: 5 });
    },
  },
  {
    name: "setResources() that grants",
    onError: "can be repeated",
    async prepare(scene) {
      await begin(scene);
      await queue(scene, "next", TAKEN);
      return () => scene.victim.setResources({ ...CAPACITIES, slot: 6 });
    },
  },
  {
    name: "status(), twice, beside what a dead process has left",
    onError: "can be repeated",
    async prepare(scene) {
      await begin(scene);
      leaveDead(scene, ["olderdeadd", "deaddeadde-4.c"]);
      // The first may fail to remove it, which is no error of a look.
      return async () => {
        await scene.victim.status();
        await scene.victim.status();
      };
    },
  },
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
    name: "an operator's releaseLabel()",
    onError: "can be repeated",
    robs: true,
    async prepare(scene) {
      await begin(scene);
      return () => scene.victim.releaseLabel("other");
    },
  },
];
