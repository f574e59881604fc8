import { renderWhy, type Told } from "../../lib/cli/render_why.ts";
import { EMPTY_POOL, NOW_MS, SAMPLE_POOL } from "./sample_pool.ts";
import { assertGolden } from "./support.ts";

const CARD = "gpu_GPU-1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d_vram_mb";
/** The driver is not asked in the narrow one. */
const POOLS = {
  "60": { ...EMPTY_POOL, resources: SAMPLE_POOL.resources },
  "100_color": SAMPLE_POOL,
};

const WAITS: Told = {
  registers: {},
  verdict: "waits",
  short: [
    {
      resource: "ram_mb",
      requested: 65536,
      free: 1024,
      left: 0,
      slot: null,
      holders: [{
        id: "k3v9x2m1qa-4",
        label: "llama-70b",
        resource: "ram_mb",
        amount: 49152,
      }],
      holderCount: 9,
      outside: [],
      outsideCount: 0,
      behind: [{ id: "w07hq4nb2e-4", label: "\x1b[2Jwiped" }],
      behindCount: 1,
    },
    {
      resource: "vram_mb",
      requested: 20480,
      free: 576,
      left: 576,
      slot: 0,
      holders: [{
        id: "k3v9x2m1qa-4",
        label: "llama-70b",
        resource: CARD,
        amount: 24000,
      }],
      holderCount: 1,
      outside: [
        {
          pid: 4242,
          name: "/opt/venv/bin/python3",
          usedMb: 9216,
          resource: CARD,
        },
        { pid: null, name: "", usedMb: 300, resource: CARD },
      ],
      outsideCount: 2,
      behind: [{ id: "w07hq4nb2e-4", label: "\x1b[2Jwiped" }],
      behindCount: 1,
    },
  ],
  reclaims: [{ id: "k3v9x2m1qa-4", label: "llama-70b" }],
  obstacle: null,
  earliestStart: "2026-11-23T21:35:26.000Z",
  sentence: "needs 64 GB of ram_mb; 1 GB free; needs 20 GB on one card; " +
    "576 MB free on the best; behind \\u001b[2Jwiped; llama-70b is asked back",
};

for (
  const [name, columns, color] of [
    ["60", 60, false],
    ["100_color", 100, true],
  ] as const
) {
  Deno.test(`renderWhy() shows what is short at ${name}`, () => {
    const view = { columns, color, nowMs: NOW_MS };
    const request = { ram_mb: 65536, vram_mb: 20480 };
    assertGolden(`why_${name}`, renderWhy(request, WAITS, POOLS[name], view));
  });
}

Deno.test("renderWhy() shows programs without a lease where nobody has one", () => {
  const [, { outside, ...card }] = WAITS.short;
  const short = [{
    ...card,
    holders: [],
    holderCount: 0,
    behind: [],
    behindCount: 0,
    outside: [{ ...outside[0], name: "\x1b[2J" }],
  }];
  const sentence = "needs 20 GB on one card; 15 GB free on the best";
  const why: Told = { ...WAITS, short, reclaims: [], sentence };
  const view = { columns: 80, color: false, nowMs: NOW_MS };
  assertGolden(
    "why_outside",
    renderWhy({ vram_mb: 20480 }, why, SAMPLE_POOL, view),
  );
});

Deno.test("renderWhy() says yes and never, and what was probably meant", () => {
  const view = { columns: 100, color: false, nowMs: NOW_MS };
  const none = {
    ...{ short: [], reclaims: [], earliestStart: null },
    registers: {},
  };
  const yes = renderWhy(
    { cpu_cores: 2 },
    {
      ...none,
      verdict: "grantable",
      obstacle: null,
      sentence: "can be granted now",
    },
    EMPTY_POOL,
    view,
  );
  const never = renderWhy(
    { slot: 1 },
    {
      ...none,
      verdict: "impossible",
      obstacle: { resource: "slot", requested: 1, capacity: undefined },
      sentence: "can never start here: no capacity is set for slot",
    },
    { ...EMPTY_POOL, resources: { slots: 1, ram_mb: 1024 } },
    view,
  );
  const first = renderWhy(
    { ram_mb: 2048 },
    {
      ...none,
      verdict: "grantable",
      obstacle: null,
      sentence: "can be granted now",
      registers: { ram_mb: 65_536, cpu_cores: 16 },
    },
    EMPTY_POOL,
    view,
  );
  assertGolden("why_other", [yes, never, first].join("\n"));
});
