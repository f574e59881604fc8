/**
 * Feeds made-up state files to every promise. An input with an outcome that was not
 * seen before is kept, and others are made of it: so the inputs find their way into
 * corners without instrumented code.
 *
 * @module
 */
import {
  encodeAmounts,
  encodeEntry,
  encodeLease,
} from "../../lib/core/codec.ts";
import { Image } from "../../lib/core/image.ts";
import { randomState } from "../interop/random_state.ts";
import { ROOT } from "../support/deno.ts";
import { entryRecord, leaseRecord } from "../support/records.ts";
import { BYTES_MAX, SLOW_MS } from "./limits.ts";
import { mutate, type Random, toBytes } from "./mutations.ts";
import {
  assertUnpolluted,
  keepsMeaning,
  keepsRecord,
  readsAlike,
  showsHarmlessly,
  staysInside,
} from "./promises.ts";

/** Where files stand that were refused, or would have been a mistake to trust. */
export const BAD_STATES: string = `${ROOT}tests/fuzz/data/bad_states`;

const CORPUS_MAX = 4000;
const CHECK_POLLUTION_EVERY = 64;

/** An input that broke a promise. */
export class Finding extends Error {
  override readonly name = "Finding";
  readonly input: Uint8Array;

  constructor(message: string, input: Uint8Array, cause: unknown) {
    super(message, { cause });
    this.input = input;
  }
}

/** What a run has come to. */
export interface Tally {
  readonly inputs: number;
  readonly outcomes: number;
}

/** The files that are kept as test data, by name. */
export function badStates(): Map<string, Uint8Array> {
  const names = [...Deno.readDirSync(BAD_STATES)].map(({ name }) => name);
  return new Map(
    names.sort().map((
      name,
    ) => [name, Deno.readFileSync(`${BAD_STATES}/${name}`)]),
  );
}

function ownLayout(fill: (image: Image) => void): Uint8Array {
  const image = new Image(Image.empty(), "");
  fill(image);
  image.commit();
  return image.bytes;
}

/** A pool with cards, leases of both kinds, waiters and work. */
function busyPool({ state }: Image): void {
  const card = "gpu_A_vram_mb";
  state.setResource(card, 100);
  state.setResource("ram_mb", 50);
  const held = new Map([[card, 60]]);
  state.addLease(
    leaseRecord({ id: "abcdefghij-4", resources: held, reclaimable: true }),
  );
  state.addLease(
    leaseRecord({ id: "0123456789ab", resources: new Map([["ram_mb", 9]]) }),
  );
  state.addEntry(entryRecord({ id: "abcdefghij-8", lease_id: "abcdefghij-4" }));
  state.addEntry(
    entryRecord({ id: "klmnopqrst-4", vram_mb: [70], priority: 3 }),
  );
  state.addEntry(
    entryRecord({ id: "klmnopqrst-9", vram_mb_each: 5, num_gpus: 2 }),
  );
  state.addEntry(
    entryRecord({ id: "klmnopqrst-14", resources: new Map([["ram_mb", 45]]) }),
  );
  state.addEntry(
    entryRecord({ id: "ba9876543210", resources: new Map([["disk_mb@/", 4]]) }),
  );
}

function firstRecords(random: Random): Uint8Array[] {
  const records = Array.from({ length: 12 }, () => {
    const { resources, leases, entries } = randomState(random);
    return [
      encodeAmounts(resources),
      ...leases.map(encodeLease),
      ...entries.map(encodeEntry),
    ];
  });
  return records.flat().filter(({ length }) => length < 2000).map(toBytes);
}

/** Files of every kind, of which others are made. */
export function firstInputs(random: Random): Uint8Array[] {
  const states = Array.from({ length: 12 }, () => {
    const { resources, leases, entries } = randomState(random);
    const toJson = (value: unknown) =>
      value instanceof Map ? Object.fromEntries(value) : value;
    return toBytes(JSON.stringify(
      { version: 5, resources, leases, queue: entries },
      (_, value) => toJson(value),
      1,
    ));
  });
  return [
    ...badStates().values(),
    ...states,
    Image.empty(),
    ownLayout(busyPool),
    ownLayout(({ state }) => {
      for (let i = 0; i < 20; i++) {
        state.addLease(leaseRecord({ id: `abcdefghij-${4 * i}` }));
      }
    }),
    toBytes(`{"version":5,"leases":[${encodeLease(leaseRecord())}]}`),
    toBytes(`{"version":5,"queue":[${encodeEntry(entryRecord())}]}`),
  ].filter(({ length }) => length <= BYTES_MAX);
}

/** Makes inputs, one at a time. */
export class Fuzzer {
  readonly #random: Random;
  readonly #corpus: Uint8Array[];
  /** Of single records: a hundred of them take as long as one file. */
  readonly #records: Uint8Array[];
  readonly #outcomes = new Set<string>();
  #inputs = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#corpus = firstInputs(random);
    this.#records = firstRecords(random);
  }

  get tally(): Tally {
    return { inputs: this.#inputs, outcomes: this.#outcomes.size };
  }

  /**
   * Makes one input and tries one promise on it.
   *
   * @throws {Finding} if it breaks the promise
   */
  step(): void {
    const isRecord = this.#random(4) > 0;
    const corpus = isRecord ? this.#records : this.#corpus;
    const pick = () => corpus[this.#random(corpus.length)];
    const base = pick();
    const input = mutate(base, pick(), this.#random);
    if (input.length > BYTES_MAX) return;
    const since = performance.now();
    let outcome: string;
    try {
      outcome = isRecord ? keepsRecord(input) : this.#try(base, input);
      if (this.#inputs % CHECK_POLLUTION_EVERY === 0) assertUnpolluted();
      const took = performance.now() - since;
      if (took > SLOW_MS) throw new Error(`It took ${Math.round(took)} ms`);
    } catch (error) {
      throw new Finding(`Input ${this.#inputs} breaks a promise`, input, error);
    }
    this.#inputs++;
    if (this.#outcomes.has(outcome)) return;
    this.#outcomes.add(outcome);
    if (corpus.length < CORPUS_MAX) corpus.push(input);
    else corpus[this.#random(CORPUS_MAX)] = input;
  }

  #try(base: Uint8Array, input: Uint8Array): string {
    switch (this.#random(8)) {
      case 0:
      case 1:
      case 2:
        return keepsMeaning(input);
      case 3:
      case 4:
      case 5:
        return readsAlike(base, input);
      case 6:
        return showsHarmlessly(input);
      default:
        return staysInside(base, this.#random);
    }
  }
}
