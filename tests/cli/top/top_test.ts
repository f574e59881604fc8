import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { frameChange } from "../../../lib/cli/top/frame.ts";
import { keyOf, keysOf } from "../../../lib/cli/top/keys.ts";
import {
  EMPTY_MODEL,
  type Model,
  onKey,
  onSample,
  onStatus,
  shownLeases,
} from "../../../lib/cli/top/model.ts";
import { render } from "../../../lib/cli/top/view.ts";
import { widthOfText } from "../../../lib/cli/text.ts";
import { type PoolStatus, ResourcePool } from "../../../mod.ts";
import { denoRunArgs, ROOT } from "../../support/deno.ts";
import { Folder, until } from "../../support/processes.ts";
import { hasTmux, Tmux } from "../../support/tmux.ts";
import { NOW_MS, SAMPLE_POOL, SAMPLE_REGISTRY } from "../sample_pool.ts";
import { assertGolden } from "../support.ts";

const MODEL = onStatus(EMPTY_MODEL, SAMPLE_POOL);
const [LLAMA, TRAINING] = SAMPLE_POOL.leases;
const [WHISPER] = SAMPLE_POOL.queue;

function press(model: Model, ...keys: string[]): Model {
  return keys.reduce((before, key) => onKey(before, key, 2).model, model);
}

for (const columns of [60, 100, 200]) {
  for (const color of [false, true]) {
    Deno.test(`render() of top fits ${columns} columns ${color ? "in" : "without"} colour`, () => {
      const screen = { columns, rows: 40, color, nowMs: NOW_MS };
      const model = onSample(onSample(MODEL));
      const { lines } = render(model, screen, { registry: SAMPLE_REGISTRY });
      assertEquals(lines.length, 40);
      const name = `top_${columns}${color ? "_color" : ""}`;
      assertGolden(name, `${lines.join("\n").trimEnd()}\n`);
    });
  }
}

Deno.test("render() of top says all of what to do where nothing is registered", () => {
  const status = { ...SAMPLE_POOL, resources: {}, leases: [], queue: [] };
  const model = onStatus(EMPTY_MODEL, { ...status, cards: [] });
  const screen = { columns: 80, rows: 12, color: false, nowMs: NOW_MS };
  const shown = (surroundings = {}) =>
    render(model, screen, surroundings).lines.join(" ");
  assertStringIncludes(shown(), '"reslock set NAME VALUE" ');
  assertStringIncludes(shown({ leftCount: 2 }), '"reslock doctor --recover" ');
});

Deno.test("render() of top keeps the selected one on a small screen", () => {
  for (const color of [false, true]) {
    const last = press(MODEL, ...Array<string>(9).fill("down"));
    const screen = { columns: 80, rows: 8, color, nowMs: NOW_MS };
    const { lines } = render(last, screen);
    assertEquals(lines.length, 8);
    assertStringIncludes(lines.join("\n"), "cccccc");
  }
});

Deno.test("render() of top looks at those alone that may be on the screen", () => {
  const many = <T extends { readonly id: string }>(one: T, letter: string) =>
    Array.from(
      { length: 300 },
      (_, i): T => ({ ...one, id: `${letter}${i}-1` }),
    );
  const status = {
    ...SAMPLE_POOL,
    leases: many(LLAMA, "l"),
    queue: many(WHISPER, "w"),
  };
  const screen = { columns: 100, rows: 30, color: false, nowMs: NOW_MS };
  for (const selected of ["l0-1", "l150-1", "l299-1", "w0-1", "w299-1"]) {
    const asked = new Set<string>();
    const registry: typeof SAMPLE_REGISTRY = {
      ...SAMPLE_REGISTRY,
      whoIs(participant) {
        asked.add(participant.id);
        return SAMPLE_REGISTRY.whoIs(participant);
      },
    };
    const model = onStatus({ ...EMPTY_MODEL, selected }, status);
    const { lines, page } = render(model, screen, { registry });
    assert(page > 3 && page < 30, `${page} are on the screen`);
    assertEquals(lines.length, 30);
    assertStringIncludes(lines.join("\n"), `>${selected.slice(0, 4)}`);
    assert(asked.has(selected));
    assert(asked.size <= 2 * screen.rows, `${asked.size} were looked up`);
  }
});

