import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { EXIT } from "../../../lib/cli/exit_codes.ts";
import { ExitError } from "../../../lib/cli/failure.ts";
import {
  needsDetection,
  type Sight,
  type Visible,
  visibleCards,
} from "../../../lib/cli/run/visible.ts";
import type { GpuInfo } from "../../../mod.ts";

const A = "GPU-aaaaaaaa-0c3e-4f7a-9d21-6a0e8c4b7f10";
const B = "GPU-bbbbbbbb-8a56-41b2-b7f0-1d2e3f4a5b6c";
const C = "GPU-cccccccc-1111-2222-3333-444444444444";
const CUT = "GPU-dddddddd-1111-2222-3333-444444444444";
const MIG = "MIG-eeeeeeee-1111-2222-3333-444444444444";
const AMD_0 = "GPU-0000000000000aaa";
const AMD_1 = "GPU-1111111111111bbb";
const INTEL = "00000000-0000-0000-0000-020000000000";
const AMD_PCI = "PCI-0000:0b:00.0";

function gpu(index: number, uuid: string, changes: Partial<GpuInfo> = {}) {
  return {
    index,
    uuid,
    name: "NVIDIA A100",
    vendor: "nvidia",
    totalMb: 40_000,
    usedMb: 0,
    freeMb: 40_000,
    capacityMb: 40_000,
    utilizationPercent: 0,
    unified: false,
    mig: null,
    ...changes,
  } as GpuInfo;
}

const NVIDIA = [
  gpu(0, A),
  gpu(1, B),
  gpu(2, C),
  gpu(3, MIG, {
    name: "NVIDIA A100 MIG 1g.5gb",
    mig: { parentUuid: CUT, index: 0 },
  }),
];
const AMD = [AMD_0, AMD_1, AMD_PCI].map((uuid, index) =>
  gpu(index, uuid, { vendor: "amd", name: "AMD" })
);

function see(
  uuids: readonly string[],
  inherited: Readonly<Record<string, string>> = {},
  changes: Partial<Sight> = {},
): Visible {
  return visibleCards({
    uuids,
    form: "uuid",
    inherited: (name) => inherited[name],
    gpus: [...NVIDIA, ...AMD],
    registered: uuids,
    ...changes,
  });
}

function envOf(...args: Parameters<typeof see>): unknown {
  return see(...args).env;
}

Deno.test("visibleCards() names NVIDIA cards by UUID, or by number in PCI order", () => {
  assertEquals(envOf([B, A]), { CUDA_VISIBLE_DEVICES: `${B},${A}` });
  assertEquals(envOf([B, A], {}, { form: "index" }), {
    CUDA_VISIBLE_DEVICES: "1,0",
    CUDA_DEVICE_ORDER: "PCI_BUS_ID",
  });
  assertEquals(envOf([]), {});
});

Deno.test("visibleCards() names a MIG instance by its own UUID in either form", () => {
  for (const form of ["uuid", "index"] as const) {
    assertEquals(envOf([MIG], {}, { form }), { CUDA_VISIBLE_DEVICES: MIG });
  }
});

Deno.test("visibleCards() keeps within an inherited mask, however it is written", () => {
  const cases: [mask: string, seen: string[]][] = [
    [`${C},${A}`, [A]],
    ["GPU-aaaa", [A]],
    ["GPU-AAAA,GPU-bbbb", [A, B]],
    ["1", [B]],
    [" 2, 1 ,0", [A, B]],
    [`GPU-cccc,${B}`, [B]],
    // The driver stops at what it does not know.
    ["0,-1,1", [A]],
    ["0,nonsense,1", [A]],
  ];
  for (const [mask, seen] of cases) {
    const visible = see([A, B], { CUDA_VISIBLE_DEVICES: mask });
    assertEquals(visible.uuids, seen, mask);
    assertEquals(visible.env, { CUDA_VISIBLE_DEVICES: seen.join(",") });
    assertEquals(visible.warning !== "", seen.length === 1, mask);
  }
  const { warning } = see([A, B], { CUDA_VISIBLE_DEVICES: "1" });
  assertEquals(
    warning,
    `"CUDA_VISIBLE_DEVICES=1" in the environment hides ${A}: the command sees ` +
      "1 of 2 cards",
  );
});

