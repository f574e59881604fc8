/**
 * A command line as it stands in bash, and words as they are put into it.
 *
 * What the tab key offers was named by other users. bash puts it into the line as it
 * is told, and runs the line: so every word is quoted here, to be read as one word
 * and as nothing else.
 *
 * @module
 */

/** A command line up to the cursor. */
export interface BashLine {
  /** Its words without their quotes; the last, at the cursor, may be empty. */
  readonly words: readonly string[];
  /** The quote that is open at the cursor. */
  readonly quote: "" | "'" | '"';
  /** How much of the last word stands in front of what bash will replace. */
  readonly kept: number;
}

/** What bash reads as nothing but itself, in any place of a word. */
const PLAIN = /[\w%+,./:=@-]|[^ -~]/u;

/**
 * Reads a command line. What bash would put in the place of a variable or of the like
 * stays as it was typed.
 *
 * @param line from the name of the command to the cursor
 * @param breaks where bash begins to replace: its `COMP_WORDBREAKS`
 */
export function readBashLine(line: string, breaks: string): BashLine {
  const words: string[] = [];
  let word: string | undefined;
  let quote: BashLine["quote"] = "";
  let kept = 0;
  let keptBefore = 0;
  const characters = [...line];
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index];
    if (quote === "" && /[ \t\n]/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      kept = 0;
      continue;
    }
    word ??= "";
    if (character === quote) {
      quote = "";
      kept = keptBefore;
    } else if (quote === "" && (character === "'" || character === '"')) {
      quote = character;
      keptBefore = kept;
      kept = word.length;
    } else if (
      character === "\\" && isEscape(quote, characters[index + 1] ?? "")
    ) {
      word += characters[++index] ?? "";
    } else {
      word += character;
      if (quote === "" && breaks.includes(character)) {
        // bash replaces this one, too: hosts can be completed behind it.
        kept = character === "@" ? word.length - 1 : word.length;
      }
    }
  }
  return { words: [...words, word ?? ""], quote, kept };
}

/** Whether a backslash takes the meaning of the next character away. */
function isEscape(quote: BashLine["quote"], next: string): boolean {
  return quote === "" || (quote === '"' && /^[$`"\\]$/.test(next));
}

/** A word in the form in which bash is to put it in the place of the last one. */
export function forBash(word: string, { quote, kept }: BashLine): string {
  const text = [...word.slice(kept)].map((one) => QUOTED[quote](one)).join("");
  if (quote === "") return text;
  // bash takes such a one at the beginning for the open one, and at the end for the
  // one that closes it.
  const start = text.startsWith(quote) ? quote : "";
  const end = text.endsWith(quote) ? quote : "";
  return `${start}${text}${end}`;
}

const QUOTED: Readonly<Record<BashLine["quote"], (one: string) => string>> = {
  "": (one) => PLAIN.test(one) ? one : `\\${one}`,
  "'": (one) => one === "'" ? "'\\''" : one,
  // In these no backslash keeps ! from naming an earlier command.
  '"': (one) => one === "!" ? `"'!'"` : /[$`"\\]/.test(one) ? `\\${one}` : one,
};
