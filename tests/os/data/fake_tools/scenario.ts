/**
 * The machine that the fake tools in this directory pretend to be.
 *
 * Put the directory on PATH and the scenario's path into RESLOCK_FAKE_GPU, or copy
 * the tools and write the file `scenario` beside them. It may be replaced while
 * programs run: the next answer is of the new one.
 *
 * @module
 */

/** An NVIDIA card: 24 GB that nobody uses, unless said otherwise. */
export interface FakeCard {
  readonly uuid: string;
  readonly name?: string;
  readonly totalMb?: number | "[N/A]";
  readonly usedMb?: number;
  /** What the driver keeps: neither used nor free. */
  readonly reservedMb?: number;
  readonly utilization?: number;
  readonly instances?: readonly FakeInstance[];
}

/** A MIG instance of a card. */
export interface FakeInstance {
  readonly uuid: string;
  readonly profile: string;
  readonly totalMb: number;
  readonly usedMb?: number;
}

/** An AMD card; its UUID is `GPU-` and the 16 digits of its serial number. */
export interface FakeAmdCard {
  /** Such as `0x4b0a1cd4d1b0e5f3`. */
  readonly serial: string;
  readonly name?: string;
  readonly totalMb?: number;
  readonly usedMb?: number;
}

/** A process that computes on a card. */
export interface FakeProcess {
  /** The card or instance. */
  readonly uuid: string;
  readonly pid: number;
  readonly usedMb: number | "[N/A]";
  readonly name?: string;
}

/** How a tool misbehaves. */
export interface FakeTrouble {
  readonly tool: "nvidia-smi" | "amd-smi";
  /** Seconds before it answers. */
  readonly sleep?: number;
  /** One line that it prints instead of an answer. */
  readonly says?: string;
  /** Its exit code if it fails. */
  readonly code?: number;
}

/** All of it. */
export interface FakeScenario {
  readonly cards?: readonly FakeCard[];
  readonly amd?: readonly FakeAmdCard[];
  readonly processes?: readonly FakeProcess[];
  readonly trouble?: readonly FakeTrouble[];
}

const DEFAULT_TOTAL_MB = 24_576;

/** Where the fake tools are: to be put at the front of PATH. */
export const FAKE_TOOLS: string = decodeURIComponent(
  new URL(".", import.meta.url).pathname.replace(/\/$/, ""),
);

function cardLines(card: FakeCard, index: number): string[] {
  const { uuid, name = "NVIDIA Fake 4090", totalMb = DEFAULT_TOTAL_MB } = card;
  const { usedMb = 0, reservedMb = 0, utilization = 0, instances } = card;
  const memory = totalMb === "[N/A]"
    ? [totalMb, totalMb, totalMb]
    : [totalMb, usedMb, totalMb - reservedMb - usedMb];
  const mig = instances === undefined ? "[N/A]" : "Enabled";
  return [
    `card ${[index, uuid, name, ...memory, utilization, mig].join("|")}`,
    ...(instances ?? []).map((instance, device) => {
      const { usedMb = 0 } = instance;
      const { totalMb, profile } = instance;
      return `mig ${
        [uuid, device, instance.uuid, profile, device + 1, totalMb, usedMb]
          .join("|")
      }|${totalMb - usedMb}`;
    }),
  ];
}

function amdLine(card: FakeAmdCard, index: number): string {
  const { serial, name = "AMD Fake 7900", totalMb = DEFAULT_TOTAL_MB } = card;
  const address = `0000:${(index + 3).toString(16).padStart(2, "0")}:00.0`;
  const { usedMb = 0 } = card;
  return `amd ${[index, serial, address, name, totalMb, usedMb, 0].join("|")}`;
}

function troubleLines({ tool, sleep, says, code }: FakeTrouble): string[] {
  const lines: string[] = [];
  if (sleep !== undefined) lines.push(`sleep ${tool}|${sleep}`);
  if (code !== undefined) lines.push(`fail ${tool}|${code}|${says ?? ""}`);
  else if (says !== undefined) lines.push(`raw ${tool}|${says}`);
  return lines;
}

/** The scenario as the tools read it: one line for each thing. */
export function renderScenario(scenario: FakeScenario): string {
  const { cards = [], amd = [], processes = [], trouble = [] } = scenario;
  const lines = [
    ...trouble.flatMap(troubleLines),
    ...cards.flatMap(cardLines),
    ...amd.map(amdLine),
    ...processes.map(({ uuid, pid, usedMb, name = "python" }) =>
      `process ${[uuid, pid, usedMb, name].join("|")}`
    ),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** Makes the scenario the current one, at once: no tool reads half of it. */
export async function writeScenario(
  path: string,
  scenario: FakeScenario,
): Promise<void> {
  await Deno.writeTextFile(`${path}.new`, renderScenario(scenario));
  await Deno.rename(`${path}.new`, path);
}

/** Every call of a tool so far, one line each: the tool and its arguments. */
export async function readCalls(path: string): Promise<string[]> {
  try {
    return (await Deno.readTextFile(`${path}.calls`)).trimEnd().split("\n");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
