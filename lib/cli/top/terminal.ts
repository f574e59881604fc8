/**
 * The terminal of `top`: the whole screen, and the keys.
 *
 * @module
 */
import type { Io } from "../context.ts";
import { ENTER, frameChange, LEAVE } from "./frame.ts";
import { keyOf, keysOf } from "./keys.ts";

/** An arrow begins as Escape does: how long more of it may be under way. */
const ESCAPE_MS = 100;

/** The terminal, given back as it was however this ends. */
export class Terminal implements Disposable {
  readonly #io: Io;
  #frame: readonly string[] = [];

  constructor(io: Io) {
    this.#io = io;
    this.enter();
  }

  /** Takes the screen and the keys. */
  enter(): void {
    Deno.stdin.setRaw(true);
    this.#frame = [];
    this.#io.writeOut(ENTER);
  }

  /** Shows these lines. */
  draw(frame: readonly string[]): void {
    const change = frameChange(this.#frame, frame);
    this.#frame = frame;
    if (change !== "") this.#io.writeOut(change);
  }

  /** Everything is to be drawn anew. */
  forget(): void {
    this.#frame = [];
    this.#io.writeOut("\x1b[2J");
  }

  /** The keys as they are pressed, those read at once together; ends with the input. */
  async *keys(): AsyncGenerator<readonly string[], void> {
    const decoder = new TextDecoder();
    const bytes = new Uint8Array(256);
    let reading: Promise<number | null> | undefined;
    let begun = "";
    for (;;) {
      reading ??= Deno.stdin.read(bytes);
      const count = await (begun === "" ? reading : within(ESCAPE_MS, reading));
      if (count === undefined) {
        yield [keyOf(begun)];
        begun = "";
        continue;
      }
      reading = undefined;
      if (count === null) return;
      const text = decoder.decode(bytes.subarray(0, count), { stream: true });
      const { keys, rest } = keysOf(begun + text);
      begun = rest;
      yield keys;
    }
  }

  [Symbol.dispose](): void {
    try {
      this.#io.writeOut(LEAVE);
      Deno.stdin.setRaw(false);
    } catch {
      // The terminal is gone, and with it what there was to restore.
    }
  }
}

/** What comes of it; undefined where that takes longer. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
