import { assertEquals } from "@std/assert";
import { screenshots } from "../../tools/screenshots.ts";
import { ROOT } from "../support/deno.ts";

for (const [name, svg] of Object.entries(screenshots())) {
  Deno.test(`docs/${name} shows what the command line prints today`, () => {
    const hint = "run: deno run -A tools/screenshots.ts, by tools/deno.ts";
    assertEquals(Deno.readTextFileSync(`${ROOT}docs/${name}`), svg, hint);
  });
}
