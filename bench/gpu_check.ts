/**
 * Whether reslock, the driver and a program that uses a card agree, on a machine that
 * has one. Leases and holds a little memory of the first NVIDIA card, for seconds.
 *
 * `deno run -A tools/deno.ts run -A bench/gpu_check.ts [--mib=256] [PROGRAM WORDS...]`
 *
 * Ends with 0 if all agree, 1 if something does not, and 69 where something is missing
 * that the check needs: a card, its tool, Python, or the driver's library.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import {
  detectGpus,
  type GpuInfo,
  measureUsage,
  overuseOf,
  readGpuMemory,
  ResourcePool,
} from "../mod.ts";
import { npmOnly } from "../tools/jsr.ts";
import { Holder } from "./gpu_check/holder.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const UNAVAILABLE = 69;
const DEFAULT_MIB = 256;
/** What a driver and CUDA take for themselves of a card in each program. */
const OVERHEAD_MIB = 2048;
const SETTLED_WITHIN_MS = 10_000;
const AGAIN_MS = 100;

/** Something that the check needs is not here. */
class Missing extends Error {}

/** One thing that was looked at. */
interface Outcome {
  readonly what: string;
  readonly isRight: boolean;
  readonly seen: string;
}

/** The checks of one card, one after the other. */
class Check {
  readonly outcomes: Outcome[] = [];
  readonly #card: GpuInfo;
  readonly #mib: number;
  readonly #program: readonly string[];
  readonly #state: string;

  constructor(
    card: GpuInfo,
    mib: number,
    program: readonly string[],
    state: string,
  ) {
    this.#card = card;
    this.#mib = mib;
    this.#program = [...program, String(mib)];
    this.#state = state;
  }

  async run(): Promise<void> {
    await using pool = new ResourcePool({ path: this.#state });
    const key = `gpu_${this.#card.uuid}_vram_mb`;
    await pool.setResources({ [key]: this.#card.capacityMb! });
    const before = await this.#usedMb();
    for (const form of ["uuid", "index"]) await this.#leased(pool, key, form);
    await this.#stranger(pool);
    await this.#freed(before);
  }

  /** A program with a lease, through the command line. */
  async #leased(pool: ResourcePool, key: string, form: string): Promise<void> {
    const launch = ["run", "--quiet", "--no-prompt", "-A"];
    // As this program was started, so that the packages are found.
    const usesNpm = import.meta.resolve("@cliffy/command").startsWith("file:");
    const called = usesNpm ? npmOnly(launch) : { args: launch, env: {} };
    await using holder = await Holder.start([
      ...[Deno.execPath(), ...called.args, `${ROOT}cli.ts`],
      ...["run", "--quiet", "--state", this.#state],
      ...["--vram", `${this.#mib + OVERHEAD_MIB}M`, "--visible", form, "--"],
      ...this.#program,
    ], called.env);
    const { cards, uuid } = holder.told;
    this.#note(
      `--visible ${form} shows the program its card and no other`,
      cards === 1 && digits(uuid) === digits(this.#card.uuid),
      `${cards} cards, the first is ${uuid}`,
    );
    const { leases } = await pool.status();
    const usage = await measureUsage(leases);
    const used = leases.length === 1
      ? usage.leases.get(leases[0].id)?.resources[key] ?? 0
      : 0;
    this.#note(
      "the driver's figure for the lease is what the program holds",
      used >= this.#mib && used <= this.#mib + OVERHEAD_MIB,
      `${used} MiB for ${this.#mib} MiB`,
    );
    this.#note(
      "a program with a lease is no orphan, and within its lease",
      usage.orphans?.length === 0 &&
        leases.every((one) =>
          overuseOf(one, usage.leases.get(one.id)).length === 0
        ),
      JSON.stringify(usage.orphans),
    );
  }

  /** A program that never asked. */
  async #stranger(pool: ResourcePool): Promise<void> {
    // CUDA's first card would be another one on most machines with several.
    await using holder = await Holder.start(this.#program, {
      CUDA_VISIBLE_DEVICES: this.#card.uuid,
    });
    const { orphans } = await measureUsage((await pool.status()).leases);
    const found = orphans?.find(({ pid }) => pid === holder.pid);
    const used = found?.gpus[this.#card.uuid] ?? 0;
    this.#note(
      "a program without a lease is seen as an orphan",
      used >= this.#mib,
      `pid ${holder.pid}: ${used} MiB; all: ${JSON.stringify(orphans)}`,
    );
    const isRefused = await this.#soon(async () => {
      const whole = await pool.tryAcquire({ vram_mb: this.#card.capacityMb! });
      await whole?.release();
      return whole === null;
    });
    this.#note(
      "the whole card is not leased while a stranger uses it",
      isRefused,
      isRefused ? "refused" : "granted",
    );
  }

  /** Whether something comes true: what the driver told a second ago may be used. */
  async #soon(condition: () => Promise<boolean>): Promise<boolean> {
    const since = performance.now();
    while (!await condition()) {
      if (performance.now() - since > SETTLED_WITHIN_MS) return false;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
    return true;
  }

  /** Drivers free memory late. */
  async #freed(before: number): Promise<void> {
    let used = before;
    const isFree = await this.#soon(async () => {
      used = await this.#usedMb();
      return used < before + this.#mib;
    });
    this.#note(
      "the card is as free as before when the programs have ended",
      isFree,
      `${used} MiB in use, ${before} MiB before`,
    );
  }

  async #usedMb(): Promise<number> {
    return (await readGpuMemory()).get(this.#card.uuid)?.usedMb ?? 0;
  }

  #note(what: string, isRight: boolean, seen: string): void {
    this.outcomes.push({ what, isRight, seen });
    console.log(`${isRight ? "ok   " : "WRONG"} ${what} (${seen})`);
  }
}

