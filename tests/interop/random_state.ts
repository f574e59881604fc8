/** Random states, with whatever the format allows. */
import type { EntryRecord, LeaseRecord } from "../../lib/core/model.ts";

/** A whole number from 0 to below its argument. */
type Random = (below: number) => number;

/** A state as it is in the file, with the amounts as maps. */
export interface RandomState {
  readonly resources: ReadonlyMap<string, number>;
  readonly leases: readonly LeaseRecord[];
  readonly entries: readonly EntryRecord[];
}

const ODD_TEXTS = [
  ...["", " ", "a", "whisper", "10", "2", "-1", "null", "__proto__"],
  ...["constructor", "toString", 'a"b', "a\\b", "\\u0041", "</script>"],
  ...["\u0000", "\b\t\n\f\r", "\u007f", "\u0085", "\u2028\u2029", "\ufeff"],
  ...["é", "e\u0301", "ñandú", "日本語", "עברית", "\u202eabc", "\uffff"],
  ...["😀", "👩‍👩‍👧", "\u{10ffff}", "𝔘", "x".repeat(5000)],
];
const WHOLE = [0, 1, 2, 4096, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER];
const FLOATS = [0, 1, 0.1 + 0.2, 1e-7, 5e-324, 1.7976931348623157e308, 1e21];
/** As both packages write them, and as others may. */
const TIMES = [
  ...["2026-11-23T21:15:21.320Z", "2026-11-23T21:15:21.320999Z"],
  ...["2026-11-23T21:15:21Z", "2026-11-23T21:15:21", "1970-01-01T00:00:00Z"],
  ...["2026-11-23T21:15:21.000001+05:30", "9999-12-31T23:59:59.999999Z"],
];

/** Makes a state; its ids are of the Python package's form. */
export function randomState(random: Random): RandomState {
  const one = <T>(values: readonly T[]): T => values[random(values.length)];
  const maybe = <T>(make: () => T): T | null => random(3) === 0 ? null : make();
  const some = <T>(most: number, make: () => T): T[] =>
    Array.from({ length: random(most + 1) }, make);
  const id = () =>
    Array.from({ length: 12 }, () => random(16).toString(16)).join("");
  const flag = () => random(2) === 1;
  const text = () => some(3, () => one(ODD_TEXTS)).join("");
  const whole = () => one(WHOLE) - random(2);
  const signed = () => random(2) === 0 ? whole() : -whole();
  const pid = () => 1 + random(2 ** 22);
  const amounts = () => new Map(some(4, () => [text(), signed()] as const));
  const lease = (): LeaseRecord => ({
    id: id(),
    pid: pid(),
    host_pid: maybe(pid),
    resources: amounts(),
    priority: signed(),
    acquired_at: one(TIMES),
    queued_at: maybe(() => one(TIMES)),
    wait_sec: maybe(() => one(FLOATS)),
    reclaimable: flag(),
    reclaim_requested: flag(),
    reclaim_requested_at: maybe(() => one(TIMES)),
    label: maybe(text),
    pids: some(3, pid),
    actual_resources: amounts(),
    cpu_seconds: maybe(() => one(FLOATS)),
  });
  const leases = some(6, lease);
  const ask = () => {
    const none = { vram_mb: null, vram_mb_each: null, num_gpus: 0 };
    const amount = () => Math.max(1, whole());
    return one([
      none,
      { ...none, vram_mb: [amount(), ...some(3, amount)] },
      { ...none, vram_mb_each: amount(), num_gpus: 1 + random(8) },
    ]);
  };
  const entry = (): EntryRecord => ({
    id: id(),
    pid: pid(),
    host_pid: maybe(pid),
    resources: amounts(),
    ...ask(),
    reclaimable_intent: flag(),
    priority: signed(),
    label: maybe(text),
    queued_at: one(TIMES),
    started_at: maybe(() => one(TIMES)),
    // Of a lease that is there, or of one that is gone.
    lease_id: maybe(() => leases.length > 0 && flag() ? one(leases).id : id()),
    estimated_seconds: maybe(whole),
    progress: maybe(() => one(FLOATS)),
  });
  return { resources: amounts(), leases, entries: some(6, entry) };
}
