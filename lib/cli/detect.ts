/**
 * `reslock detect`: what this machine has, and how that is known.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import { detectResources } from "../../mod.ts";
import {
  type AnyCommand,
  type Context,
  type GlobalOptions,
  viewOf,
} from "./context.ts";
import { detectionJson } from "./json.ts";
import { renderDetection } from "./render_detection.ts";
import { jsonText } from "./text.ts";

/** The command. */
export function command({ io }: Context): AnyCommand {
  return new Command<GlobalOptions>()
    .description(
      "Show what this machine has, where that was found, and why something " +
        "was not.\nChanges nothing; reslock init registers it.",
    )
    .option("--json", "Print JSON; see reslock schema.")
    .example("Why is my GPU not found", "reslock detect")
    .example(
      "What reslock init would register",
      "reslock detect --json | jq .resources",
    )
    .action(async (options) => {
      const detection = await detectResources();
      io.writeOut(
        options.json
          ? jsonText(detectionJson(detection))
          : renderDetection(detection, viewOf(io)),
      );
    });
}
