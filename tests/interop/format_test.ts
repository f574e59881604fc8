/**
 * What one package writes, the other one reads.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { type Decoded, decodeState } from "../../lib/core/codec.ts";
import { Image } from "../../lib/core/image.ts";
import { randomSeed, seededRandom } from "../support/random.ts";
import { randomState } from "./random_state.ts";
import { interopTest } from "./scene.ts";

const STATES = 400;
const seed = randomSeed();

/** Random states, each in a file of ours. */
function writeStates(): string[] {
  const random = seededRandom(seed);
  return Array.from({ length: STATES }, () => {
    const image = new Image(Image.empty(), "");
    const { resources, leases, entries } = randomState(random);
    for (const [name, amount] of resources) {
      image.state.setResource(name, amount);
    }
    for (const lease of leases) image.state.addLease(lease);
    for (const entry of entries) image.state.addEntry(entry);
    image.commit();
    return new TextDecoder().decode(image.bytes);
  });
}

/** A state whose times have the form that the Python package gives them. */
function withPythonTimes(state: Decoded): Decoded {
  return JSON.parse(
    JSON.stringify(state, (_, value) => {
      if (value instanceof Map) return [...value].sort();
      if (typeof value !== "string") return value;
      return value.replace(/^(\d{4}-.*T.*\.\d{3})Z$/, "$1000Z");
    }),
  );
}

interopTest(
  `the Python package reads what we write (RESLOCK_SEED=${seed})`,
  async (scene) => {
    const texts = writeStates();
    const reread = await scene.python().rewrite(texts);
    for (const [index, text] of texts.entries()) {
      assertEquals(
        withPythonTimes(decodeState(reread[index], "theirs")),
        withPythonTimes(decodeState(text, "ours")),
      );
    }
  },
);

interopTest(
  `we keep what the Python package writes (RESLOCK_SEED=${seed})`,
  async (scene) => {
    const theirs = await scene.python().rewrite(writeStates());
    for (const text of theirs) {
      const image = new Image(new TextEncoder().encode(text), "theirs");
      // Any change: the whole file is laid out anew.
      image.state.setResource("added", 1);
      image.commit();
      const ours = decodeState(new TextDecoder().decode(image.bytes), "ours");
      const { resources, leases, entries } = decodeState(text, "theirs");
      assertEquals(ours, {
        resources: new Map([...resources, ["added", 1]]),
        leases,
        // Waiters by priority, then work: its gate looks only at those in front.
        entries: entries.toSorted((a, b) =>
          Number(a.lease_id !== null) - Number(b.lease_id !== null) ||
          (a.lease_id === null ? b.priority - a.priority : 0)
        ),
      });
    }
  },
);

interopTest(
  "a transaction of ours leaves a Python client's lease as it was",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await python.setResources({ slot: 1, "été": 3 });
    await python.acquire({
      slot: 1,
      label: '\u{1f600} "',
      estimated_seconds: 7,
    });
    const before = await scene.read();
    assertEquals(before.entries.length, 1);

    await pool.setResources({ slot: 2 });
    const { resources, ...after } = await scene.read();
    assertEquals(resources, new Map([["slot", 2], ["été", 3]]));
    assertEquals(after, { leases: before.leases, entries: before.entries });
  },
);

interopTest(
  "a Python transaction leaves a lease of ours as it was",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await pool.setResources({ slot: 1 });
    await using lease = await pool.acquire(
      { slot: 1 },
      { label: '\u{1f600} "', reclaimable: true, estimatedSeconds: 7 },
    );
    await lease.work!.update({ progress: 0.25 });
    await lease.update({ cpuSeconds: 1.5, actualResources: { slot: 1 } });
    const before = withPythonTimes(await scene.read());

    await python.touch();
    assertEquals(withPythonTimes(await scene.read()), before);
    // It is still known as ours.
    assertEquals((await pool.status()).leases.map(({ native }) => native), [
      true,
    ]);
    await lease.work!.complete();
  },
);