Deno.test("onKey() walks over leases, then waiters, and stops at both ends", () => {
  assertEquals(MODEL.selected, LLAMA.id);
  assertEquals(press(MODEL, "up").selected, LLAMA.id);
  assertEquals(press(MODEL, "down").selected, TRAINING.id);
  assertEquals(press(MODEL, ..."jjjj").selected, WHISPER.id);
  assertEquals(press(MODEL, ..."jjjjjjjjjj").selected, "cccccccccc-4");
});

Deno.test("onKey() acts only after it was asked and answered with y", () => {
  const asked = onKey(MODEL, "r", 2);
  assertEquals(asked.effect, undefined);
  for (const no of ["n", "enter", "escape", "q", "down"]) {
    assertEquals(onKey(asked.model, no, 2).effect, undefined);
  }
  const action = { kind: "release" as const, id: LLAMA.id };
  assertEquals(onKey(asked.model, "y", 2).effect, {
    kind: "act",
    action,
    row: LLAMA,
  });
});

Deno.test("onKey() offers what fits the selected one", () => {
  const effect = (model: Model, key: string) => {
    const { effect } = onKey(onKey(model, key, 2).model, "y", 2);
    return effect?.kind === "act" ? effect.action : effect;
  };
  const waiter = press(MODEL, ..."jjjj");
  const { id } = WHISPER;
  const cancel = { kind: "cancel" as const, id };
  assertEquals(effect(waiter, "c"), cancel);
  const raise = { kind: "priority" as const, id, priority: 21 };
  assertEquals(effect(waiter, "+"), raise);
  assertEquals(effect(waiter, "r"), undefined);
  assertEquals(effect(MODEL, "c"), undefined);
  const reclaim = { kind: "reclaim" as const, id: LLAMA.id };
  assertEquals(effect(MODEL, "b"), reclaim);
  const nobody = { ...SAMPLE_POOL, leases: [], queue: [] };
  assertEquals(effect(onStatus(EMPTY_MODEL, nobody), "r"), undefined);
});

Deno.test("onKey() filters by label while it is typed, and sorts", () => {
  const filtered = press(MODEL, "/", "l", "l", "a");
  assertEquals(shownLeases(filtered).map(({ id }) => id), [LLAMA.id]);
  assertEquals(shownLeases(press(filtered, "escape")).length, 4);
  assertEquals(press(filtered, "enter").filter, "lla");
  assertEquals(press(filtered, "backspace", "enter").filter, "ll");
  const byPriority = shownLeases(press(MODEL, "s"));
  assertEquals(byPriority.map(({ priority }) => priority), [10, 0, 0, -5]);
  const byLabel = shownLeases(press(MODEL, "s", "s"));
  assertEquals(byLabel.map(({ label }) => label?.slice(0, 6)), [
    undefined,
    "\x1b[2Jwi",
    "a trai",
    "llama-",
  ]);
  assertEquals(shownLeases(press(MODEL, "s", "s", "s")), shownLeases(MODEL));
});

Deno.test("onKey() ends at q, and at Ctrl-C and stops at Ctrl-Z wherever these are pressed", () => {
  assertEquals(onKey(MODEL, "q", 2).effect, { kind: "quit" });
  for (const model of [MODEL, press(MODEL, "/"), press(MODEL, "r")]) {
    assertEquals(onKey(model, "ctrl-c", 2).effect, { kind: "quit" });
    assertEquals(onKey(model, "ctrl-z", 2).effect, { kind: "suspend" });
  }
});

Deno.test("onKey() takes the filter away at Escape, and ends nothing by it", () => {
  const filtered = press(MODEL, "/", "l", "l", "a", "enter");
  const escaped = onKey(filtered, "escape", 2);
  assertEquals(escaped.effect, undefined);
  assertEquals(shownLeases(escaped.model).length, 4);
  assertEquals(onKey(MODEL, "escape", 2), { model: MODEL });
});

