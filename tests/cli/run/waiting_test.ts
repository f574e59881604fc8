import { assertEquals } from "@std/assert";
import { renderStill } from "../../../lib/cli/run/messages.ts";
import { tellWait } from "../../../lib/cli/run/waiting.ts";
import { processIo } from "../../../lib/cli/context.ts";
import { renderLive, type Waited } from "../../../lib/cli/run/waiting_line.ts";
import { widthOfText } from "../../../lib/cli/text.ts";
import { NOW_MS, SAMPLE_POOL } from "../sample_pool.ts";
import { denoRunArgs, ROOT } from "../../support/deno.ts";
import { Folder, until } from "../../support/processes.ts";
import { ResourcePool } from "../../../mod.ts";
import { assertGolden } from "../support.ts";
import { hasTmux, Tmux } from "../../support/tmux.ts";

const [entry, , last] = SAMPLE_POOL.queue;

function stripped(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/\x1b\[\d+m/g, "");
}

for (const columns of [60, 100, 200]) {
  for (const color of [false, true]) {
    Deno.test(`renderLive() fits ${columns} columns ${color ? "in" : "without"} colour`, () => {
      const view = { columns, color, nowMs: NOW_MS };
      const waits: Waited[] = [
        {
          request: { cpu_cores: 1 },
          position: 1,
          why: null,
          elapsedMs: 0,
        },
        {
          request: { gpu_slots: 1 },
          position: 3,
          why: last.why,
          elapsedMs: 5000,
        },
        {
          request: { vram_mb: 4096 },
          position: 2,
          why: entry.why,
          elapsedMs: 65_000,
        },
        {
          request: { "\x1b[2J漢字": 1 },
          position: 12,
          why: null,
          elapsedMs: 90_000_000,
        },
      ];
      const lines = waits.map((wait) => renderLive(wait, view));
      for (const line of lines) {
        const plain = stripped(line);
        // A `^C` behind it does not wrap either.
        assertEquals(widthOfText(plain) <= columns - 3, true, plain);
      }
      const name = `waiting_${columns}${color ? "_color" : ""}`;
      assertGolden(name, `${lines.join("\n")}\n`);
    });
  }
}

Deno.test("renderStill() is a whole sentence for a log", () => {
  assertEquals(
    renderStill({ cpu_cores: 1 }, { position: 3, why: null }, 30_000),
    "still waiting for cpu_cores 1 after 30s (position 3 in the queue)",
  );
});

Deno.test("tellWait() tells a log what has changed, and looks ever less often", async () => {
  const looks = [1, 1, 3, 3, 2, 2];
  const over = new AbortController();
  const pauses: number[] = [];
  const told: string[] = [];
  let nowMs = 0;
  const status = () => {
    const place = looks.shift();
    if (place === undefined) over.abort();
    const before = Array(place ?? 0).fill({ ...last, id: "another" });
    return Promise.resolve({ ...SAMPLE_POOL, queue: [...before, last] });
  };
  const { timeout } = AbortSignal;
  // Time passes as soon as somebody waits for it.
  AbortSignal.timeout = (ms) => {
    pauses.push(ms);
    nowMs += ms;
    return AbortSignal.abort();
  };
  try {
    await tellWait({
      pool: { status } as unknown as ResourcePool,
      id: last.id,
      position: 9,
      request: { gpu_slots: 1 },
      over: over.signal,
      io: {
        ...processIo,
        isLive: false,
        nowMs: () => nowMs,
        writeError: (text) => void told.push(text),
      },
    });
  } finally {
    AbortSignal.timeout = timeout;
  }
  const seconds = [0.3, 30, 60, 120, 240, 480, 480];
  assertEquals(pauses, seconds.map((one) => one * 1000));
  const why = `: ${last.why?.sentence}\n`;
  assertEquals(told, [
    `reslock: waiting for gpu_slots 1 (position 2 in the queue)${why}`,
    "reslock: still waiting for gpu_slots 1 after 1m30s (position 4 in the " +
    `queue)${why}`,
    "reslock: still waiting for gpu_slots 1 after 7m30s (position 3 in the " +
    `queue)${why}`,
  ]);
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
    // Above it Deno may complain of its own cache, which other tests use as well.
    const lines = tmux.screen().trim().split("\n");
    assertEquals(lines.at(-1), "began");
    assertEquals(lines.filter((line) => /queue|slots/.test(line)), []);
  },
});

Deno.test({
  name: "reslock run leaves the queue at Ctrl-C, with a clean line",
  ignore,
  async fn() {
    using folder = new Folder();
    await using pool = new ResourcePool({ path: folder.state });
    await pool.setResources({ slots: 2 });
    // Long enough to fill the line, so that the `^C` of the terminal stands at its end.
    await using _one = await pool.acquire({ slots: 1 }, {
      label: "1".repeat(40),
    });
    await using _two = await pool.acquire({ slots: 1 }, {
      label: "2".repeat(40),
    });
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
