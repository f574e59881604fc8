import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { LeaseRecord } from "../../lib/core/model.ts";
import type { PoolState } from "../../lib/core/state.ts";
import type { Liveness, Vitality } from "../../lib/liveness.ts";
import { Undertaker } from "../../lib/session/undertaker.ts";
import type { Store } from "../../lib/store/store.ts";
import { foreign, lease, ours, pool, waiter } from "../support/pools.ts";

const SELF = "self".padEnd(10, "0");
const SAMPLE = lease("a", { slot: 1 });

/** An undertaker, with a state and verdicts that a test makes up. */
class Scene implements Disposable {
  readonly time = new FakeTime();
  state: PoolState;
  readonly verdicts = new Map<string, Vitality>();
  /** The ids that each question was about; undefined for all. */
  readonly questions: (string[] | undefined)[] = [];
  /** How often a transaction was made. */
  burials = 0;
  readonly undertaker: Undertaker;

  constructor(state: PoolState) {
    this.state = state;
    const examine: Liveness["examine"] = (_state, { living, among }) => {
      this.questions.push(among?.map(({ id }) => id));
      for (const [id, vitality] of this.verdicts) {
        if (vitality === "alive") living?.add(id.slice(0, 10));
      }
      return Promise.resolve(new Map(this.verdicts));
    };
    const store = {
      transact: (change: (state: PoolState) => void) => {
        this.burials++;
        return Promise.resolve(change(this.state));
      },
    };
    this.undertaker = new Undertaker({
      path: "/pool/state.json",
      store: store as unknown as Store,
      clock: { wallMs: () => 0, monotonicMs: () => this.time.now },
      liveness: { examine } as unknown as Liveness,
      self: () => SELF,
      onUnheard: () => {},
    });
  }

  tend(): Promise<boolean> {
    return this.undertaker.tend(this.state);
  }

  leases(): string[] {
    return [...this.state.leases].map(({ id }: LeaseRecord) => id);
  }

  [Symbol.dispose](): void {
    this.time[Symbol.dispose]();
  }
}

Deno.test("Undertaker.tend() removes the dead alone, and says so", async () => {
  const dead = lease("b", { slot: 1 });
  using scene = new Scene(
    pool({ slot: 9 }, [SAMPLE, dead], [waiter("c", { slot: 9 })]),
  );
  scene.verdicts.set(SAMPLE.id, "alive");
  scene.verdicts.set(dead.id, "dead");
  scene.verdicts.set(ours("c"), "unknown");
  assertEquals(await scene.tend(), true);
  assertEquals(scene.leases(), [SAMPLE.id]);
  assertEquals(scene.state.waiters.length, 1);
  scene.verdicts.set(ours("c"), "dead");
  scene.verdicts.delete(dead.id);
  assertEquals(await scene.tend(), true);
  assertEquals(scene.state.waiters.length, 0);
});

Deno.test("Undertaker.tend() asks nobody whose end would be heard of, for five minutes", async () => {
  using scene = new Scene(pool({ slot: 1 }, [SAMPLE], []));
  scene.verdicts.set(SAMPLE.id, "alive");
  scene.undertaker.hearDeaths(true);
  assertEquals(await scene.tend(), false);
  assertEquals(scene.undertaker.hasUnheard, false);
  scene.time.tick(300_000);
  await scene.tend();
  assertEquals(scene.questions.length, 1);
  // A watch may have failed without a word.
  scene.time.tick(1);
  await scene.tend();
  assertEquals(scene.questions.length, 2);
  scene.time.tick(300_000);
  await scene.tend();
  assertEquals(scene.questions.length, 2);
});

Deno.test("Undertaker.tend() asks again about who came since, and about whom nobody tells", async () => {
  using scene = new Scene(pool({ slot: 1 }, [SAMPLE], []));
  scene.verdicts.set(SAMPLE.id, "alive");
  scene.undertaker.hearDeaths(true);
  await scene.tend();
  const python = foreign("0123456789ab", { slot: 1 });
  scene.state.addEntry(python);
  scene.verdicts.set(python.id, "alive");
  await scene.tend();
  assertEquals(scene.undertaker.hasUnheard, true);
  await scene.tend();
  assertEquals(scene.questions.length, 3);
  assertEquals(scene.burials, 0);
});

Deno.test("Undertaker.tend() asks each time where no death is heard", async () => {
  using scene = new Scene(pool({ slot: 1 }, [SAMPLE], []));
  scene.verdicts.set(SAMPLE.id, "alive");
  for (let time = 1; time <= 2; time++) {
    await scene.tend();
    assertEquals(scene.questions.length, time);
    assertEquals(scene.undertaker.hasUnheard, true);
  }
});

Deno.test("Undertaker.tendHolders() asks about those alone who have what is wanted", async () => {
  const other = lease("b", { disk: 1 });
  using scene = new Scene(
    pool({ slot: 1, disk: 1 }, [SAMPLE, other], [waiter("c", { slot: 1 })]),
  );
  scene.verdicts.set(SAMPLE.id, "dead");
  await scene.undertaker.tendHolders(scene.state, scene.state.waiters);
  assertEquals(scene.questions, [[SAMPLE.id]]);
  assertEquals(scene.leases(), [other.id]);
});
