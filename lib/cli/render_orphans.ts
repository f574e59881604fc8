/**
 * What `orphans` shows.
 *
 * @module
 */
import { formatMb, type GpuOrphan, type PoolStatus } from "../../mod.ts";
import { cardKey } from "./card_key.ts";
import { namingIn } from "./overview.ts";
import { type Cell, type Column, renderTable, type View } from "./table.ts";

const COLUMNS: readonly Column[] = [
  { title: "PID", align: "right" },
  { title: "PROGRAM", shrinksTo: 12 },
  { title: "USES", shrinksTo: 14 },
  { title: "NOTES", shrinksTo: 11, dropOrder: 1 },
];

/**
 * The processes, the largest first.
 *
 * @param pool whose cards are known by their numbers
 */
export function renderOrphans(
  orphans: readonly GpuOrphan[],
  pool: Pick<PoolStatus, "resources" | "cards">,
  view: View,
): string {
  if (orphans.length === 0) {
    return "No process holds GPU memory without a lease\n";
  }
  const naming = namingIn(
    pool,
    orphans.flatMap(({ gpus }) => Object.keys(gpus).map(cardKey)),
  );
  const rows = orphans.map(({ pid, name, gpus, maybeOf }): Cell[] => [
    { text: String(pid) },
    { text: name === "" ? "?" : name },
    {
      text: Object.entries(gpus).map(([uuid, mb]) =>
        `${naming(cardKey(uuid))} ${mb === null ? "?" : formatMb(mb)}`
      ).join(", "),
    },
    { text: maybeOf.length === 0 ? "" : `perhaps of ${maybeOf.join(", ")}` },
  ]);
  return `${renderTable(COLUMNS, rows, view).join("\n")}\n`;
}
