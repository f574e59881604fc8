/**
 * What a deed is, and the scenes that deeds begin with.
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
  /** Whether the other process's lease goes by an operator's will, or its own. */
  readonly robs?: boolean;
  /** Whether the other process changes the file meanwhile: only the rest is compared. */
  readonly withOther?: boolean;
}

/** The capacities at the beginning. */
export const CAPACITIES = { slot: 4, spare: 8 };

/** An id that no process has. */
export function pidOfNobody(): number {
  return 2 ** 22 - 1;
}

/** The other process holds half of the slots. */
export function begin(scene: Scene, reclaimable = false): Promise<Lease> {
  const { other, outside } = scene;
  return outside(async () => {
    await other.setResources(CAPACITIES);
    return await other.acquire({ slot: 2 }, { label: "other", reclaimable });
  });
}

/** Leases of a Python client that lives, enough for several pages. */
export function fill(folder: Folder): void {
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
export async function waitsForMore({ other, outside }: Scene): Promise<void> {
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
export function leaveDead({ folder }: Scene, before: readonly string[]): void {
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

/** All of the slots. */
export const TAKEN = { slot: 4 };

/** A wait that ends by itself; anything but that is an error. */
export async function expectTimeout(wait: Promise<unknown>): Promise<void> {
  try {
    await wait;
  } catch (error) {
    if (error instanceof AcquireTimeoutError) return;
    throw error;
  }
  throw new Error("It was granted");
}
