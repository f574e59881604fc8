import { assertEquals } from "@std/assert";
import { Births } from "../lib/births.ts";
import type { EntryRecord, LeaseRecord } from "../lib/core/model.ts";
import { PoolState } from "../lib/core/state.ts";
import { Liveness } from "../lib/liveness.ts";
import type { Clock } from "../lib/os/clock.ts";
import { guardPath, ownerPath } from "../lib/os/owner_lock.ts";
import type { ProcessProbe } from "../lib/os/process_probe.ts";
import { foreign, lease, ours, waiter } from "./support/pools.ts";
import { Folder } from "./support/processes.ts";

/** What a Python client calls its own. */
const PYTHON_ID = "0123456789ab";
const PID = 4242;
const CHILD = 77;

/** A machine with the owners' files, processes and clocks that a test gives it. */
class Scene implements Disposable, Clock, ProcessProbe {
  namespace: ProcessProbe["namespace"] = "host";
  /** The ids that are in use; undefined where nobody can be asked. */
  processes: Set<number> | undefined = new Set();
  /** The ids that were asked about, by question. */
  readonly questions: number[][] = [];
  readonly warnings: string[] = [];
  state = new PoolState();
  readonly #folder = new Folder();
  readonly #owners = `${this.#folder.path}/owners`;
  readonly #stack = new DisposableStack();
  #wallMs = 1_000_000_000;
  #monotonicMs = 0;
  readonly liveness: Liveness;

