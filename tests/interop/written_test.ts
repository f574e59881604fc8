/**
 * Goal: whatever callers may say, what comes of it in the file is read by everybody.
 *
 * Method: random calls, most of them with something odd in them. Each is either refused
 * with a reason, or what it wrote is read by a program that knows nothing yet, and in
 * the end by the Python package.
 *
 * @module
 */
import { assert, assertMatch } from "@std/assert";
import { decodeState } from "../../lib/core/codec.ts";
import type { Lease, ResourcePool } from "../../mod.ts";
import { randomSeed, seededRandom } from "../support/random.ts";
import { interopTest, type Scene } from "./scene.ts";

const CALLS = 2000;
const LEASES_MAX = 4;
const USUAL = { slot: 8, ram_mb: 8, gpu_x_vram_mb: 8, gpu_y_vram_mb: 8 };
/** After so many calls capacities are as usual again. */
const ROUND = 20;
const seed = randomSeed();

const NUMBERS: readonly unknown[] = [
  ...[0, -0, 1, 2, 3, 4096, -1, 1.5, 0.25, 5e-324, 1e21, 1e300],
  ...[2 ** 53 - 1, 2 ** 53, -(2 ** 53), NaN, Infinity, -Infinity],
  ...["1", "", null, undefined, true, 1n, {}, [], [1], new Date(NaN)],
];
const NAMES: readonly string[] = [
  ...[
    "slot",
    "slot",
    "ram_mb",
    "ram_mb",
    "vram_mb",
    "vram_mb_each",
    "num_gpus",
  ],
  ...["été", "日本", "😀", "\ud800", "a\udfff", 'a"\\', "a\nb", "\0", "\u2028"],
  ...[
    "",
    " ",
    "__proto__",
    "constructor",
    "toJSON",
    "\uffff",
    "\ufeff",
    "</a>",
  ],
  ...["gpu_x_vram_mb", "disk_mb@/", "disk_mb@", "disk_mb@nowhere"],
  ...["x".repeat(200), "x".repeat(201), "\u{1f600}".repeat(100)],
];
const LISTS: readonly unknown[] = [
  ...[[], [1], [1, 2, 3], [1.5], ["1"], [NaN], [null], [2 ** 53 - 1]],
  // deno-lint-ignore no-sparse-arrays
  ...[[1, , 2], new Array(3), Uint32Array.of(1, 2), new Set([1]), "1", 1, null],
  ...[new Array(1024).fill(7), new Array(1025).fill(7), { length: 1 }],
];
const SWITCHES: readonly unknown[] = [
  ...[true, false, undefined, "yes", 0, 1, null, [], {}],
];

/** Says odd things to a pool. */
class Caller {
  readonly #random = seededRandom(seed);
  readonly #pool: ResourcePool;
  readonly #onQueued: () => void;
  readonly #leases = new Set<Lease>();
  readonly #ids = new Set<string>();

  /** @param onQueued called while something waits */
  constructor(pool: ResourcePool, onQueued: () => void) {
    this.#pool = pool;
    this.#onQueued = onQueued;
  }

