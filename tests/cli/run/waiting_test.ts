import { assertEquals } from "@std/assert";
import { renderLive, renderStill } from "../../../lib/cli/run/messages.ts";
import { NOW_MS, SAMPLE_POOL } from "../sample_pool.ts";
import { denoRunArgs, ROOT } from "../../support/deno.ts";
import { Folder, until } from "../../support/processes.ts";
import { ResourcePool } from "../../../mod.ts";
import { hasTmux, Tmux } from "../../support/tmux.ts";

const [entry] = SAMPLE_POOL.queue;

Deno.test("renderLive() tells the place, the time and why", () => {
  assertEquals(
    renderLive({ vram_mb: 4096 }, { position: 2, entry }, 65_000, NOW_MS),
    "number 2 in the queue for vram 4 GB, 1m05s, may start in 20m00s: needs " +
      "20 GB or more on 2 cards; 576 MB free on the second best; held by " +
      "llama-70b; llama-70b is asked back",
  );
  assertEquals(
    renderLive({ cpu_cores: 1 }, { position: 1, entry: undefined }, 0, NOW_MS),
    "number 1 in the queue for cpu_cores 1, 0s",
  );
});

Deno.test("renderStill() is a whole sentence for a log", () => {
  assertEquals(
    renderStill({ cpu_cores: 1 }, { position: 3, entry: undefined }, 30_000),
    "still waiting for cpu_cores 1 after 30s (position 3 in the queue)",
  );
});

const ignore = !hasTmux();
if (ignore) console.log("skipped: tests in a terminal, as tmux is missing");

Deno.test({
  name:
    "reslock run waits on one line of a terminal, and leaves no trace of it",
  ignore,
  async fn() {
    using folder = new Folder();
    await using pool = new ResourcePool({ path: folder.state });
    await pool.setResources({ slots: 1 });
    await using lease = await pool.acquire({ slots: 1 }, { label: "holder" });
    const run = [
      ...[Deno.execPath(), ...denoRunArgs(), `${ROOT}cli.ts`, "run"],
      ...["-s", folder.state, "--resource", "slots=1", "--"],
    ];
    await using tmux = new Tmux(folder.path);
    tmux.start([...run, "sh", "-c", "echo began; exec sleep 600"]);
    await until(
      "the line is there",
      () =>
        /number 1 in the queue for slots 1, .*held by holder/.test(
          tmux.screen(),
        ),
    );
    await lease.release();
    await until("the command runs", () => tmux.screen().includes("began"));
    assertEquals(tmux.screen().trim(), "began");
  },
});

Deno.test({
  name: "reslock run leaves the queue at Ctrl-C, with a clean line",
  ignore,
  async fn() {
    using folder = new Folder();
    await using pool = new ResourcePool({ path: folder.state });
    await pool.setResources({ slots: 1 });
    await using _lease = await pool.acquire({ slots: 1 });
    const words = [
      ...[Deno.execPath(), ...denoRunArgs(), `${ROOT}cli.ts`, "run"],
      ...["-s", folder.state, "--resource", "slots=1", "true"],
    ].map((word) => `'${word}'`).join(" ");
    await using tmux = new Tmux(folder.path);
    tmux.start([
      "sh",
      "-c",
      `trap : INT; ${words}; echo code $?; exec sleep 600`,
    ]);
    await until("it waits", () => tmux.screen().includes("number 1"));
    tmux.type("C-c");
    await until("it ended", () => tmux.screen().includes("code 130"));
    const screen = tmux.screen().replaceAll(/\s+/g, " ");
    assertEquals(screen.includes("number 1"), false, screen);
    assertEquals(screen.includes("Stopped by SIGINT"), true, screen);
    assertEquals((await pool.status()).queue, []);
  },
});
