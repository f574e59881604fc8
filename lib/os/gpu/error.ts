/**
 * The error of a broken source of GPUs, apart from all that reads them: who only
 * catches it loads nothing else.
 *
 * @module
 */

/**
 * A source of GPUs is there but broken: its driver does not answer, or what it says
 * cannot be understood. There may be cards, so this is not "no GPU".
 */
export class GpuDetectionError extends Error {
  /** Tells it from other errors where `instanceof` cannot. */
  override readonly name = "GpuDetectionError";
  /** The tool that failed. */
  readonly source: string;
  /** What it said. */
  readonly output: string;

  /** Made by detection alone. */
  constructor(
    message: string,
    fields: { source: string; output: string },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.source = fields.source;
    this.output = fields.output;
  }
}
