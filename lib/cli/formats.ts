/**
 * The formats that others may rely on, as data: the state file, and what `--json`
 * prints. `reslock schema` is made of it.
 *
 * @module
 */
import { SCHEMA_VERSION } from "../../mod.ts";

/** What stands in a field; a question mark: it may be null instead. */
export type FieldType =
  | `${"boolean" | "date-time" | "integer" | "number" | "string"}${"" | "?"}`
  | `[integer]${"" | "?"}`
  | "[string]"
  /** An object of whole numbers by resource name. */
  | "amounts"
  /** Always this number. */
  | number
  /** One of these words. */
  | readonly string[]
  /** A list of such objects. */
  | ObjectFormat
  /** One such object, or null. */
  | { readonly oneOrNull: ObjectFormat };

/** A field of an object, with what it means. */
export type Field = readonly [name: string, type: FieldType, meaning: string];

/** An object with its fields. All of them are always there, and no others. */
export interface ObjectFormat {
  readonly title: string;
  /** A format of which it has all fields, before its own. */
  readonly base?: ObjectFormat;
  readonly fields: readonly Field[];
}

const PATH: Field = ["path", "string", "the state file"];

const LEASE: ObjectFormat = {
  title: "lease",
  fields: [
    ["id", "string", "ours are <owner>-<n>, those of Python 12 hex digits"],
    ["pid", "integer", "the process that holds it"],
    ["host_pid", "integer?", "its number outside its container, where known"],
    ["resources", "amounts", "what is held"],
    ["priority", "integer", "higher goes first"],
    ["acquired_at", "date-time", "when it was granted"],
    ["queued_at", "date-time?", "when it was asked for"],
    ["wait_sec", "number?", "seconds between the two"],
    ["reclaimable", "boolean", "may be asked back for a higher priority"],
    ["reclaim_requested", "boolean", "has been asked back"],
    ["reclaim_requested_at", "date-time?", "since when"],
    ["label", "string?", "a name for people"],
    ["pids", "[integer]", "child processes: they keep the lease alive, too"],
    ["actual_resources", "amounts", "what the holder says it really uses"],
    ["cpu_seconds", "number?", "processor time that the holder has used"],
  ],
};

const ENTRY: ObjectFormat = {
  title: "queue entry",
  fields: [
    ["id", "string", "that of the lease that it will be"],
    ["pid", "integer", "the process that asks"],
    ["host_pid", "integer?", "its number outside its container, where known"],
    ["resources", "amounts", "what is asked for, without GPU memory"],
    ["vram_mb", "[integer]?", "GPU memory, one amount for each card"],
    ["vram_mb_each", "integer?", "GPU memory on each of num_gpus cards"],
    ["num_gpus", "integer", "how many such cards"],
    ["reclaimable_intent", "boolean", "the lease will be reclaimable"],
    ["priority", "integer", "higher goes first"],
    ["label", "string?", "a name for people"],
    ["queued_at", "date-time", "when it was asked for"],
    ["started_at", "date-time?", "when work began"],
    ["lease_id", "string?", "null: it waits; else work on that lease"],
    ["estimated_seconds", "integer?", "how long the work will take"],
    ["progress", "number?", "how much of it is done, 0 to 1"],
  ],
};

const STATE: ObjectFormat = {
  title: "state file",
  fields: [
    ["version", SCHEMA_VERSION, "any other is refused"],
    ["resources", "amounts", "capacity by name"],
    ["leases", LEASE, "what is held"],
    ["queue", ENTRY, "who waits, by rank, then work in progress"],
  ],
};

/** What is shown beside the fields of the state file. */
const SEEN: readonly Field[] = [
  ["native", "boolean", "made by this program, not by the Python package"],
  ["owner", ["alive", "dead", "unknown"], "whether its process lives"],
];

const SHOWN_LEASE: ObjectFormat = {
  title: "lease as shown",
  base: LEASE,
  fields: [
    ...SEEN,
    ["busy", "boolean", "work is in progress on it"],
  ],
};

const PROCESS: ObjectFormat = {
  title: "process",
  fields: [
    ["pid", "integer", "its number as seen from here"],
    ["user", "string?", "whose it is"],
    ["command", "string?", "what it runs: the command of a reslock run"],
    ["container", "string?", "where, such as docker 3f2a1b9c04de"],
    ["stopped", "boolean", "by Ctrl-Z or a signal, it or its command"],
  ],
};