Deno.test("onKey() moves by pages, and to both ends", () => {
  const ids = [...SAMPLE_POOL.leases, ...SAMPLE_POOL.queue]
    .filter((row) => !("leaseId" in row && row.leaseId !== null))
    .map(({ id }) => id);
  assertEquals(press(MODEL, "page-down").selected, ids[2]);
  assertEquals(press(MODEL, "page-down", "page-up").selected, ids[0]);
  assertEquals(press(MODEL, "end").selected, ids.at(-1));
  assertEquals(press(MODEL, "end", "page-down").selected, ids.at(-1));
  assertEquals(press(MODEL, "end", "home").selected, ids[0]);
});

/** The pool without some of its leases and waiters. */
function without(...ids: readonly string[]): PoolStatus {
  const stays = ({ id }: { readonly id: string }) => !ids.includes(id);
  return {
    ...SAMPLE_POOL,
    leases: SAMPLE_POOL.leases.filter(stays),
    queue: SAMPLE_POOL.queue.filter(stays),
  };
}

Deno.test("onStatus() keeps what is selected, or goes to the next one of its kind", () => {
  const leases = SAMPLE_POOL.leases.map(({ id }) => id);
  const waiters = SAMPLE_POOL.queue.filter(({ leaseId }) => leaseId === null)
    .map(({ id }) => id);
  const after = (selected: string, ...gone: string[]) =>
    onStatus({ ...MODEL, selected }, without(...gone)).selected;
  assertEquals(after(leases[1], leases[0]), leases[1]);
  assertEquals(after(leases[1], leases[1]), leases[2]);
  assertEquals(after(leases[1], leases[1], leases[2]), leases[3]);
  assertEquals(after(leases[3], leases[3]), leases[2]);
  assertEquals(after(waiters[0], waiters[0]), waiters[1]);
  assertEquals(after(waiters[1], waiters[1]), waiters[2]);
  assertEquals(after(waiters[2], waiters[2]), waiters[1]);
  // Of another kind only where no other one of its own is left.
  assertEquals(after(leases[3], ...leases), waiters[0]);
  assertEquals(after(waiters[0], ...waiters), leases[3]);
  assertEquals(after(waiters[0], ...waiters, ...leases), undefined);
});

Deno.test("onStatus() closes a question whose subject has gone, and asks no other", () => {
  const asked = press({ ...MODEL, selected: TRAINING.id }, "r");
  const still = onStatus(asked, without(LLAMA.id));
  assertEquals(still.mode, asked.mode);
  const closed = onStatus(asked, without(TRAINING.id));
  assertEquals(closed.mode, { kind: "list" });
  assertStringIncludes(closed.message, "nothing was done");
  assertEquals(onKey(closed, "y", 2).effect, undefined);
  // A request that was granted has become a lease of the same id.
  const granted: PoolStatus = {
    ...without(WHISPER.id),
    leases: [...SAMPLE_POOL.leases, { ...LLAMA, id: WHISPER.id }],
  };
  const cancelling = press({ ...MODEL, selected: WHISPER.id }, "c");
  const met = onStatus(cancelling, granted);
  assertEquals([met.mode.kind, met.selected], ["list", WHISPER.id]);
  const raising = press({ ...MODEL, selected: WHISPER.id }, "+");
  assertEquals(onStatus(raising, granted).mode, raising.mode);
});

Deno.test("render() of top asks with all words, however narrow it is", () => {
  const screen = { columns: 40, rows: 24, color: false, nowMs: NOW_MS };
  const { lines } = render(press(MODEL, "r"), screen, {
    registry: SAMPLE_REGISTRY,
  });
  assertEquals(lines.length, 24);
  assertEquals(lines.slice(-3), [
    "Take llama-70b's gpu 0 23.4 GB, ram_mb",
    "16 GB (k3v9x2) away from pid 12345? y:",
    "yes, any other key: no",
  ]);
});

