/**
 * Process ids of Python clients that are given to others.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  canUnsharePids,
  PidNamespace,
  SLEEPY_INIT,
} from "../support/pid_namespace.ts";
import type { Actor } from "../support/actor.ts";
import { interopTest, type Scene } from "./scene.ts";

const NEEDS = {
  what: "the right to unshare pids",
  isMet: await canUnsharePids(),
};

/** A Python client that holds the only slot, in a namespace of its own. */
async function begin(
  scene: Scene,
): Promise<
  { namespace: PidNamespace; pid: number; look: () => Promise<boolean> }
> {
  await scene.pool().setResources({ slot: 1 });
  const python = scene.python(SLEEPY_INIT);
  await python.acquire({ slot: 1 });
  const { leases: [{ pid }] } = await scene.read();
  const namespace = new PidNamespace(python.pid);
  return {
    namespace,
    pid,
    // A program that knows nothing but what is in the folder.
    async look() {
      await using actor: Actor = await scene.native(namespace.enter);
      return await actor.tryAcquire({ slot: 1 }) !== null;
    },
  };
}

interopTest(
  "tryAcquire() takes what a Python client held whose id another process has now",
  async (scene) => {
    const { namespace, pid, look } = await begin(scene);
    for (let i = 0; i < 3; i++) assertEquals(await look(), false, "it lives");
    await namespace.killProgram();
    await namespace.startHeir(pid);
    assert(await look());
  },
  { needs: NEEDS },
);

interopTest(
  "tryAcquire() leaves a Python client's lease to whoever has its id, unless it saw another one",
  async (scene) => {
    const { namespace, pid, look } = await begin(scene);
    await namespace.killProgram();
    await namespace.startHeir(pid);
    for (let i = 0; i < 3; i++) assertEquals(await look(), false);
  },
  { needs: NEEDS },
);
