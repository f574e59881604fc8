/**
 * `@cliffy/command/completions` where JSR cannot be reached: commander has no
 * shell completions, so the command says so.
 *
 * @module
 */
import { Command } from "./cliffy_command.ts";

/** Stands where the command that writes shell completions would. */
export class CompletionsCommand extends Command {
  constructor() {
    super();
    this
      .description("Generate shell completions.")
      .arguments("[shell:string]")
      .action(() => {
        throw new Error(
          "Cannot generate shell completions as this program was started " +
            "without the packages of JSR: run it where jsr.io can be reached",
        );
      });
  }

  /** Accepted for the original's sake: only the parent has it here. */
  global(): this {
    return this;
  }
}