/** What is found out for `status` and `list`. */
const SEEN_PROCESS: Field = [
  "process",
  { oneOrNull: PROCESS },
  "its process; null where none is proven to be it from here",
];

const HELD_LEASE: ObjectFormat = {
  title: "lease with its process",
  base: SHOWN_LEASE,
  fields: [SEEN_PROCESS],
};

const PARTY: ObjectFormat = {
  title: "party",
  fields: [
    ["id", "string", "of a lease or a waiter"],
    ["label", "string?", "its name for people"],
  ],
};

const HOLDER: ObjectFormat = {
  title: "holder",
  base: PARTY,
  fields: [
    ["resource", "string", "what it holds; of GPU memory, the card"],
    ["amount", "integer", "how much"],
  ],
};

const OUTSIDE: ObjectFormat = {
  title: "program outside",
  fields: [
    ["pid", "integer?", "null: memory that the driver names no process for"],
    ["name", "string", "its program; may be empty"],
    ["used_mb", "integer", "what it uses"],
  ],
};

const OUTSIDER: ObjectFormat = {
  title: "program on a card",
  base: OUTSIDE,
  fields: [["resource", "string", "the card that it uses"]],
};

const SHORTAGE: ObjectFormat = {
  title: "shortage",
  fields: [
    ["resource", "string", "vram_mb for cards that the pool chooses"],
    ["requested", "integer", "of GPU memory, on the card that lacks"],
    ["free", "integer", "what is free now"],
    ["left", "integer", "of that, once those in front have theirs"],
    ["slot", "integer?", "the card that lacks, 0 is the best; else null"],
    ["holders", HOLDER, "who holds most of it, 8 at most"],
    ["holder_count", "integer", "how many hold any of it"],
    ["outside", OUTSIDER, "who uses most of it without a lease, 8 at most"],
    ["outside_count", "integer", "how many use any of it without one"],
    ["behind", PARTY, "who goes first and wants it, by rank, 8 at most"],
    ["behind_count", "integer", "how many do"],
  ],
};

const OBSTACLE: ObjectFormat = {
  title: "obstacle",
  fields: [
    ["resource", "string", "what there is too little of in all"],
    ["requested", "integer", "how much is asked for"],
    ["capacity", "integer?", "how much there is; null: none is registered"],
    ["slot", "integer?", "the card that lacks, 0 is the best; else null"],
  ],
};

const EXPLANATION: ObjectFormat = {
  title: "explanation",
  fields: [
    [
      "verdict",
      ["grantable", "unconfirmed", "waits", "impossible"],
      "how it stands",
    ],
    ["sentence", "string", "the rest in one line of English"],
    ["short", SHORTAGE, "what is short, if it waits"],
    ["reclaims", PARTY, "leases asked back for it"],
    ["obstacle", { oneOrNull: OBSTACLE }, "what the capacities lack for it"],
    ["earliest_start", "date-time?", "by what holders estimate"],
  ],
};

const SHOWN_ENTRY: ObjectFormat = {
  title: "queue entry as shown",
  base: ENTRY,
  fields: [
    ...SEEN,
    [
      "why",
      { oneOrNull: EXPLANATION },
      "why it waits; null for work in progress",
    ],
  ],
};

const SEEN_ENTRY: ObjectFormat = {
  title: "queue entry with its process",
  base: SHOWN_ENTRY,
  fields: [SEEN_PROCESS],
};

const CARD: ObjectFormat = {
  title: "card",
  fields: [
    ["uuid", "string", "what the pool knows it by"],
    ["index", "integer?", "its number; null: the driver does not tell of it"],
    ["name", "string?", "its model"],
    ["capacity_mb", "integer", "what may be leased of it"],
    ["leased_mb", "integer", "what is leased"],
    ["used_mb", "integer?", "what is in use, as the driver sees it"],
    ["free_mb", "integer?", "what the driver has free"],
    ["grantable_mb", "integer?", "what can be leased now"],
    ["outside", OUTSIDE, "who uses it without a lease on it"],
  ],
};

const MEASURED: ObjectFormat = {
  title: "measured",
  fields: [
    ["pids", "[integer]", "the processes that were found to use something"],
    ["resources", "amounts", "what they use"],
    ["cpu_seconds", "number?", "their processor time"],
  ],
};

const OVERUSE: ObjectFormat = {
  title: "overuse",
  fields: [
    ["resource", "string", "its name"],
    ["leased_mb", "integer", "what the lease holds of it"],
    ["used_mb", "integer", "what is used of it"],
  ],
};