Deno.test("render() of top is never wider than the screen", () => {
  const label = "訓練".repeat(20);
  const leases = SAMPLE_POOL.leases.map((lease) => ({ ...lease, label }));
  const model = onStatus(MODEL, { ...SAMPLE_POOL, leases });
  const views = [model, press(model, "r"), press(model, "/", label)];
  for (const columns of [1, 10, 24, 39, 40, 46, 59]) {
    for (const color of [false, true]) {
      const screen = { columns, rows: 24, color, nowMs: NOW_MS };
      for (const view of views) {
        const { lines } = render(onSample(view), screen);
        assertEquals(lines.length, 24);
        for (const line of lines) {
          // deno-lint-ignore no-control-regex
          const text = line.replaceAll(/\x1b\[\d+m/g, "");
          assert(widthOfText(text) <= columns, text);
        }
      }
    }
  }
});

Deno.test("render() of top tells of how many there are what is shown", () => {
  const lines = (model: Model, rows: number) =>
    render(model, { columns: 100, rows, color: false, nowMs: NOW_MS }).lines;
  const filtered = press(MODEL, "/", "l", "l", "a", "enter");
  for (
    const heading of [
      '1 of 4 leases by age, labels with "lla"',
      '0 of 3 waiting, labels with "lla"',
    ]
  ) assert(lines(filtered, 40).includes(heading), heading);
  assertEquals(lines(MODEL, 12).at(-2), "↓ 1 more lease, 3 more waiting");
  const end = lines(press(MODEL, "end"), 12);
  assertEquals(end[0], "↑ 4 more leases");
  assert(!end.some((line) => line.startsWith("↓")));
  assert(!lines(MODEL, 40).some((line) => /^[↑↓] \d/.test(line)));
});

Deno.test("keysOf() names what a terminal sends", () => {
  const keys = ["j", "up", "down", "enter", "ctrl-c", "ctrl-z"];
  assertEquals(keysOf("j\x1b[A\x1bOB\r\x03\x1a"), { keys, rest: "" });
  assertEquals(keysOf("\x1b[5~\x1b[6~\x1b[H\x1b[4~").keys, [
    ...["page-up", "page-down", "home", "end"],
  ]);
  assertEquals(keysOf("ä漢").keys, ["ä", "漢"]);
});

Deno.test("keysOf() leaves what may go on", () => {
  for (const rest of ["\x1b", "\x1b[", "\x1bO", "\x1b[1;"]) {
    assertEquals(keysOf(`j${rest}`), { keys: ["j"], rest });
  }
  assertEquals(keyOf("\x1b"), "escape");
  assertEquals(keysOf("\x1bj"), { keys: ["escape", "j"], rest: "" });
});

Deno.test("frameChange() writes the lines that changed, and no others", () => {
  assertEquals(frameChange(["a", "b"], ["a", "b"]), "");
  assertEquals(frameChange(["a", "b"], ["a", "c"]), "\x1b[2;1H\x1b[2Kc");
});

Deno.test({
  name: "reslock top lives, acts, and gives the terminal back",
  ignore: !hasTmux(),
  async fn() {
    using folder = new Folder();
    await using pool = new ResourcePool({ path: folder.state });
    await pool.setResources({ slots: 2 });
    await using lease = await pool.acquire({ slots: 1 }, { label: "first" });
    await using tmux = new Tmux(folder.path);
    const top = [Deno.execPath(), ...denoRunArgs(), `${ROOT}cli.ts`, "top"]
      .map((word) => `'${word}'`).join(" ");
    tmux.start([
      ...["sh", "-c"],
      `echo before; ${top} -s '${folder.state}'; echo code $?; exec sleep 600`,
    ]);
    await until("it shows the lease", () => tmux.screen().includes("first"));
    assertEquals(tmux.ask("#{alternate_on}"), "1");
    await using _other = await pool.acquire({ slots: 1 }, { label: "second" });
    await until("it shows the new one", () => tmux.screen().includes("second"));
    tmux.type("r");
    await until(
      "it asks",
      () => tmux.screen().includes("Take first's slots 1 ("),
    );
    tmux.type("y");
    await until("it is released", () => lease.lost.aborted);
    await until("it says so", () => tmux.screen().includes("Released"));
    tmux.type("q");
    await until("it ended", () => tmux.screen().includes("code 0"));
    assertEquals(tmux.ask("#{alternate_on} #{cursor_flag}"), "0 1");
    assert(tmux.screen().startsWith("before"));
  },
});
