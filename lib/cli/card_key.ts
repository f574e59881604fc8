/**
 * The name under which a pool counts the memory of a card.
 *
 * @module
 */

const KEY = /^gpu_(.+)_vram_mb$/;

/** The name of a card's memory. */
export function cardKey(uuid: string): string {
  return `gpu_${uuid}_vram_mb`;
}

/** The card whose memory has this name, or `undefined` if it is that of none. */
export function cardOfKey(name: string): string | undefined {
  return KEY.exec(name)?.[1];
}