  /** Makes one call; its error if it was refused. */
  async call(): Promise<unknown> {
    const [first] = this.#leases;
    if (this.#leases.size > LEASES_MAX) {
      await first.release();
      this.#leases.delete(first);
    }
    try {
      await this.#one(this.#calls())();
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** Mostly what is usual, so that a call is not refused for all that is in it. */
  #odd(usual: unknown, odd: readonly unknown[]): never {
    return (this.#random(6) > 0 ? usual : this.#one(odd)) as never;
  }

  #one<T>(values: readonly T[]): T {
    return values[this.#random(values.length)];
  }

  #name(): string {
    return this.#random(6) > 0 ? "slot" : this.#one(NAMES);
  }

  #amounts(): never {
    if (this.#random(20) === 0) return this.#one(NUMBERS) as never;
    const amounts: [string, unknown][] = [];
    for (let n = this.#random(2); n >= 0; n--) {
      amounts.push([this.#name(), this.#odd(1, NUMBERS)]);
    }
    if (this.#random(3) === 0) amounts.push(["vram_mb", this.#odd([1], LISTS)]);
    return Object.fromEntries(amounts) as never;
  }

  #work(): Record<string, unknown> {
    return {
      label: this.#odd(undefined, [...NAMES, ...NUMBERS]),
      estimatedSeconds: this.#odd(undefined, NUMBERS),
      progress: this.#odd(undefined, NUMBERS),
    };
  }

  #wishes(): Record<string, unknown> {
    return {
      ...this.#work(),
      priority: this.#odd(0, NUMBERS),
      reclaimable: this.#odd(true, SWITCHES),
      cards: this.#odd(undefined, [...LISTS, ["x"], ["x", "y"]]),
      placement: this.#odd(undefined, ["pack", "spread", "", 1, null]),
    };
  }

  #keep(lease: Lease | null): void {
    if (lease === null) return;
    this.#leases.add(lease);
    this.#ids.add(lease.id);
  }

  #calls(): (() => Promise<unknown>)[] {
    const pool = this.#pool;
    const lease = this.#one([...this.#leases]);
    const id = this.#one([...this.#ids, "nobody"]);
    const onLease = lease === undefined ? [] : [
      () => lease.update({ pids: this.#odd(undefined, LISTS) }),
      () => lease.update({ actualResources: this.#amounts() }),
      () => lease.update({ cpuSeconds: this.#odd(1, NUMBERS) }),
      () => lease.update({ resources: this.#amounts() }),
      () => lease.shrink(this.#amounts()),
      () => lease.startWork(this.#work()),
      () => lease.work?.update(this.#work()) ?? Promise.resolve(),
    ];
    const take = async () =>
      this.#keep(await pool.tryAcquire(this.#amounts(), this.#wishes()));
    const wait = async () =>
      this.#keep(
        await pool.acquire(this.#amounts(), {
          ...this.#wishes(),
          hold: this.#odd(true, SWITCHES),
          waitForCapacity: this.#odd(true, SWITCHES),
          timeoutMs: this.#odd(1, [0, -1, NaN, "1", null]),
          onQueued: ({ id }) => {
            this.#ids.add(id);
            this.#onQueued();
          },
        }),
      );
    return [
      ...onLease,
      ...[take, take, take, wait, wait],
      () => pool.setResources(this.#amounts()),
      () => pool.setPriority(id, this.#odd(1, NUMBERS)),
      () => pool.requestReclaim(id),
    ];
  }
}

/** Whether it tells what was wrong: nothing that a program throws by mistake does. */
function assertReason(error: unknown): void {
  assert(error instanceof Error, String(error));
  assertMatch(error.message, /^Cannot [^]+: [^]+$/);
  const slip = /of (?:undefined|null)|is not (?:a function|iterable)|convert/;
  assert(!slip.test(error.message), error.stack);
}

/** The texts of all states that calls have led to. */
async function statesOf(scene: Scene): Promise<string[]> {
  const pool = scene.pool();
  const texts = new Set<string>();
  const look = () => {
    const text = Deno.readTextFileSync(scene.path);
    decodeState(text, scene.path);
    texts.add(JSON.stringify(JSON.parse(text)));
  };
  const caller = new Caller(pool, look);
  let refused = 0;
  for (let call = 0; call < CALLS; call++) {
    if (call % ROUND === 0) {
      const { resources } = await pool.status({ explain: false });
      await pool.unsetResources(Object.keys(resources));
      await pool.setResources(USUAL);
    }
    const error = await caller.call();
    if (error !== undefined) {
      assertReason(error);
      refused++;
    }
    look();
  }
  assert(refused > CALLS / 5, `only ${refused} calls are refused`);
  assert(texts.size > CALLS / 5, `only ${texts.size} states`);
  return [...texts];
}

interopTest(
  `whatever callers say is refused, or written so that all can read it (RESLOCK_SEED=${seed})`,
  async (scene) => {
    const texts = await statesOf(scene);
    await scene.python().rewrite(texts);
  },
);
