// deno-lint-ignore-file no-explicit-any
/**
 * What `@cliffy/command` calls types: how the text of a value is read. They
 * stand apart from the adapter as they need nothing of commander.
 *
 * @module
 */
import type { Command } from "./cliffy_command.ts";

/** A value as it was typed, and where. */
export interface ArgumentValue {
  /** `Option` or `Argument`. */
  label: string;
  /** The option with its dashes, or the argument's name. */
  name: string;
  type: string;
  value: string;
}

export type TypeHandler<T = unknown> = (type: ArgumentValue) => T;

export type TypeOrTypeHandler<T> = Type<T> | TypeHandler<T>;

export interface ValidationErrorOptions extends ErrorOptions {
  exitCode?: number;
}

/** The command was used wrongly. */
export class ValidationError extends Error {
  readonly exitCode: number;
  cmd?: Command<any>;

  constructor(message: string, options: ValidationErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? 2;
  }
}

export abstract class Type<T> {
  abstract parse(type: ArgumentValue): T;
}

/** Allows the given values only. */
export class EnumType<const T extends string | number | boolean>
  extends Type<T> {
  readonly #allowed: readonly T[];

  constructor(allowed: readonly T[]) {
    super();
    this.#allowed = allowed;
  }

  override parse(type: ArgumentValue): T {
    const found = this.#allowed.find((value) => `${value}` === type.value);
    if (found !== undefined) return found;
    throw new ValidationError(`${refusal(type)}: use ${this.#allowed}`);
  }
}

function refusal({ label, name, type, value }: ArgumentValue): string {
  return `${label} ${name} takes a value of type ${type}, not "${value}"`;
}

function numeric(isValid: (value: number) => boolean): TypeHandler<number> {
  return (type) => {
    const value = Number(type.value);
    if (type.value !== "" && isValid(value)) return value;
    throw new ValidationError(refusal(type));
  };
}

const verbatim: TypeHandler<string> = ({ value }) => value;

const truth = new Map([["true", true], ["1", true], ["false", false], [
  "0",
  false,
]]);

/** The types that every command knows. */
export const builtInTypes: ReadonlyMap<string, TypeOrTypeHandler<unknown>> =
  new Map<string, TypeOrTypeHandler<unknown>>([
    ["string", verbatim],
    ["file", verbatim],
    ["secret", verbatim],
    ["number", numeric(Number.isFinite)],
    ["integer", numeric(Number.isInteger)],
    ["boolean", (type) => {
      const value = truth.get(type.value);
      if (value !== undefined) return value;
      throw new ValidationError(refusal(type));
    }],
  ]);
