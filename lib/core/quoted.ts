/**
 * Text of others in our messages: a name, a label or a tool's words may hold
 * anything, and must neither fill a screen nor steer the terminal it is shown on.
 *
 * @module
 */

/** Controls that JSON leaves as they are, and marks that turn or hide text. */
const UNSEEN = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu;

function escape(character: string): string {
  let escaped = "";
  for (let i = 0; i < character.length; i++) {
    escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }
  return escaped;
}

function cut(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

/** The text in quotes, with everything unseen made visible, cut after `limit` characters. */
export function quoted(text: string, limit = 80): string {
  return JSON.stringify(cut(text, limit)).replace(UNSEEN, escape);
}

/** A value of a file as JSON, as harmless and as short. */
export function quotedJson(value: unknown, limit = 80): string {
  if (typeof value === "string") return quoted(value, limit);
  return cut(JSON.stringify(value), limit).replace(UNSEEN, escape);
}

/** Any value in a few words, for messages about one that is of the wrong type. */
export function quotedValue(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "function" ? "a function" : String(value);
}

/** The same without the quotes, for a name in the middle of a sentence. */
export function shown(text: string, limit = 80): string {
  return quoted(text, limit).slice(1, -1).replaceAll('\\"', '"');
}
