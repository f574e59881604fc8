// deno-lint-ignore-file no-import-prefix
/**
 * The part of `@cliffy/table` that text tables need, on `cli-table3`, for
 * where JSR cannot be reached.
 *
 * @module
 */
import NativeTable, {
  type TableConstructorOptions,
} from "npm:cli-table3@0.6.5";

type Align = "left" | "center" | "right";
type Cell = string | number;

/** Every line that cli-table3 would draw. */
const LINES = [
  ...["top", "top-mid", "top-left", "top-right"],
  ...["bottom", "bottom-mid", "bottom-left", "bottom-right"],
  ...["left", "left-mid", "mid", "mid-mid"],
  ...["right", "right-mid", "middle"],
] as const;
const NO_LINES: TableConstructorOptions["chars"] = Object.fromEntries(
  LINES.map((line) => [line, ""]),
);

export class Table {
  #header: readonly Cell[] = [];
  #rows: readonly (readonly Cell[])[] = [];
  #border = false;
  #padding = 1;
  #align: Align = "left";

  header(header: readonly Cell[]): this {
    this.#header = header;
    return this;
  }

  body(rows: readonly (readonly Cell[])[]): this {
    this.#rows = rows;
    return this;
  }

  border(enable = true): this {
    this.#border = enable;
    return this;
  }

  padding(columns: number): this {
    this.#padding = columns;
    return this;
  }

  align(direction: Align): this {
    this.#align = direction;
    return this;
  }

  toString(): string {
    const columns = Math.max(
      this.#header.length,
      ...this.#rows.map((row) => row.length),
    );
    const table = new NativeTable({
      head: this.#header.map(String),
      colAligns: Array.from({ length: columns }, () => this.#align),
      style: {
        border: [],
        head: [],
        compact: !this.#border,
        "padding-left": this.#border ? this.#padding : 0,
        "padding-right": this.#padding,
      },
      ...(this.#border ? {} : { chars: NO_LINES }),
    });
    for (const row of this.#rows) table.push([...row]);
    return table.toString();
  }
}
