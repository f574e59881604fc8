import { assertEquals } from "@std/assert";
import type { DriverReading } from "../../lib/core/cards.ts";
import { addNote } from "../../lib/core/driver_notes.ts";
import type { Clock } from "../../lib/os/clock.ts";
import type { Driver, DriverAnswer } from "../../lib/os/driver.ts";
import { SharedDriver } from "../../lib/os/shared_driver.ts";
import { HeldFile } from "../support/held_file.ts";
import { Folder } from "../support/processes.ts";

const VIEW = "here";
const ABSENT = { kind: "absent", why: "no tool here" } as const;

function told(usedMb: number) {
  const card = { uuid: "GPU-1", index: 0, name: "Card", freeMb: null, usedMb };
  const reading = { cards: [card], processes: [], traced: true };
  return { kind: "told", reading } satisfies DriverAnswer;
}

/** A file of notes, programs that share it, and a clock that a test turns. */
class Scene implements Disposable, Clock {
  readonly #folder = new Folder();
  readonly path = `${this.#folder.path}/state.json.gpus`;
  nowMs = 1_000_000;
  /** How much later each look at the monotonic clock is than the last one. */
  stepMs = 0;
  /** Called when the wall clock is looked at. */
  onLook: () => void = () => {};
  #monotonicMs = 0;

  wallMs(): number {
    this.onLook();
    return this.nowMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs += this.stepMs;
  }

  /** A program whose own driver gives this answer, and how often it was asked. */
  program(
    answer: DriverAnswer,
    { view = VIEW, end = new AbortController().signal } = {},
  ): { shared: SharedDriver; asked: () => number } {
    let asked = 0;
    const driver: Driver = {
      view,
      read: () => {
        asked++;
        return Promise.resolve(answer);
      },
    };
    const { path } = this;
    const shared = new SharedDriver({ path, driver, clock: this, end });
    return { shared, asked: () => asked };
  }

  note(reading: DriverReading): void {
    const note = { view: VIEW, atMs: this.nowMs, answer: reading };
    Deno.writeTextFileSync(this.path, addNote("", note));
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

Deno.test("SharedDriver.read() asks once for all who see the same machine", async () => {
  using scene = new Scene();
  const first = scene.program(told(1));
  const second = scene.program(told(2));
  const elsewhere = scene.program(told(3), { view: "there" });
  assertEquals(await first.shared.read(1000), told(1));
  scene.nowMs += 1000;
  assertEquals(await second.shared.read(1000), told(1));
  assertEquals(await elsewhere.shared.read(1000), told(3));
  assertEquals(second.asked(), 0);
  scene.nowMs += 1;
  assertEquals(await second.shared.read(1000), told(2));
});

Deno.test("SharedDriver.read() takes nothing that was noted after now", async () => {
  using scene = new Scene();
  await scene.program(told(1)).shared.read(1000);
  scene.nowMs -= 1;
  assertEquals(await scene.program(told(2)).shared.read(1000), told(2));
});

Deno.test("SharedDriver.read() tells others that the tool is broken, not that there is none", async () => {
  using scene = new Scene();
  assertEquals(await scene.program(ABSENT).shared.read(1000), ABSENT);
  // This one may run the tool.
  const broken = { kind: "broken", why: "it fails" } as const;
  assertEquals(await scene.program(broken).shared.read(1000), broken);
  assertEquals(await scene.program(told(1)).shared.read(1000), broken);
});

Deno.test("SharedDriver.read() notes nothing that was called off", async () => {
  using scene = new Scene();
  const ended = new AbortController();
  const first = scene.program(told(1), { end: ended.signal });
  ended.abort();
  await first.shared.read(1000);
  assertEquals(await scene.program(told(2)).shared.read(1000), told(2));
});

Deno.test("SharedDriver.read() waits for one who asks", async () => {
  using scene = new Scene();
  const { shared, asked } = scene.program(told(2));
  Deno.writeTextFileSync(scene.path, "[]\n");
  using _asker = new HeldFile(scene.path);
  const reading = shared.read(1000);
  scene.note(told(1).reading);
  assertEquals([await reading, asked()], [told(1), 0]);
});

Deno.test("SharedDriver.read() asks for itself beside one who was stopped", async () => {
  using scene = new Scene();
  const { shared } = scene.program(told(2));
  Deno.writeTextFileSync(scene.path, "[]\n");
  using _stopped = new HeldFile(scene.path);
  scene.stepMs = 10_000;
  assertEquals(await shared.read(1000), told(2));
  // Without the lock nothing is written.
  assertEquals(Deno.readTextFileSync(scene.path), "[]\n");
});

Deno.test("SharedDriver.read() waits for nobody once nobody waits for it", async () => {
  using scene = new Scene();
  const end = AbortSignal.abort();
  const { shared } = scene.program(told(2), { end });
  Deno.writeTextFileSync(scene.path, "[]\n");
  using _stopped = new HeldFile(scene.path);
  assertEquals(await shared.read(1000), told(2));
});

Deno.test("SharedDriver.read() takes what came between its look and its lock", async () => {
  using scene = new Scene();
  const { shared, asked } = scene.program(told(2));
  let looks = 0;
  // The second one is when it has read the file, and before it tries the lock.
  scene.onLook = () => {
    if (++looks === 2) scene.note(told(1).reading);
  };
  assertEquals([await shared.read(1000), asked()], [told(1), 0]);
});
