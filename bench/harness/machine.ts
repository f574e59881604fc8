/**
 * The facts without which a figure says nothing.
 *
 * @module
 */
import { quietOutput } from "./command.ts";

/** Where and when results were taken. */
export interface Machine {
  readonly date: string;
  readonly cores: number;
  readonly processor: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly fileSystem: string;
  readonly deno: string;
  /** Processes that wanted to run when the run began: others make it slower. */
  readonly loadAverage: number;
}

/** @param directory where the state files of the run are */
export async function describeMachine(directory: string): Promise<Machine> {
  const processors = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  const fileSystem = await quietOutput("stat", [
    ...["--file-system", "--format=%T"],
    directory,
  ]);
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: navigator.hardwareConcurrency,
    processor: /^model name\s*: (.*)$/m.exec(processors)?.[1] ??
      Deno.build.arch,
    memoryGiB: Math.round(Deno.systemMemoryInfo().total / 2 ** 30),
    kernel: `${Deno.build.os} ${Deno.osRelease()}`,
    fileSystem: fileSystem?.trim() ?? "unknown",
    deno: Deno.version.deno,
    loadAverage: Number(Deno.loadavg()[0].toFixed(1)),
  };
}

/** Where and with what, in one line. */
export function machineFacts(machine: Machine): string {
  return `${machine.cores} cores of ${machine.processor}, ` +
    `${machine.memoryGiB} GiB, ${machine.kernel}, ${machine.fileSystem}, ` +
    `Deno ${machine.deno}`;
}

/** The same with the day and how busy it was. */
export function machineLine(machine: Machine): string {
  return `${machine.date}, ${machineFacts(machine)}, ` +
    `load ${machine.loadAverage} at the start`;
}
