import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { CardStatus } from "../../mod.ts";
import {
  renderList,
  renderStatus,
  renderSummary,
} from "../../lib/cli/render_pool.ts";
import {
  namingOf,
  renderCapacity,
  renderReleased,
} from "../../lib/cli/render.ts";
import { CROWDED_POOL } from "./crowded_pool.ts";
import {
  EMPTY_POOL,
  NOW_MS,
  OUTSIDE_POOL,
  SAMPLE_POOL,
  SAMPLE_REGISTRY,
} from "./sample_pool.ts";
import { assertGolden } from "./support.ts";

// deno-lint-ignore no-control-regex
const COLOR_CODES = /\x1b\[\d+m/g;

for (const columns of [60, 80, 100, 200]) {
  for (const color of [false, true]) {
    const name = `${columns}${color ? "_color" : ""}`;
    const view = { columns, color, plain: false, nowMs: NOW_MS };

    Deno.test(`renderStatus() fits ${columns} columns ${color ? "in" : "without"} colour`, () => {
      assertGolden(
        `status_${name}`,
        renderStatus(SAMPLE_POOL, view, {}, { registry: SAMPLE_REGISTRY }),
      );
    });

    Deno.test(`renderList() fits ${columns} columns ${color ? "in" : "without"} colour`, () => {
      assertGolden(
        `list_${name}`,
        renderList(SAMPLE_POOL, view, { registry: SAMPLE_REGISTRY }),
      );
    });

    Deno.test(`renderSummary() fits ${columns} columns ${color ? "in" : "without"} colour`, () => {
      assertGolden(`summary_${name}`, renderSummary(SAMPLE_POOL, view));
    });
  }
}

for (const columns of [60, 90, 200]) {
  Deno.test(`renderStatus() shows in ${columns} columns what programs without a lease have`, () => {
    const view = { columns, color: false, plain: false, nowMs: NOW_MS };
    assertGolden(
      `status_outside_${columns}`,
      renderStatus(OUTSIDE_POOL, view, {}, { registry: SAMPLE_REGISTRY }),
    );
  });
}

for (
  const [name, columns, extent] of [
    ["60", 60, {}],
    ["100", 100, {}],
    ["short_100", 100, { short: true }],
    ["wide_200", 200, { wide: true }],
  ] as const
) {
  Deno.test(`renderStatus() shows more of them than anybody reads, ${name}`, () => {
    const view = { columns, color: false, plain: false, nowMs: NOW_MS };
    assertGolden(
      `status_crowd_${name}`,
      renderStatus(CROWDED_POOL, view, extent, { registry: SAMPLE_REGISTRY }),
    );
  });
}

Deno.test("renderStatus() tells that nobody knows what others use, and why", () => {
  const view = { columns: 60, color: false, plain: true, nowMs: NOW_MS };
  const driverSilence =
    'Cannot read the GPUs as nvidia-smi fails: "\x1b[2J": ' +
    "repair the driver, or take nvidia-smi off the PATH if there is no such card";
  const lines = renderStatus({ ...OUTSIDE_POOL, driverSilence }, view)
    .split("\n");
  const from = lines.findIndex((line) => line.startsWith("What others"));
  assertEquals(lines.slice(from, from + 4), [
    "What others use of the cards is not known, as the driver",
    'cannot be asked: nvidia-smi fails: "\\u001b[2J": repair the',
    "driver, or take nvidia-smi off the PATH if there is no such",
    "card",
  ]);
});

Deno.test("renderStatus() has nothing free that cannot be granted", () => {
  const view = { columns: 100, color: false, plain: true, nowMs: NOW_MS };
  const [card] = OUTSIDE_POOL.cards;
  const row = (fields: Partial<CardStatus>, reserved = {}) =>
    renderStatus(
      { ...OUTSIDE_POOL, queue: [], reserved, cards: [{ ...card, ...fields }] },
      view,
    ).split("\n").find((line) => line.startsWith("gpu "))!
      .replaceAll(/ {2,}/g, "  ");
  assertEquals(row({}), "gpu 0 RTX 4090  0 MB  15 GB  24 GB  9 GB");
  const kept = { [Object.keys(OUTSIDE_POOL.resources)[0]]: 10_240 };
  assertEquals(row({}, kept), "gpu 0 RTX 4090  0 MB  10 GB  5 GB  24 GB  9 GB");
  // A driver that does not tell says nothing against the leases.
  assertEquals(
    row({ usedMb: null, grantableMb: null, outside: [] }),
    "gpu 0 RTX 4090  0 MB  24 GB  24 GB",
  );
});

Deno.test("renderStatus() shows the same in colour as without", () => {
  const view = { columns: 100, color: true, plain: false, nowMs: NOW_MS };
  assertEquals(
    renderStatus(SAMPLE_POOL, view, {}, { registry: SAMPLE_REGISTRY }).replace(
      COLOR_CODES,
      "",
    ),
    renderStatus(SAMPLE_POOL, { ...view, color: false }, {}, {
      registry: SAMPLE_REGISTRY,
    }),
  );
});

Deno.test("renderStatus() and the others tell of an empty pool what to do next", () => {
  const view = { columns: 100, color: false, plain: false, nowMs: NOW_MS };
  assertGolden("status_empty", renderStatus(EMPTY_POOL, view));
  assertGolden("summary_empty", renderSummary(EMPTY_POOL, view));
  assertEquals(renderList(EMPTY_POOL, view), "No leases\n");
});

Deno.test("renderStatus() prints nothing that a label of others tells the terminal", () => {
  const view = { columns: 200, color: false, plain: false, nowMs: NOW_MS };
  const text = renderStatus(SAMPLE_POOL, view, {}, {
    registry: SAMPLE_REGISTRY,
  });
  assert(!text.includes("\x1b"));
  assert(!text.includes("\r"));
  assertStringIncludes(text, "\\u001b[2Jwiped\\u000d\\u000a漢字");
});

Deno.test("namingOf() shortens cards only where that tells them apart", () => {
  const name = (uuid: string) => `gpu_${uuid}_vram_mb`;
  const apart = namingOf([name("GPU-11111111-a"), name("GPU-22222222-a")]);
  assertEquals(apart(name("GPU-11111111-a")), "gpu 11111111");
  assertEquals(apart("ram_mb"), "ram_mb");
  const alike = [name("GPU-11111111-a"), name("GPU-11111111-b")];
  assertEquals(alike.map(namingOf(alike)), alike);
});

Deno.test("renderCapacity() is exact, and readable where that differs", () => {
  assertEquals(renderCapacity("ram_mb", 24576), "ram_mb = 24576 (24 GB)");
  assertEquals(renderCapacity("cpu_cores", 8), "cpu_cores = 8");
});

Deno.test("renderReleased() names each lease and what is free again", () => {
  const [first, , hostile] = SAMPLE_POOL.leases;
  assertEquals(
    renderReleased([{ ...first, resources: { ram_mb: 1024 } }]),
    "Released k3v9x2m1qa-4 (llama-70b): ram_mb 1 GB\n",
  );
  assert(!renderReleased([hostile]).includes("\x1b"));
});
