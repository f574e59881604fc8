/**
 * `@cliffy/command/help` where JSR cannot be reached.
 *
 * @module
 */
import { Command, ValidationError } from "./cliffy_command.ts";

/** Shows the help of the parent or of one of its commands. */
export class HelpCommand extends Command {
  constructor() {
    super();
    this
      .description("Show this help or the help of a sub-command.")
      .arguments("[command:string]")
      .action((_options, name?: string) => {
        const parent = this.getParent();
        const command = name === undefined ? parent : parent?.getCommand(name);
        if (!command) throw new ValidationError(`Unknown command "${name}"`);
        command.showHelp({ long: true });
      });
  }

  /** Accepted for the original's sake: only the parent has it here. */
  global(): this {
    return this;
  }
}
