import { assertEquals } from "@std/assert";
import {
  renderGaveUp,
  renderRefused,
  renderRegistered,
  renderRequest,
  renderWaiting,
} from "../../../lib/cli/run/messages.ts";
import { SAMPLE_POOL } from "../sample_pool.ts";

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

Deno.test("renderWaiting() says what is waited for, where in the queue, and why", () => {
  const [{ why }] = SAMPLE_POOL.queue;
  assertEquals(
    renderWaiting({ cpu_cores: 4 }, { position: 2, why: null }),
    "waiting for cpu_cores 4 (position 2 in the queue)",
  );
  assertEquals(
    renderWaiting({ vram_mb: 20480 }, { position: 1, why }),
    "waiting for vram 20 GB (position 1 in the queue): needs 20 GB on one " +
      "card; 9.35 GB free on the best; held by llama-70b, pid 4242 " +
      "/usr/bin/python3 outside reslock and 4 more; llama-70b is asked back",
  );
});

Deno.test("renderRefused() and renderGaveUp() say what stood in the way, if it still does", () => {
  const request = { vram_mb: 12_288 };
  const waits = {
    ...SAMPLE_POOL.queue[0].why!,
    sentence: "needs 12 GB on one card; 4 GB free on the best; held by llama",
  };
  assertEquals(
    renderRefused(request, waits),
    `Cannot have vram 12 GB now: ${waits.sentence}: see "reslock status"`,
  );
  assertEquals(
    renderGaveUp(request, waits, 3000),
    `Gave up on vram 12 GB after 3s: ${waits.sentence}: see "reslock status", ` +
      "or wait longer",
  );
  const gone = { ...waits, verdict: "grantable" as const };
  for (const why of [gone, null]) {
    assertEquals(
      renderRefused(request, why),
      'Cannot have vram 12 GB now: see who has it with "reslock status"',
    );
    assertEquals(
      renderGaveUp(request, why, 600),
      'Gave up on vram 12 GB after 600 ms: see "reslock status", or wait longer',
    );
  }
});

Deno.test("renderRegistered() says what is registered, and where", () => {
  assertEquals(
    renderRegistered({ cpu_cores: 8, ram_mb: 64000 }, "/p/state.json"),
    "registered cpu_cores = 8, ram_mb = 64000 (first use of /p/state.json)",
  );
});
