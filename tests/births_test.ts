import { assertEquals } from "@std/assert";
import { Births, birthsPath } from "../lib/births.ts";
import type { ProcessStarts } from "../lib/os/process_starts.ts";
import { Folder } from "./support/processes.ts";

const ID = "0123456789ab";
const PID = 77;

/** A machine on which processes begin as the test says. */
class Machine implements ProcessStarts {
  view: string | undefined = "boot/pid/time";
  readonly ticks = new Map<number, number>();

  ticksOf(pid: number): number | undefined {
    return this.ticks.get(pid);
  }
}

function look(births: Births, id = ID): string[] {
  return [...births.outlived([{ id, pid: PID }], () => true)];
}

Deno.test("Births knows a process from a later one of its id, also in another program", () => {
  using folder = new Folder();
  const machine = new Machine();
  const first = new Births(folder.state, machine);
  machine.ticks.set(PID, 100);
  assertEquals(look(first), []);
  assertEquals(look(new Births(folder.state, machine)), []);
  machine.ticks.set(PID, 900);
  assertEquals(look(first), [ID]);
  assertEquals(look(new Births(folder.state, machine)), [ID]);
  // The later process may have a lease of its own by now.
  assertEquals(look(first, "ba9876543210"), []);
});

Deno.test("Births takes nobody for another one who was not seen before", () => {
  using folder = new Folder();
  const machine = new Machine();
  machine.ticks.set(PID, 100);
  look(new Births(folder.state, machine));
  machine.ticks.set(PID, 900);
  const births = () => new Births(folder.state, machine);
  assertEquals(look(births(), "ba9876543210"), []);
  machine.view = "boot/other/time";
  assertEquals(look(births()), []);
  machine.view = undefined;
  assertEquals(look(births()), []);
  machine.view = "boot/pid/time";
  machine.ticks.clear();
  assertEquals(look(births()), []);
});

Deno.test("Births reads past a line that was cut off, and notes after it", () => {
  using folder = new Folder();
  const machine = new Machine();
  machine.ticks.set(PID, 100);
  look(new Births(folder.state, machine));
  const path = birthsPath(folder.state);
  const text = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(path, text.slice(0, -5));
  look(new Births(folder.state, machine));
  machine.ticks.set(PID, 900);
  assertEquals(look(new Births(folder.state, machine)), [ID]);
});

Deno.test("Births keeps its file small, and the notes of those who are still there", () => {
  using folder = new Folder();
  const machine = new Machine();
  machine.ticks.set(PID, 100);
  look(new Births(folder.state, machine));
  const births = new Births(folder.state, machine);
  for (let n = 0; n < 3000; n++) {
    const id = n.toString(16).padStart(12, "f");
    births.outlived([{ id, pid: PID }], (one) => one === ID || one === id);
  }
  const { size } = Deno.statSync(birthsPath(folder.state));
  assertEquals(size <= 65_536 + 200, true, `${size} bytes`);
  machine.ticks.set(PID, 900);
  assertEquals(look(new Births(folder.state, machine)), [ID]);
});

Deno.test("Births knows by itself where its file cannot be written", () => {
  using folder = new Folder();
  const machine = new Machine();
  Deno.mkdirSync(birthsPath(folder.state));
  const births = new Births(folder.state, machine);
  machine.ticks.set(PID, 100);
  assertEquals(look(births), []);
  machine.ticks.set(PID, 900);
  assertEquals(look(births), [ID]);
});