/** A UUID without what differs between the tools. */
function digits(uuid: string): string {
  return uuid.toLowerCase().replace(/^(?:gpu|mig)-/, "").replaceAll("-", "");
}

/** The card to check on. */
async function findCard(mib: number): Promise<GpuInfo> {
  const cards = (await detectGpus()).filter(({ vendor }) =>
    vendor === "nvidia"
  );
  for (const { index, uuid, name, capacityMb, freeMb } of cards) {
    console.log(
      `card ${index} ${uuid} ${name}: ${capacityMb} MiB, ${freeMb} MiB free`,
    );
  }
  if (cards.length === 0) {
    throw new Missing(
      'no NVIDIA card was found: see "reslock detect" for where was looked',
    );
  }
  if ((await measureUsage([])).orphans === null) {
    throw new Missing(
      "processes cannot be told apart here: run it outside of containers, or in " +
        "one with --pid=host and RESLOCK_PIDNS=host",
    );
  }
  const needed = mib + OVERHEAD_MIB;
  const card = cards.find(({ capacityMb, freeMb }) =>
    capacityMb !== null && freeMb !== null && freeMb >= needed
  );
  if (card === undefined) {
    throw new Missing(`no card has ${needed} MiB of its own free`);
  }
  return card;
}

/** Tells early what is missing to hold memory at all. */
async function requireProgram(
  program: readonly string[],
  { uuid }: GpuInfo,
): Promise<void> {
  try {
    await using _holder = await Holder.start([...program, "1"], {
      CUDA_VISIBLE_DEVICES: uuid,
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new Missing(`memory of the card cannot be held: ${error.message}`);
  }
}

async function check(args: readonly string[]): Promise<number> {
  const option = args.find((word) => word.startsWith("--mib="));
  const mib = option === undefined
    ? DEFAULT_MIB
    : Number(option.slice("--mib=".length));
  if (!Number.isSafeInteger(mib) || mib < 1) {
    console.error(`Cannot use ${option}: write a whole number of MiB`);
    return 2;
  }
  const words = args.filter((word) => word !== option);
  const program = words.length > 0
    ? words
    : ["python3", `${ROOT}bench/gpu_check/hold_vram.py`];
  const folder = await Deno.makeTempDir({ prefix: "reslock-gpu-check-" });
  try {
    const card = await findCard(mib);
    await requireProgram(program, card);
    const checks = new Check(card, mib, program, `${folder}/state.json`);
    await checks.run();
    const wrong = checks.outcomes.filter(({ isRight }) => !isRight).length;
    console.log(
      wrong === 0
        ? `all ${checks.outcomes.length} agree`
        : `${wrong} of ${checks.outcomes.length} do not agree`,
    );
    return wrong === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    console.error(`Cannot check here: ${error.message}`);
    return UNAVAILABLE;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await check(Deno.args));
