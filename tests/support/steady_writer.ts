/**
 * A program that writes the next number into every lease of a state, all at once, again
 * and again until it is killed. Beside the state it keeps which number it has begun to
 * write, and which it has written.
 *
 * @module
 */
import { Image } from "../../lib/core/image.ts";
import { StateFile } from "../../lib/store/state_file.ts";
import { leaseRecord } from "./records.ts";

const HOLDER = {};

const FIRST_NUMBER = 1_000_000_000;

/** In many places, so that most of the time it is there in some of them only. */
const PLACES = 20;

function labelOf(number: number, length: number): string {
  return `${number}`.padEnd(length / PLACES, "x").repeat(PLACES);
}

/** The bytes of a state of so many leases with labels of so many characters. */
export function numberedState(count: number, length: number): Uint8Array {
  const image = new Image(Image.empty(), "");
  const label = labelOf(FIRST_NUMBER, length);
  for (let i = 0; i < count; i++) {
    image.state.addLease(leaseRecord({ id: `abcdefghij-${i}`, label }));
  }
  image.commit();
  return image.bytes;
}

/** The number of a state; an error if its leases are not of one write. */
function numberOf(bytes: Uint8Array): number {
  const { leases } = new Image(bytes, "").state;
  const labels = [...leases].map(({ label }) => label!);
  const number = Number(labels[0].slice(0, 10));
  for (const label of labels) {
    if (label === labelOf(number, label.length)) continue;
    throw new Error(`The leases are a mixture: ${labels}`);
  }
  return number;
}

/** The number in a file, for someone who only looks. */
export function readNumber(path: string): number {
  using file = new StateFile(path);
  if (!file.tryLock(false, HOLDER)) throw new Error("Others have the lock");
  return numberOf(file.read(false));
}

/** Where a text stands in bytes. */
function placesOf(text: string, bytes: Uint8Array): number[] {
  const places: number[] = [];
  const all = new TextDecoder().decode(bytes);
  for (let at = all.indexOf(text); at >= 0; at = all.indexOf(text, at + 1)) {
    places.push(at);
  }
  return places;
}

if (import.meta.main) {
  const [path, progressPath] = Deno.args;
  const file = new StateFile(path);
  const progress = Deno.openSync(progressPath, { write: true });
  const note = (begun: number, written: number) => {
    // One write within one page: it is there or not, whenever this is killed.
    progress.seekSync(0, Deno.SeekMode.Start);
    progress.writeSync(new TextEncoder().encode(`${begun} ${written}`));
  };
  const lock = () => {
    while (!file.tryLock(true, HOLDER));
    return file.read(true);
  };
  const first = lock();
  let number = numberOf(first);
  const places = placesOf(String(number), first);
  file.unlock(HOLDER);
  for (let writes = 1;; writes++) {
    const { length } = lock();
    note(number + 1, number);
    const digits = new TextEncoder().encode(String(++number));
    const patches = places.map((offset) => ({ offset, bytes: digits }));
    file.write({ patches, length });
    note(number, number);
    file.unlock(HOLDER);
    if (writes === 16) Deno.stdout.writeSync(Uint8Array.of(0x0a));
  }
}