Deno.test("visibleCards() counts in an inherited mask of numbers as nvidia-smi does", () => {
  const masked = { CUDA_VISIBLE_DEVICES: "1,2" };
  assertEquals(envOf([C, A, B], masked, { form: "index" }), {
    CUDA_VISIBLE_DEVICES: "2,1",
    CUDA_DEVICE_ORDER: "PCI_BUS_ID",
  });
});

Deno.test("visibleCards() takes a mask of a card for one of its instances", () => {
  for (const mask of ["3", CUT, "GPU-dddd", MIG, "MIG-eee"]) {
    assertEquals(see([MIG], { CUDA_VISIBLE_DEVICES: mask }).uuids, [MIG], mask);
  }
});

Deno.test("visibleCards() refuses a mask that leaves nothing", () => {
  for (const mask of ["", "NoDevFiles", "-1", "none", "2", B, "-1,0", "9"]) {
    const error = assertThrows(
      () => see([A], { CUDA_VISIBLE_DEVICES: mask }),
      ExitError,
      `CUDA_VISIBLE_DEVICES=${mask}`,
    );
    assertEquals(error.exitCode, EXIT.runFailed);
  }
});

Deno.test("visibleCards() refuses numbers that may mean any card of a mixed machine", () => {
  const gpus = [gpu(0, A), gpu(1, B, { name: "NVIDIA T4" })];
  const masked = { CUDA_VISIBLE_DEVICES: "0" };
  assertThrows(
    () => see([A], masked, { gpus }),
    ExitError,
    "set CUDA_DEVICE_ORDER=PCI_BUS_ID",
  );
  const ordered = { ...masked, CUDA_DEVICE_ORDER: "PCI_BUS_ID" };
  assertEquals(see([A], ordered, { gpus }).uuids, [A]);
  const named = { CUDA_VISIBLE_DEVICES: "GPU-aaaa" };
  assertEquals(see([A], named, { gpus }).uuids, [A]);
});

Deno.test("visibleCards() refuses the number of a card that no tool knows", () => {
  assertThrows(
    () => see([A], {}, { form: "index", gpus: [] }),
    ExitError,
    "use --visible uuid",
  );
});

Deno.test("visibleCards() sets both variables of AMD, one counting within the other", () => {
  assertEquals(envOf([AMD_1, AMD_0]), {
    ROCR_VISIBLE_DEVICES: `${AMD_1},${AMD_0}`,
    HIP_VISIBLE_DEVICES: "0,1",
  });
  assertEquals(envOf([AMD_PCI]), {
    ROCR_VISIBLE_DEVICES: "2",
    HIP_VISIBLE_DEVICES: "0",
  });
  assertEquals(envOf([AMD_1], {}, { form: "index" }), {
    HIP_VISIBLE_DEVICES: "1",
  });
});

Deno.test("visibleCards() keeps within the masks of AMD, which build on each other", () => {
  const cases: [env: Record<string, string>, seen: string[]][] = [
    [{ ROCR_VISIBLE_DEVICES: "1" }, [AMD_1]],
    [{ ROCR_VISIBLE_DEVICES: AMD_0 }, [AMD_0]],
    [{ HIP_VISIBLE_DEVICES: "1" }, [AMD_1]],
    [{ HIP_VISIBLE_DEVICES: "", CUDA_VISIBLE_DEVICES: "0" }, [AMD_0]],
    [{ ROCR_VISIBLE_DEVICES: "2,1", HIP_VISIBLE_DEVICES: "1" }, [AMD_1]],
    // Meant for the other cards of the machine.
    [{ CUDA_VISIBLE_DEVICES: A }, [AMD_0, AMD_1]],
  ];
  for (const [env, seen] of cases) {
    assertEquals(see([AMD_0, AMD_1], env).uuids, seen, JSON.stringify(env));
  }
  const below = { ROCR_VISIBLE_DEVICES: "2,1" };
  assertEquals(envOf([AMD_1], below, { form: "index" }), {
    HIP_VISIBLE_DEVICES: "1",
  });
  const { message } = assertThrows(
    () => see([AMD_0], { ...below, HIP_VISIBLE_DEVICES: "0" }),
    ExitError,
  );
  assertStringIncludes(
    message,
    '"ROCR_VISIBLE_DEVICES=2,1 HIP_VISIBLE_DEVICES=0"',
  );
});

