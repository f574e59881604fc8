/**
 * When a watch looks again, and what it makes of what it sees: of states that are made up.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { LockTimeoutError } from "../../lib/core/errors.ts";
import { PoolState } from "../../lib/core/state.ts";
import { createBell } from "../../lib/os/bell.ts";
import { type PoolEvent, watchPool } from "../../lib/pool/watching.ts";
import type { Session } from "../../lib/session/session.ts";
import { ResourcePool } from "../../mod.ts";
import { entryRecord } from "../support/records.ts";
import { foreign, lease, ours, pool } from "../support/pools.ts";
import { Folder, within } from "../support/processes.ts";

/** A watch on a file, and a program that sees in it what a test says. */
class Scene implements AsyncDisposable {
  readonly folder = new Folder();
  state = new PoolState();
  /** What the next looks fail with. */
  readonly failures: Error[] = [];
  /** How often all were looked after, though nobody had told of a death. */
  rounds = 0;
  readonly #end = new AbortController();
  readonly #events: AsyncGenerator<PoolEvent>;

  constructor(state = new PoolState()) {
    this.state = state;
    Deno.writeTextFileSync(this.folder.state, "");
    const session = {
      owners: `${this.folder.path}/owners`,
      isoTime: () => "2026-01-02T03:04:05.678Z",
      onClose: () => () => {},
      readDriver: () => Promise.resolve(undefined),
      store: {
        view: async <T>(read: (state: PoolState) => T) => {
          await undefined;
          const failure = this.failures.shift();
          if (failure !== undefined) throw failure;
          return read(this.state);
        },
      },
      undertaker: {
        examine: () => Promise.resolve(new Map()),
        lookAfter: () => Promise.resolve(),
        bury: () => {
          this.rounds++;
          return Promise.resolve(false);
        },
      },
    };
    this.#events = watchPool(
      session as unknown as Session,
      this.folder.state,
      this.#end.signal,
    );
  }

  async next(): Promise<PoolEvent> {
    const { value } = await within("an event", 10_000, this.#events.next());
    return value!;
  }

  /** Asks for the next event, which may be long in coming. */
  wait(): Promise<unknown> {
    return this.#events.next();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#events.return(undefined);
    this.folder[Symbol.dispose]();
  }
}

const CAPACITY = pool({ slot: 1 }, [], []);
const stopped = () =>
  new LockTimeoutError("stopped", { path: "", waitedMs: 1 });

Deno.test("ResourcePool.watch() goes on when a stopped program had the lock for long", async () => {
  await using scene = new Scene();
  scene.failures.push(stopped(), stopped());
  assertEquals((await scene.next()).type, "state");
  const next = scene.next();
  scene.failures.push(stopped());
  scene.state = CAPACITY;
  Deno.writeTextFileSync(scene.folder.state, "written");
  assertEquals((await next).type, "capacity-changed");
  assertEquals(scene.failures, []);
});

Deno.test("ResourcePool.watch() ends with what nobody can wait out", async () => {
  await using scene = new Scene();
  scene.failures.push(new Error("damaged"));
  await assertRejects(() => scene.next(), Error, "damaged");
});

Deno.test("ResourcePool.watch() sees a file that is put in the place of another", async () => {
  await using scene = new Scene();
  await scene.next();
  const next = scene.next();
  const { path, state } = scene.folder;
  Deno.writeTextFileSync(`${path}/draft`, "");
  scene.state = CAPACITY;
  Deno.renameSync(`${path}/draft`, state);
  assertEquals((await next).type, "capacity-changed");
});

Deno.test("ResourcePool.watch() tells of a lease that has ended as it was last seen", async () => {
  const held = lease("own", { slot: 1 });
  const work = entryRecord({ id: ours("work"), lease_id: held.id });
  await using scene = new Scene(pool({ slot: 1 }, [held], [work]));
  await scene.next();
  const next = scene.next();
  scene.state = CAPACITY;
  Deno.writeTextFileSync(scene.folder.state, "written");
  const event = await next;
  assert(event.type === "released");
  assertEquals([event.lease.id, event.lease.busy], [held.id, true]);
});

for (
  const [who, waiters, everyMs] of [
    ["programs of ours, whose end is heard", [], 30_000],
    ["Python clients, whose end is not", [foreign("0123456789ab", {})], 1000],
  ] as const
) {
  Deno.test(`ResourcePool.watch() looks after ${who}, every ${everyMs} ms`, async () => {
    using time = new FakeTime();
    await using scene = new Scene(pool({ slot: 1 }, [], waiters));
    createBell(`${scene.folder.path}/owners`, "anybody000");
    await scene.next();
    void scene.wait();
    for (let round = 1; round <= 3; round++) {
      await time.tickAsync(everyMs - 1);
      assertEquals(scene.rounds, round - 1);
      await time.tickAsync(1);
      assertEquals(scene.rounds, round);
    }
  });
}

Deno.test("ResourcePool.watch() ends without an error when its pool is closed before it has begun", async () => {
  using folder = new Folder();
  const closing = new ResourcePool({ path: folder.state });
  const first = closing.watch().next();
  const closed = closing.close();
  assertEquals(await first, { done: true, value: undefined });
  await closed;
});
