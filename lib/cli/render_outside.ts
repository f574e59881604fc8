/**
 * What the driver knows of the cards and the leases do not.
 *
 * @module
 */
import { formatMb } from "../../mod.ts";
import type { Overview } from "./overview.ts";
import { paint, type View } from "./table.ts";
import { visible, wrapped } from "./text.ts";

/** More of them would push the leases off the screen. */
const SHOWN_OUTSIDERS_MAX = 3;

/** Why nothing is known of programs without a lease; none where the driver tells. */
export function silenceLines(
  { status: { driverSilence } }: Overview,
  { columns, color }: View,
): string[] {
  if (driverSilence === null) return [];
  const why = driverSilence.replace(/^Cannot read the GPUs as /, "");
  const text =
    `What others use of the cards is not known, as the driver cannot ` +
    `be asked: ${why}`;
  return wrapped(visible(text), columns)
    .map((line) => paint(line, "yellow", color));
}

/** Who uses a card without a lease, and cards that the driver does not list. */
export function outsideLines(
  { status: { cards } }: Overview,
  view: View,
): string[] {
  const isTold = cards.some(({ index }) => index !== null);
  const lines = cards.flatMap(({ uuid, index, outside }) => {
    if (index === null) {
      return isTold ? [`${uuid}: the driver does not list this card`] : [];
    }
    const shown = outside.slice(0, SHOWN_OUTSIDERS_MAX);
    const others = outside.slice(SHOWN_OUTSIDERS_MAX)
      .reduce((sum, { usedMb }) => sum + usedMb, 0);
    return [
      ...shown.map(({ pid, name, usedMb }) => {
        const who = pid === null ? "nobody the driver names" : `pid ${pid}`;
        const held = `${formatMb(usedMb)} held by ${`${who} ${name}`.trim()}`;
        return `gpu ${index}: ${held}, outside reslock`;
      }),
      ...(others > 0
        ? [`gpu ${index}: ${formatMb(others)} held by others, outside reslock`]
        : []),
    ];
  });
  return lines.map((line) => paint(visible(line), "yellow", view.color));
}