Deno.test("visibleCards() hides the pool's cards of other makers", () => {
  const hides = (uuids: string[], registered: string[], form?: "index") =>
    envOf(uuids, {}, { registered, form: form ?? "uuid" });
  const both = [A, AMD_0, INTEL];
  assertEquals(hides([A], both), {
    CUDA_VISIBLE_DEVICES: A,
    ROCR_VISIBLE_DEVICES: "",
    HIP_VISIBLE_DEVICES: "-1",
  });
  assertEquals(hides([A], both, "index"), {
    CUDA_VISIBLE_DEVICES: "0",
    CUDA_DEVICE_ORDER: "PCI_BUS_ID",
    HIP_VISIBLE_DEVICES: "-1",
  });
  assertEquals(hides([AMD_0], both), {
    CUDA_VISIBLE_DEVICES: "",
    ROCR_VISIBLE_DEVICES: AMD_0,
    HIP_VISIBLE_DEVICES: "0",
  });
  assertEquals(hides([INTEL], both), {
    CUDA_VISIBLE_DEVICES: "",
    ROCR_VISIBLE_DEVICES: "",
    HIP_VISIBLE_DEVICES: "-1",
  });
  assertEquals(hides([A], [A, B, INTEL]), { CUDA_VISIBLE_DEVICES: A });
  assertEquals(hides([], both), {});
});

Deno.test("visibleCards() finds nothing of a maker that a lease around it hides", () => {
  const { env } = see([A], {}, { registered: [A, AMD_0] });
  assertThrows(() => see([AMD_0], { ...env }), ExitError, "HIP_VISIBLE");
  const other = see([AMD_0], {}, { registered: [A, AMD_0] });
  assertThrows(() => see([A], { ...other.env }), ExitError, "CUDA_VISIBLE");
});

Deno.test("visibleCards() leaves cards of other makers to the program", () => {
  assertEquals(see([INTEL]), { env: {}, uuids: [INTEL], warning: "" });
});

Deno.test("needsDetection() is true only where the cards decide", () => {
  const cases: [
    uuids: string[],
    env: Record<string, string>,
    form: "uuid" | "index",
    needs: boolean,
  ][] = [
    [[], { CUDA_VISIBLE_DEVICES: "0" }, "index", false],
    [[A], {}, "uuid", false],
    [[A], { CUDA_VISIBLE_DEVICES: B }, "uuid", false],
    [[A], { CUDA_VISIBLE_DEVICES: "-1" }, "uuid", false],
    [[A], { CUDA_VISIBLE_DEVICES: "0" }, "uuid", true],
    [[A], {}, "index", true],
    [[MIG], {}, "index", false],
    [[MIG], { CUDA_VISIBLE_DEVICES: MIG }, "uuid", false],
    [[MIG], { CUDA_VISIBLE_DEVICES: CUT }, "uuid", true],
    [[AMD_0], {}, "uuid", false],
    [[AMD_0], {}, "index", true],
    [[AMD_PCI], {}, "uuid", true],
    [[AMD_0], { HIP_VISIBLE_DEVICES: "0" }, "uuid", true],
    [[AMD_0], { CUDA_VISIBLE_DEVICES: A }, "uuid", false],
  ];
  for (const [uuids, env, form, needs] of cases) {
    const inherited = (name: string) => env[name];
    assertEquals(
      needsDetection({ uuids, form, inherited }),
      needs,
      JSON.stringify([uuids, env, form]),
    );
  }
});

Deno.test("visibleCards() leaves a mask alone where no driver tells what it means", () => {
  const unknown = { gpus: undefined };
  for (const mask of ["0,1", `${B},2`]) {
    const { env, uuids, warning } = see(
      [A],
      { CUDA_VISIBLE_DEVICES: mask },
      unknown,
    );
    assertEquals([env, uuids], [{}, [A]]);
    assertStringIncludes(warning, `"CUDA_VISIBLE_DEVICES=${mask}"`);
  }
  assertEquals(see([A, B], { CUDA_VISIBLE_DEVICES: B }, unknown).uuids, [B]);
  const amd = see([AMD_0], { ROCR_VISIBLE_DEVICES: "1" }, unknown);
  assertEquals([amd.env, amd.uuids], [{}, [AMD_0]]);
  assertThrows(
    () => see([A], {}, { ...unknown, form: "index" }),
    ExitError,
    "Cannot tell the number",
  );
});