const USED_LEASE: ObjectFormat = {
  title: "lease in use",
  base: HELD_LEASE,
  fields: [
    [
      "measured",
      { oneOrNull: MEASURED },
      "what is really used; null: not found out",
    ],
    [
      "overuse",
      OVERUSE,
      "what is used beyond the lease, as measured, else as the holder says",
    ],
  ],
};

const STATUS: ObjectFormat = {
  title: "status --json",
  fields: [
    PATH,
    ["resources", "amounts", "capacity by name"],
    ["available", "amounts", "what is not leased of each"],
    ["reserved", "amounts", "what of that is kept for those who wait"],
    ["used", "amounts", "what is leased of each"],
    ["leases", USED_LEASE, "what is held"],
    ["queue", SEEN_ENTRY, "who waits, by rank, then work in progress"],
    ["cards", CARD, "the cards that have a capacity"],
    [
      "driver_silence",
      "string?",
      "why the driver does not tell who uses them; null: it does, or is not asked",
    ],
  ],
};

const LIST: ObjectFormat = {
  title: "list --json",
  fields: [PATH, ["leases", HELD_LEASE, "what is held"]],
};

const ORPHAN_CARD: ObjectFormat = {
  title: "orphan's card",
  fields: [
    ["uuid", "string", "the card or MIG instance"],
    [
      "used_mb",
      "integer?",
      "what it holds of it; null: the driver does not say",
    ],
  ],
};

const ORPHAN: ObjectFormat = {
  title: "orphan",
  fields: [
    ["pid", "integer", "the process"],
    ["name", "string", "its program, as the driver tells it; may be empty"],
    ["gpus", ORPHAN_CARD, "the cards that it holds memory of"],
    ["maybe_of", "[string]", "leases of containers that it may belong to"],
  ],
};

const ORPHANS: ObjectFormat = {
  title: "orphans --json",
  fields: [
    PATH,
    ["orphans", ORPHAN, "processes on cards without a lease, largest first"],
  ],
};

const RELEASE: ObjectFormat = {
  title: "release --json",
  fields: [PATH, ["released", SHOWN_LEASE, "what was held until now"]],
};

const WHY: ObjectFormat = {
  title: "why --json",
  base: EXPLANATION,
  fields: [
    PATH,
    [
      "registers",
      "amounts",
      "what run would register first, as on its first use; empty: nothing",
    ],
  ],
};

const CANCEL: ObjectFormat = {
  title: "cancel --json",
  fields: [PATH, ["cancelled", SHOWN_ENTRY, "what waited until now"]],
};

const PRIORITY_CHANGE: ObjectFormat = {
  title: "change of a priority",
  fields: [
    ["kind", ["lease", "waiter"], "whose priority it is"],
    ["id", "string", "its id"],
    ["label", "string?", "its name for people"],
    ["before", "integer", "its priority until now"],
    ["priority", "integer", "its priority from now on"],
  ],
};

const PRIORITY: ObjectFormat = {
  title: "priority --json",
  base: PRIORITY_CHANGE,
  fields: [
    PATH,
    ["changes", PRIORITY_CHANGE, "this one, and all others of the label"],
  ],
};

const RECLAIM: ObjectFormat = {
  title: "reclaim --json",
  fields: [PATH, ["asked", SHOWN_LEASE, "what is asked back"]],
};

const CHANGE: ObjectFormat = {
  title: "change",
  fields: [
    ["kind", ["lease", "waiter", "capacity"], "of whose priority, or of what"],
    ["name", "string", "the id, or the resource"],
    ["before", "integer?", "its value until now; null: none"],
    ["after", "integer?", "its value from now on; null: none"],
  ],
};

const WATCH: ObjectFormat = {
  title: "line of watch --json",
  fields: [
    ["at", "date-time", "when it was seen"],
    [
      "type",
      "string",
      "state (always the first), queued, granted, released, died, cancelled, " +
      "reclaim-requested, reclaim-withdrawn, priority-changed or " +
      "capacity-changed; there may be more one day",
    ],
    ["lease", { oneOrNull: SHOWN_LEASE }, "the lease, as it was last seen"],
    ["entry", { oneOrNull: SHOWN_ENTRY }, "the request: queued, cancelled"],
    ["change", { oneOrNull: CHANGE }, "from what to what"],
    ["status", { oneOrNull: STATUS }, "how it was at the start; without why"],
  ],
};

