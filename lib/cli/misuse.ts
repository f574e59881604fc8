/**
 * What is wrong with words that the parser of the command line has refused, in our own
 * words: those of a parser tell what it expected, and not what to do.
 *
 * @module
 */
import { type ShownOption, withoutValue } from "./arguments.ts";
import { UsageError } from "./failure.ts";
import { counted, quoted } from "./text.ts";

/** What a command takes. */
export interface Usage {
  readonly name: string;
  readonly options: readonly ShownOption[];
  /** How many arguments it takes at most. */
  readonly argumentsMax: number;
}

const TOO_MANY = /^(?:too many arguments|no arguments allowed)/i;
const TWICE = /^Option "?(--[\w-]+)"? (?:can only occur once|is given twice)/;

/**
 * Throws for what the command does not take, or not so.
 *
 * @param words its words, without what stands behind `--`
 * @param refusal what the parser said
 */
export function refuseMisuse(
  words: readonly string[],
  { name, options, argumentsMax }: Usage,
  refusal: string,
): void {
  const given: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const [, flag = "", value] = /^(--?[a-z][\w-]*)(=.*)?$/is
      .exec(words[index]) ?? [];
    const option = options.find(({ flags }) => flags.includes(flag));
    if (option?.takesValue) {
      if (value === undefined && ++index >= words.length) {
        throw withoutValue(flag);
      }
    } else if (value !== undefined && option !== undefined) {
      throw new UsageError(
        `Cannot use ${flag} with a value: leave ${quoted(value)} out`,
      );
    } else if (flag === "") given.push(words[index]);
  }
  if (TOO_MANY.test(refusal) && given.length > argumentsMax) {
    throw new UsageError(
      `Cannot use ${quoted(given[argumentsMax])} as ${name} takes ` +
        `${
          argumentsMax === 0
            ? "no arguments"
            : counted(argumentsMax, "argument")
        }` +
        `: leave it out`,
    );
  }
  const [, twice] = TWICE.exec(refusal) ?? [];
  if (twice !== undefined) {
    throw new UsageError(`Cannot use ${twice} twice: leave one of them out`);
  }
}
