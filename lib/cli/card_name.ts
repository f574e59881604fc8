/**
 * Names such as `gpu_0_vram_mb`, and the card that is meant by one.
 *
 * @module
 */
import { type GpuInfo, namedCards } from "../../mod.ts";
import { cardKey, cardOfKey } from "./card_key.ts";
import { EXIT } from "./exit_codes.ts";
import { ExitError } from "./failure.ts";
import { quoted } from "./text.ts";

const ANY_UUID = /^(?:GPU|MIG|PCI)-/i;

/** A capacity to be set. */
export interface CardName {
  /** The name, with the UUID of the card. */
  readonly name: string;
  /** What speaks against it; empty if nothing. */
  readonly warning: string;
}

/** Whether a name is that of a card. */
export function isCardName(name: string): boolean {
  return cardOfKey(name) !== undefined;
}

/**
 * The card that a name means: by its number, UUID, beginning of it, or model, as `--gpu`
 * takes them.
 *
 * @param gpus those that are here; any name will do where none is known
 * @throws {ExitError} if it means none of them, or several
 */
export function cardMeant(
  name: string,
  gpus: readonly Pick<GpuInfo, "uuid" | "index" | "name">[],
): CardName {
  const word = cardOfKey(name);
  const asIs = { name, warning: "" };
  if (word === undefined || gpus.length === 0) return asIs;
  const meant = found(word, gpus);
  if (meant.length === 1) return { ...asIs, name: cardKey(meant[0]) };
  const list = (uuids: readonly string[]) =>
    uuids.map((uuid) => quoted(cardKey(uuid))).join(", ");
  if (meant.length > 1) {
    throw new ExitError(
      `Cannot set ${quoted(name)} as ${meant.length} cards are called that: ` +
        `use one of ${list(meant)}`,
      EXIT.failure,
    );
  }
  const all = list(gpus.map(({ uuid }) => uuid));
  // Others who share the pool may see cards that are not to be seen here.
  if (ANY_UUID.test(word)) {
    return {
      name,
      warning: `no driver here lists the card ${quoted(word)}; it lists ${all}`,
    };
  }
  throw new ExitError(
    `Cannot set ${quoted(name)} as no card here has this number or UUID: use ` +
      `one of ${all}`,
    EXIT.failure,
  );
}

/** None where the word means no card. */
function found(
  word: string,
  gpus: readonly Pick<GpuInfo, "uuid" | "index" | "name">[],
): readonly string[] {
  try {
    return namedCards([word], gpus, gpus);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return [];
  }
}
