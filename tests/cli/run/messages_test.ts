import { assertEquals } from "@std/assert";
import {
  renderRegistered,
  renderRequest,
  renderWaiting,
} from "../../../lib/cli/run/messages.ts";

Deno.test("renderRequest() shows every way to ask for something", () => {
  assertEquals(
    renderRequest({ vram_mb: 4096, ram_mb: 16384, cpu_cores: 4 }),
    "vram 4 GB, ram_mb 16 GB, cpu_cores 4",
  );
  assertEquals(renderRequest({ vram_mb: [8192, 4096] }), "vram 8 GB + 4 GB");
  assertEquals(
    renderRequest({ vram_mb_each: 4096, num_gpus: 2 }),
    "vram 2 x 4 GB",
  );
});

Deno.test("renderWaiting() says what is waited for and where in the queue", () => {
  assertEquals(
    renderWaiting({ cpu_cores: 4 }, 2),
    "waiting for cpu_cores 4 (position 2 in the queue)",
  );
});

Deno.test("renderRegistered() says what is registered, and where", () => {
  assertEquals(
    renderRegistered({ cpu_cores: 8, ram_mb: 64000 }, "/p/state.json"),
    "registered cpu_cores = 8, ram_mb = 64000 (first use of /p/state.json)",
  );
});
