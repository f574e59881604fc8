import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { Aim } from "../lib/core/aim.ts";
import { gpuKey } from "../lib/core/model.ts";
import { PoolState } from "../lib/core/state.ts";
import { Lookout } from "../lib/lookout.ts";
import { leaseRecord } from "./support/records.ts";

const AIM: Aim = {
  asksDriver: true,
  disks: [],
  only: undefined,
  placement: undefined,
};
const LEASE = leaseRecord({ resources: new Map([[gpuKey("A"), 5]]) });

/** A waiter, by the name of "me", for whom nothing is free outside. */
class Scene implements AsyncDisposable {
  readonly state = new PoolState();
  readonly waiting = new Map([["me", { id: "me", aim: AIM }]]);
  /** Whether it fits by accounting. */
  fits = true;
  /** The looks since this was asked last: the times and how old an answer may be. */
  #looks: [atMs: number, maxAgeMs: number | undefined][] = [];
  #transactions = 0;
  readonly #time = new FakeTime(0);
  readonly lookout: Lookout;

  constructor() {
    this.state.setResource(gpuKey("A"), 10);
    this.lookout = new Lookout({
      store: {
        preview: () =>
          Promise.resolve({
            state: this.state,
            isUnsettled: false,
            fitting: this.fits ? ["me"] : [],
          }),
        transact: (change) => {
          this.#transactions++;
          const { state } = this;
          return Promise.resolve({ value: change(state), state });
        },
      },
      outside: {
        look: (_, maxAgeMs) => {
          this.#looks.push([this.#time.now, maxAgeMs]);
          return Promise.resolve(() => ({}));
        },
        close: () => Promise.resolve(),
      },
      clock: { wallMs: () => 0, monotonicMs: () => this.#time.now },
      waiting: this.waiting,
    });
  }

  confirm(): Promise<void> {
    return this.lookout.confirm({ id: "me", aim: AIM });
  }

  /** Lets time pass; the looks meanwhile. */
  async pass(ms: number): Promise<[number, number | undefined][]> {
    this.#looks = [];
    for (let passed = 0; passed < ms; passed += 50) {
      await this.#time.tickAsync(50);
      await this.#time.runMicrotasks();
    }
    return this.#looks;
  }

  get transactions(): number {
    return this.#transactions;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lookout.close();
    this.#time[Symbol.dispose]();
  }
}

Deno.test("Lookout.confirm() looks again each second while it is refused", async () => {
  await using scene = new Scene();
  await scene.confirm();
  assertEquals(scene.transactions, 1);
  assertEquals(await scene.pass(3000), [
    [1000, 1000],
    [2000, 1000],
    [3000, 1000],
  ]);
  scene.waiting.delete("me");
  assertEquals(await scene.pass(3000), []);
});

Deno.test("Lookout.confirm() looks ten times as often for three seconds after a lease on a card", async () => {
  await using scene = new Scene();
  scene.state.addLease(LEASE);
  await scene.confirm();
  assertEquals(await scene.pass(500), []);
  scene.state.removeLease(LEASE);
  scene.lookout.confirmAll();
  assertEquals(
    await scene.pass(2900),
    Array.from({ length: 30 }, (_, at) => [500 + 100 * at, 100]),
  );
  assertEquals(await scene.pass(2500), [
    [3500, 1000],
    [4500, 1000],
    [5500, 1000],
  ]);
});

Deno.test("Lookout.confirm() does not look while the leases leave no room", async () => {
  await using scene = new Scene();
  scene.fits = false;
  await scene.confirm();
  assertEquals(await scene.pass(5000), []);
  assertEquals(scene.transactions, 0);
});

Deno.test("Lookout.confirm() does not look for what needs no look", async () => {
  await using scene = new Scene();
  await scene.lookout.confirm({
    id: "me",
    aim: { ...AIM, asksDriver: false },
  });
  assertEquals(scene.transactions, 0);
});