  constructor(options: { ticksOf?: (pid: number) => number } = {}) {
    Deno.mkdirSync(this.#owners);
    this.#stack.use(this.#folder);
    const { ticksOf } = options;
    this.liveness = new Liveness({
      owners: this.#owners,
      processes: this,
      births: ticksOf && new Births(this.#folder.state, { view: "v", ticksOf }),
      clock: this,
      warn: (message) => this.warnings.push(message),
    });
  }

  wallMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  pass(ms: number): void {
    this.#wallMs += ms;
    this.#monotonicMs += ms;
  }

  gone(pids: readonly number[]): Promise<ReadonlySet<number> | undefined> {
    this.questions.push([...pids]);
    const living = this.processes;
    return Promise.resolve(
      living && new Set(pids).difference(living),
    );
  }

  /** Makes the file of an owner, and locks it for one that lives. */
  owner(name: string, { alive }: { readonly alive: boolean }): void {
    this.#file(ownerPath(this.#owners, name.padEnd(10, "0")), alive);
  }

  /** Makes the guard of a lease, `ageMs` ago, and locks it for a command. */
  guard(
    name: string,
    { alive, ageMs = 0 }: { readonly alive: boolean; readonly ageMs?: number },
  ): void {
    const path = guardPath(this.#owners, ours(name));
    this.#file(path, alive);
    const seconds = (this.#wallMs - ageMs) / 1000;
    Deno.utimeSync(path, seconds, seconds);
  }

  #file(path: string, isLocked: boolean): void {
    Deno.writeTextFileSync(path, "");
    if (!isLocked) return;
    const file = this.#stack.use(Deno.openSync(path, { read: true }));
    file.lockSync(true);
  }

  /** Looks at these, as they are all that there is; the verdicts in their order. */
  async look(
    records: readonly (LeaseRecord | EntryRecord)[],
    options: { readonly patient?: boolean; readonly self?: string } = {},
  ): Promise<(string | undefined)[]> {
    this.state = new PoolState();
    for (const record of records) {
      if ("acquired_at" in record) this.state.addLease(record);
      else this.state.addEntry(record);
    }
    const verdicts = await this.liveness.examine(this.state, {
      patient: false,
      ...options,
    });
    return records.map(({ id }) => verdicts.get(id));
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }
}

const pythonLease = (fields: Partial<LeaseRecord> = {}) =>
  lease("", {}, { id: PYTHON_ID, pid: PID, ...fields });

Deno.test("Liveness takes an owner's lock for the life of all that is its (rule 2)", async () => {
  using scene = new Scene();
  scene.owner("living", { alive: true });
  scene.owner("dead", { alive: false });
  assertEquals(
    await scene.look([
      lease("living", {}, { pids: [CHILD] }),
      lease("dead", {}),
    ]),
    ["alive", "dead"],
  );
  assertEquals(
    await scene.look([waiter("living", {}), waiter("dead", {})]),
    ["alive", "dead"],
  );
  // No process was asked about: numbers prove nothing where a lock does.
  assertEquals(scene.questions, []);
});

Deno.test("Liveness asks nothing about the program itself and those it hears of", async () => {
  using scene = new Scene();
  scene.owner("dead", { alive: false });
  scene.owner("living", { alive: true });
  const records = [lease("dead", {}), lease("living", {})];
  const self = "dead".padEnd(10, "0");
  assertEquals(await scene.look(records, { self }), ["alive", "alive"]);
  const living = new Set<string>();
  const options = { patient: false, living };
  const verdicts = await scene.liveness.examine(scene.state, options);
  assertEquals([...verdicts.values()], ["dead", "alive"]);
  assertEquals([...living], ["living".padEnd(10, "0")]);
});

Deno.test("Liveness keeps a dead owner's lease while a child of it lives (rule 3)", async () => {
  using scene = new Scene();
  scene.owner("dead", { alive: false });
  const held = [lease("dead", {}, { pid: PID, pids: [CHILD, CHILD + 1] })];
  scene.processes = new Set([CHILD + 1]);
  assertEquals(await scene.look(held), ["alive"]);
  // The owner itself is proven dead by its lock.
  assertEquals(scene.questions, [[CHILD, CHILD + 1]]);
  scene.processes.clear();
  assertEquals(await scene.look(held), ["dead"]);
});

Deno.test("Liveness.diedWith() spares a lease whose children have to be asked about", async () => {
  using scene = new Scene();
  scene.owner("dead", { alive: false });
  const child = lease("dead", {}, { pids: [CHILD], id: `${ours("dead")}4` });
  await scene.look([lease("dead", {}), child]);
  const owner = "dead".padEnd(10, "0");
  assertEquals(
    [...scene.liveness.diedWith(owner, scene.state)!],
    [ours("dead")],
  );
  scene.owner("dead", { alive: true });
  assertEquals(scene.liveness.diedWith(owner, scene.state), undefined);
});

Deno.test("Liveness keeps a lease while a command holds its guard (rule 2)", async () => {
  using scene = new Scene();
  scene.owner("dead", { alive: false });
  const held = [lease("dead", {})];
  scene.guard("dead", { alive: true, ageMs: 3_600_000 });
  assertEquals(await scene.look(held), ["alive"]);
});

Deno.test("Liveness gives a command two seconds to lock its guard (rule 1)", async () => {
  using scene = new Scene();
  scene.owner("dead", { alive: false });
  // With a guard its children are its command's to keep alive.
  const held = [lease("dead", {}, { pids: [CHILD] })];
  scene.guard("dead", { alive: false, ageMs: 1000 });
  assertEquals(await scene.look(held), ["alive"]);
  scene.pass(2000);
  assertEquals(await scene.look(held), ["dead"]);
  // A guard of tomorrow must not keep a lease till then.
  scene.guard("dead", { alive: false, ageMs: -86_400_000 });
  assertEquals(await scene.look(held), ["dead"]);
  assertEquals(scene.questions, []);
});

Deno.test("Liveness asks for process ids where the owner's file is gone (rule 3)", async () => {
  using scene = new Scene();
  const held = [lease("lost", {}, { pid: PID })];
  scene.processes = new Set([PID]);
  assertEquals(await scene.look(held), ["alive"]);
  scene.guard("lost", { alive: false, ageMs: 3000 });
  assertEquals(await scene.look(held), ["alive"]);
  scene.processes.clear();
  assertEquals(await scene.look(held), ["dead"]);
});

Deno.test("Liveness takes the host's id of a process where a client tells one (rule 3)", async () => {
  using scene = new Scene();
  scene.processes = new Set([PID]);
  assertEquals(
    await scene.look([pythonLease({ pid: 7, host_pid: PID })]),
    ["alive"],
  );
});

Deno.test("Liveness takes no silence for a proof where ids are not the host's (rule 3)", async () => {
  using scene = new Scene();
  for (const namespace of ["private", "unknown"] as const) {
    scene.namespace = namespace;
    scene.processes = new Set();
    const held = [pythonLease({ pid: PID })];
    assertEquals(await scene.look(held), ["unknown"]);
    scene.processes.add(PID);
    assertEquals(await scene.look(held), ["alive"]);
    // It has itself been seen here, for that entry and no other.
    scene.processes.clear();
    const other = pythonLease({ id: "ba9876543210", pid: PID });
    assertEquals(await scene.look([...held, other]), ["dead", "unknown"]);
    await scene.look([]);
  }
});

Deno.test("Liveness forgets what it has seen of an entry that went away", async () => {
  using scene = new Scene();
  scene.namespace = "private";
  scene.processes = new Set([PID]);
  assertEquals(await scene.look([pythonLease()]), ["alive"]);
  await scene.look([]);
  scene.processes.clear();
  assertEquals(await scene.look([pythonLease()]), ["unknown"]);
});

Deno.test("Liveness calls nobody dead where it cannot ask, and says so (rule 1)", async () => {
  using scene = new Scene();
  scene.processes = undefined;
  assertEquals(await scene.look([pythonLease()]), ["unknown"]);
  assertEquals(scene.warnings.length, 1);
});

Deno.test("Liveness lets a Python client that waits go when it was gone twice, a second apart (rule 4)", async () => {
  using scene = new Scene();
  const waits = [foreign(PYTHON_ID, {}, { pid: PID })];
  assertEquals(await scene.look(waits), ["unknown"]);
  scene.pass(900);
  assertEquals(await scene.look(waits), ["unknown"]);
  // It was seen in between: all begins anew.
  scene.processes!.add(PID);
  assertEquals(await scene.look(waits), ["alive"]);
  scene.processes!.clear();
  scene.pass(900);
  assertEquals(await scene.look(waits), ["unknown"]);
  scene.pass(1000);
  assertEquals(await scene.look(waits), ["dead"]);
  // One that holds goes at once.
  assertEquals(await scene.look([pythonLease()]), ["dead"]);
});

Deno.test("Liveness does not count a first absence that was of an earlier entry (rule 4)", async () => {
  using scene = new Scene();
  const waits = [foreign(PYTHON_ID, {}, { pid: PID })];
  assertEquals(await scene.look(waits), ["unknown"]);
  await scene.look([]);
  scene.pass(1000);
  assertEquals(await scene.look(waits), ["unknown"]);
});

Deno.test("Liveness asks about process ids four times a second at most, if it is patient", async () => {
  using scene = new Scene();
  const patient = { patient: true };
  const held = [pythonLease()];
  assertEquals(await scene.look(held, patient), ["dead"]);
  scene.pass(200);
  assertEquals(await scene.look(held, patient), ["unknown"]);
  assertEquals(await scene.look(held), ["dead"]);
  scene.pass(250);
  assertEquals(await scene.look(held, patient), ["dead"]);
  assertEquals(scene.questions.length, 3);
});

Deno.test("Liveness tells a holder from a later process of its number (rule 3)", async () => {
  let ticks = 100;
  using scene = new Scene({ ticksOf: () => ticks });
  scene.processes = new Set([PID]);
  assertEquals(await scene.look([pythonLease()]), ["alive"]);
  ticks = 900;
  assertEquals(await scene.look([pythonLease()]), ["dead"]);
  // Where ids are not the host's, whose start it is cannot be told.
  scene.namespace = "private";
  assertEquals(await scene.look([pythonLease()]), ["alive"]);
});

Deno.test("Liveness looks at no process that decides nothing", async () => {
  const looked: number[] = [];
  using scene = new Scene({ ticksOf: (pid) => looked.push(pid) });
  scene.owner("dead", { alive: false });
  scene.processes = new Set([PID, CHILD]);
  // Its owner is dead, whoever has the number now.
  const held = [lease("dead", {}, { pid: PID, pids: [CHILD] })];
  assertEquals(await scene.look(held), ["alive"]);
  assertEquals(looked, []);
});