const ENDED: ObjectFormat = {
  title: "ended",
  fields: [
    ["id", "string", "that of the request and of the lease"],
    ["label", "string?", "its name for people"],
    ["pid", "integer", "the process that had it"],
    ["priority", "integer", "at the end"],
    ["resources", "amounts", "held; or asked for, if never granted"],
    ["queued_at", "date-time?", "when it was asked for"],
    ["acquired_at", "date-time?", "when it was granted; null: never"],
    ["ended_at", "date-time", "when it ended"],
    ["wait_sec", "number?", "seconds that it waited"],
    [
      "end",
      ["released", "taken", "died", "gave-up", "cancelled"],
      "how",
    ],
  ],
};

const WAITS: ObjectFormat = {
  title: "waits of a label",
  fields: [
    ["label", "string?", "null for those without one"],
    ["granted", "integer", "how many were granted"],
    ["ungranted", "integer", "how many left the queue without a lease"],
    ["median_sec", "number?", "half of the granted waited no longer"],
    ["p95_sec", "number?", "95 of 100 granted waited no longer"],
  ],
};

const HISTORY: ObjectFormat = {
  title: "history --json",
  fields: [
    PATH,
    ["ended", ENDED, "requests and leases that ended, oldest first"],
    ["waits", WAITS, "how long they waited, by label"],
  ],
};

const SET: ObjectFormat = {
  title: "set --json",
  fields: [
    PATH,
    ["name", "string", "the resource"],
    ["value", "integer", "its capacity now"],
    ["changed", "boolean", "whether it was another before"],
  ],
};

const FINDING: ObjectFormat = {
  title: "finding",
  fields: [
    ["what", "string", "what was looked for"],
    ["source", "string", "where"],
    ["found", "string?", "what is there, for people"],
    ["detail", "string", "why nothing was found, or what to know about it"],
  ],
};

const GPU: ObjectFormat = {
  title: "gpu",
  fields: [
    ["uuid", "string", "what the pool knows it by"],
    ["index", "integer", "its number on this machine"],
    ["name", "string", "its model"],
    ["vendor", "string", "who made it"],
    ["total_mb", "integer?", "its memory"],
    ["used_mb", "integer?", "what of it is in use"],
    ["free_mb", "integer?", "what a program could have now"],
    ["capacity_mb", "integer?", "what a pool can hand out"],
    ["unified", "boolean", "its memory is RAM, and counted there"],
  ],
};

const FOUND: readonly Field[] = [
  ["limits", "amounts", "what this process may use where there is more"],
  ["gpus", GPU, "the cards"],
  ["sources", FINDING, "where was looked"],
];

const DETECT: ObjectFormat = {
  title: "detect --json",
  fields: [["resources", "amounts", "what init would register"], ...FOUND],
};

const INIT: ObjectFormat = {
  title: "init --json",
  fields: [
    PATH,
    ["registered", "amounts", "capacities set just now"],
    ["kept", "amounts", "capacities that were set before"],
    ["forgotten", "amounts", "those of a state file that was removed"],
    ...FOUND,
  ],
};

const CHECK: ObjectFormat = {
  title: "check",
  fields: [
    ["name", "string", "what was looked at"],
    ["level", ["ok", "warning", "problem"], "how bad it is"],
    ["message", "string", "what is so"],
    ["advice", "string", "what to do; empty where there is nothing to do"],
  ],
};

const DOCTOR: ObjectFormat = {
  title: "doctor --json",
  fields: [
    PATH,
    ["checks", CHECK, "what is so now"],
    ["fixed", "[string]", "what --fix put right"],
  ],
};

const SALVAGE: ObjectFormat = {
  title: "doctor --save",
  fields: [
    PATH,
    ["damage", "string", "what is wrong with the file"],
    ["resources", "amounts", "capacity by name"],
    ["resources_from", ["state", "copy", "nowhere"], "where those are from"],
    ["leases", SHOWN_LEASE, "those that can be read, of live processes"],
    ["queue", SHOWN_ENTRY, "the same of those who wait and work"],
    ["lost", "[string]", "what cannot be read or is dead"],
  ],
};

/** All formats, by their key in `schema --json`. */
export const FORMATS: Readonly<Record<string, ObjectFormat>> = {
  state: STATE,
  status: STATUS,
  list: LIST,
  orphans: ORPHANS,
  init: INIT,
  detect: DETECT,
  set: SET,
  release: RELEASE,
  why: WHY,
  cancel: CANCEL,
  priority: PRIORITY,
  reclaim: RECLAIM,
  watch: WATCH,
  history: HISTORY,
  doctor: DOCTOR,
  salvage: SALVAGE,
};
