// deno-lint-ignore-file no-explicit-any no-import-prefix
/**
 * The part of `@cliffy/command` that a command line needs, on `commander`, for
 * where JSR cannot be reached.
 *
 * Supported is what this file declares, in the style of one `new Command()`
 * per command, each complete before it is passed to `.command(name, command)`.
 * Where it differs from the original:
 *
 * - Usage errors are always thrown, as after `.throwErrors()`, and nothing
 *   exits, as after `.noExit()`.
 * - The texts of usage errors and of the help are commander's.
 * - An unknown option of a command with arguments is one of them, as in the
 *   original, but after the others; after `.stopEarly()` it is refused.
 * - The first `--` ends the options also where an option lacks its value.
 * - `value` and `collect` are for options that take a value.
 * - What an action receives is not inferred: it is `any`.
 *
 * @module
 */
import {
  Argument as NativeArgument,
  Command as Native,
  CommanderError,
  Option as NativeOption,
} from "npm:commander@15.1.0";
import {
  builtInTypes,
  Type,
  type TypeOrTypeHandler,
  ValidationError,
} from "./_cliffy_types.ts";

export { EnumType, Type, ValidationError } from "./_cliffy_types.ts";
export type {
  ArgumentValue,
  TypeHandler,
  TypeOrTypeHandler,
  ValidationErrorOptions,
} from "./_cliffy_types.ts";

/** Maps the value that the type of an option has read. */
export type OptionValueHandler = (value: any, previous?: any) => unknown;

/** How an option behaves beyond its flags. */
export interface OptionOptions {
  collect?: boolean;
  conflicts?: string[];
  default?: unknown;
  hidden?: boolean;
  required?: boolean;
  value?: OptionValueHandler;
}

/** Runs a command; `this` is the command. */
export type ActionHandler = (
  this: Command<any>,
  options: any,
  ...args: any[]
) => unknown;

type Definition = readonly [
  flags: string,
  description: string,
  options: OptionOptions,
];

/** The type in `<size:integer>`, `[words...:string]` or `<names:string[]>`. */
const TYPE = /:([\w-]+)(\[\])?(?=[>\]])/;

export class Command<_ParentGlobals = void> {
  readonly #native: Native;
  readonly #types = new Map<string, TypeOrTypeHandler<unknown>>();
  readonly #globals: Definition[] = [];
  readonly #children: Command<any>[] = [];
  readonly #examples: string[] = [];
  #parent: Command<any> | undefined;
  #literalArgs: readonly string[] = [];
  #stopsEarly = false;
  #isHidden = false;
  #write = (text: string): void => console.log(text.trimEnd());

