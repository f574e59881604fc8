/**
 * What inputs may be and take, however they are made.
 *
 * @module
 */

/** Larger ones take longer, and have nothing that these cannot have. */
export const BYTES_MAX = 10_000;
/** No input of that size may take as long, on a busy machine either. */
export const SLOW_MS = 10_000;
