/**
 * Whether the machine has what is registered.
 *
 * @module
 */
import { formatAmount } from "../core/amount.ts";
import { ROUNDING_MB } from "../core/cards.ts";
import { gpuKey, gpuOfKey } from "../core/model.ts";
import { quoted } from "../core/quoted.ts";
import type { Detection } from "../os/detection.ts";
import { type Finding, ok, problem, some, warning } from "./check.ts";
import type { System } from "./system.ts";

const NAME = "machine";

/** Compares the capacities with what is found. */
export async function checkMachine(system: System): Promise<Finding[]> {
  const detection = await system.detect();
  const broken = detection.failures.map(({ message }) => {
    const colon = message.lastIndexOf(": ");
    return problem(NAME, message.slice(0, colon), message.slice(colon + 2));
  });
  let registered: Readonly<Record<string, number>>;
  try {
    registered = (await system.status()).resources;
  } catch {
    // Of a pool that cannot be read another check tells.
    return broken;
  }
  const found = [
    ...broken,
    ...(broken.length > 0 ? [] : checkGone(registered, detection)),
    ...checkTooMuch(registered, detection),
    ...checkUnregistered(registered, detection),
    ...checkTwice(registered, detection),
  ];
  if (found.length > 0) return found;
  const cards = detection.gpus.length;
  return [ok(
    NAME,
    cards === 0
      ? "What is registered is there; it has no GPU"
      : `What is registered is there; it has ${cards} GPU${
        cards === 1 ? "" : "s"
      }`,
  )];
}

function checkGone(
  registered: Readonly<Record<string, number>>,
  { gpus }: Detection,
): Finding[] {
  const there = new Set(gpus.map(({ uuid }) => gpuKey(uuid)));
  const gone = Object.keys(registered).filter((name) =>
    gpuOfKey(name) !== undefined && !there.has(name)
  );
  if (gone.length === 0) return [];
  const texts = gone.map((name) =>
    `${quoted(name)} (${formatAmount(name, registered[name])})`
  );
  return [problem(
    NAME,
    `No such card is found here: ${some(texts)}`,
    `if it is gone, "reslock unset ${gone[0]}"; if not, see "reslock detect"`,
  )];
}

function checkTooMuch(
  registered: Readonly<Record<string, number>>,
  { resources }: Detection,
): Finding[] {
  return Object.keys(resources)
    .filter((name) => registered[name] > resources[name] + slackOf(name))
    .map((name) =>
      warning(
        NAME,
        `Of ${quoted(name)} ${formatAmount(name, registered[name])} are ` +
          `registered and ${formatAmount(name, resources[name])} are there`,
        `unless you mean it so, "reslock set ${name} ${resources[name]}"`,
      )
    );
}

function slackOf(name: string): number {
  return gpuOfKey(name) === undefined ? 0 : ROUNDING_MB;
}

function checkUnregistered(
  registered: Readonly<Record<string, number>>,
  { resources }: Detection,
): Finding[] {
  const cards = Object.keys(resources).filter((name) =>
    gpuOfKey(name) !== undefined && !(name in registered)
  );
  if (cards.length === 0 || Object.keys(registered).length === 0) return [];
  const [it, is] = cards.length === 1 ? ["it", "is"] : ["them", "are"];
  return [warning(
    NAME,
    `Nobody gets ${some(cards.map((name) => quoted(name)))}, which ${is} not ` +
      `registered`,
    "vram_mb" in registered
      ? `"reslock unset vram_mb && reslock init" registers ${it}, in the place ` +
        "of GPU memory as one quantity"
      : `"reslock init" registers ${it}, and keeps what is set`,
  )];
}

/** RAM that is registered as GPU memory, too. */
function checkTwice(
  registered: Readonly<Record<string, number>>,
  { gpus }: Detection,
): Finding[] {
  if (registered.ram_mb === undefined) return [];
  const fromRam = gpus.filter(({ unified }) => unified);
  if (fromRam.length === 0) return [];
  const cards = some(fromRam.map(({ name }) => quoted(name)));
  return ["vram_mb", ...fromRam.map(({ uuid }) => gpuKey(uuid))]
    .filter((name) => name in registered)
    .map((name) =>
      warning(
        NAME,
        `${quoted(name)} (${formatAmount(name, registered[name])}) is ` +
          `registered beside RAM, which is the memory of ${cards}: the same ` +
          `memory is handed out twice`,
        `unless it is that of another card, "reslock unset ${name}", and ask ` +
          `with --ram`,
      )
    );
}