  constructor() {
    const write = (text: string) => this.#write(text);
    this.#native = new Native()
      .helpCommand(false)
      .helpOption("-h, --help", "Show this help.")
      .enablePositionalOptions()
      .configureOutput({
        writeOut: write,
        writeErr: write,
        outputError: () => {},
      })
      .exitOverride((error) => this.#refuse(error))
      .addHelpText("after", () => this.#examples.join("\n"));
  }

  name(name: string): this {
    this.#native.name(name);
    return this;
  }

  getName(): string {
    return this.#native.name();
  }

  version(version: string): this {
    this.#native.version(
      version,
      "-V, --version",
      "Show the version number for this program.",
    );
    return this;
  }

  description(description: string): this {
    this.#native.description(description);
    this.#native.summary(description.trim().split("\n", 1)[0]);
    return this;
  }

  usage(usage: string): this {
    this.#native.usage(usage);
    return this;
  }

  alias(alias: string): this {
    this.#native.alias(alias);
    return this;
  }

  hidden(): this {
    this.#isHidden = true;
    return this;
  }

  /** Heads the options that follow, in the help. */
  group(name: string): this {
    this.#native.optionsGroup(`${name}:`);
    return this;
  }

  example(name: string, description: string): this {
    if (this.#examples.length === 0) this.#examples.push("\nExamples:");
    const text = description.trim().replaceAll("\n", "\n    ");
    this.#examples.push(`  ${name}\n    ${text}`);
    return this;
  }

  /** Accepted for the original's sake: commander's help has no colours. */
  help(_options: { colors?: boolean; hints?: boolean; types?: boolean }): this {
    return this;
  }

  type(name: string, handler: TypeOrTypeHandler<unknown>): this {
    this.#types.set(name, handler);
    return this;
  }

  arguments(definitions: string, descriptions: readonly string[] = []): this {
    this.#native.allowUnknownOption(!this.#stopsEarly);
    for (const [index, definition] of definitions.split(" ").entries()) {
      const argument = new NativeArgument(
        definition.replace(TYPE, ""),
        descriptions[index],
      );
      const name = argument.name();
      argument.argParser((text: string, previous: unknown) => {
        const value = this.#read(definition, "Argument", name, text);
        return argument.variadic
          ? [...(previous as unknown[] ?? []), value]
          : value;
      });
      this.#native.addArgument(argument);
    }
    return this;
  }

  option(
    flags: string,
    description: string,
    options: OptionOptions | OptionValueHandler = {},
  ): this {
    this.#define([flags, description, asOptions(options)]);
    return this;
  }

  globalOption(
    flags: string,
    description: string,
    options: OptionOptions | OptionValueHandler = {},
  ): this {
    const definition = [flags, description, asOptions(options)] as const;
    this.#define(definition);
    this.#globals.push(definition);
    return this;
  }

  /** Takes everything from the first argument on as arguments, untouched. */
  stopEarly(): this {
    this.#stopsEarly = true;
    this.#native.passThroughOptions().allowUnknownOption(false);
    return this;
  }

  throwErrors(): this {
    return this;
  }

  noExit(): this {
    return this;
  }

  action(handler: ActionHandler): this {
    this.#native.action(async (...received: unknown[]) => {
      const declared = this.#native.registeredArguments;
      const args = received.slice(0, declared.length).flatMap((value, index) =>
        declared[index].variadic ? value as unknown[] ?? [] : [value]
      );
      while (args.length > 0 && args.at(-1) === undefined) args.pop();
      await handler.call(this, this.#options(), ...args);
    });
    return this;
  }

  command(name: string, command: Command<any>): this {
    command.name(name);
    command.#parent = this;
    this.#children.push(command);
    for (const definition of this.#globals) command.#inherit(definition);
    this.#native.addCommand(command.#native, { hidden: command.#isHidden });
    return this;
  }

  /** Ends what the original means by "the command last added". */
  reset(): this {
    return this;
  }

  getCommand(name: string): Command<any> | undefined {
    return this.#children.find((child) =>
      child.getName() === name || child.#native.aliases().includes(name)
    );
  }

  getParent(): Command<any> | undefined {
    return this.#parent;
  }

  getArguments(): { readonly name: string }[] {
    return this.#native.registeredArguments
      .map((argument) => ({ name: argument.name() }));
  }

  getHelp(_options?: { colors?: boolean; long?: boolean }): string {
    const write = this.#write;
    let help = "";
    this.#write = (text) => help += text;
    this.#native.outputHelp();
    this.#write = write;
    return help;
  }

  showHelp(options?: { colors?: boolean; long?: boolean }): void {
    console.log(this.getHelp(options).trimEnd());
  }

  /** What followed the first `--`. */
  getLiteralArgs(): string[] {
    return [...(this.#parent?.getLiteralArgs() ?? this.#literalArgs)];
  }

  async parse(args: readonly string[] = Deno.args): Promise<void> {
    const end = args.indexOf("--");
    this.#literalArgs = end < 0 ? [] : args.slice(end + 1);
    const before = end < 0 ? args : args.slice(0, end);
    try {
      await this.#native.parseAsync(before, { from: "user" });
    } catch (error) {
      // What is left of commander's own is "the help was shown".
      if (!(error instanceof CommanderError)) throw error;
    }
  }

  #refuse(error: CommanderError): never {
    if (error.exitCode === 0 || error.code === "commander.help") throw error;
    const message = error.message.replace(/^error: /, "").replace("\n", " ");
    throw this.#usageError(new ValidationError(message, { cause: error }));
  }

  #usageError(error: ValidationError): ValidationError {
    error.cmd ??= this;
    return error;
  }

  #inherit(definition: Definition): void {
    const [flags, description, options] = definition;
    // A default here would hide the value that stands before the command.
    this.#define([flags, description, { ...options, default: undefined }]);
    for (const child of this.#children) child.#inherit(definition);
  }

  #define([flags, description, options]: Definition): void {
    const option = new NativeOption(flags.replace(TYPE, ""), description)
      .hideHelp(options.hidden ?? false)
      .makeOptionMandatory(options.required ?? false)
      .conflicts((options.conflicts ?? []).map(attributeName));
    const key = option.attributeName();
    const given = () => this.#native.getOptionValueSource(key) === "cli";
    if (options.default !== undefined) {
      option.default(
        typeof options.default === "function"
          ? options.default()
          : options.default,
      );
    }
    option.argParser((text: string, earlier: unknown) => {
      const previous = given() ? earlier : undefined;
      const value = this.#read(flags, "Option", `--${option.name()}`, text);
      if (options.value) return options.value(value, previous);
      return options.collect
        ? [...(previous as unknown[] ?? []), value]
        : value;
    });
    if (!options.collect && !options.value) {
      // Added before commander's own listener, which stores the value.
      this.#native.on(`option:${option.name()}`, () => {
        if (!given()) return;
        throw this.#usageError(
          new ValidationError(`Option --${option.name()} is given twice`),
        );
      });
    }
    this.#native.addOption(option);
  }

  #options(): Record<string, unknown> {
    const globals = this.#parent ? this.#parent.#globalOptions() : {};
    return { ...globals, ...this.#native.opts() };
  }

  #globalOptions(): Record<string, unknown> {
    const keys = new Set(
      this.#globals.map(([flags]) =>
        new NativeOption(flags.replace(TYPE, "")).attributeName()
      ),
    );
    const own = Object.entries(this.#native.opts())
      .filter(([key]) => keys.has(key));
    const inherited = this.#parent ? this.#parent.#globalOptions() : {};
    return { ...inherited, ...Object.fromEntries(own) };
  }

  /** Reads a value by the type in its definition. */
  #read(
    definition: string,
    label: string,
    name: string,
    text: string,
  ): unknown {
    if (label === "Argument" && this.#stopsEarly) return text;
    const [, type = "string", list] = TYPE.exec(definition) ?? [];
    const handler = this.#findType(type);
    const read = (value: string) => {
      const argument = { label, name, type, value };
      return handler instanceof Type
        ? handler.parse(argument)
        : handler(argument);
    };
    try {
      return list ? text.split(",").map(read) : read(text);
    } catch (error) {
      throw error instanceof ValidationError ? this.#usageError(error) : error;
    }
  }

  #findType(name: string): TypeOrTypeHandler<unknown> {
    const known = this.#types.get(name) ??
      (this.#parent ? this.#parent.#findType(name) : builtInTypes.get(name));
    if (known) return known;
    throw new TypeError(`Cannot use the type "${name}" as none is registered`);
  }
}

function asOptions(options: OptionOptions | OptionValueHandler): OptionOptions {
  return typeof options === "function" ? { value: options } : options;
}

function attributeName(flag: string): string {
  return new NativeOption(`--${flag.replace(/^-+/, "")}`).attributeName();
}
