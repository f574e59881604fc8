/**
 * Text of others in our messages: a name, a label or a tool's words may hold
 * anything, and must neither fill a screen nor steer the terminal it is shown on.
 *
 * @module
 */

/** Controls that JSON leaves as they are, and marks that turn or hide text. */
const UNSEEN = /[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** The text in quotes, with everything unseen made visible, cut after `limit` characters. */
export function quoted(text: string, limit = 80): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return JSON.stringify(cut).replace(UNSEEN, escape);
}
