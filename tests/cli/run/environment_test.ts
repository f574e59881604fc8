import { assertEquals } from "@std/assert";
import { childEnvironment } from "../../../lib/cli/run/environment.ts";

const CARD = "GPU-aaaaaaaa-0c3e-4f7a-9d21-6a0e8c4b7f10";

function environment(
  resources: Readonly<Record<string, number>>,
  inherited: Readonly<Record<string, string>> = {},
  cores: number | null = null,
): Readonly<Record<string, string>> {
  const uuids = `gpu_${CARD}_vram_mb` in resources ? [CARD] : [];
  return childEnvironment({
    leaseId: "k3v9x0q7ta-4",
    statePath: "/pool/state.json",
    resources,
    uuids,
    form: "uuid",
    inherited: (name) => inherited[name],
    gpus: [],
    registered: uuids,
    cores,
  }).env;
}

Deno.test("childEnvironment() tells the lease, its cards and its amounts", () => {
  const resources = {
    cpu_cores: 4,
    ram_mb: 8192,
    slots: 1,
    [`gpu_${CARD}_vram_mb`]: 4096,
  };
  assertEquals(environment(resources), {
    RESLOCK_LEASE_ID: "k3v9x0q7ta-4",
    RESLOCK_STATE: "/pool/state.json",
    RESLOCK_RESOURCES: JSON.stringify(resources),
    RESLOCK_GPUS: CARD,
    RESLOCK_VRAM_MB: "4096",
    RESLOCK_CPU_CORES: "4",
    RESLOCK_RAM_MB: "8192",
    CUDA_VISIBLE_DEVICES: CARD,
  });
});

Deno.test("childEnvironment() hands on nothing that a lease around this one has set", () => {
  const around = {
    RESLOCK_GPUS: CARD,
    RESLOCK_VRAM_MB: "4096",
    RESLOCK_CPU_CORES: "4",
    CUDA_VISIBLE_DEVICES: CARD,
  };
  assertEquals(environment({ cpu_cores: 2 }, around), {
    RESLOCK_LEASE_ID: "k3v9x0q7ta-4",
    RESLOCK_STATE: "/pool/state.json",
    RESLOCK_RESOURCES: '{"cpu_cores":2}',
    RESLOCK_GPUS: "",
    RESLOCK_VRAM_MB: "",
    RESLOCK_CPU_CORES: "2",
  });
});

Deno.test("childEnvironment() tells a pinned command how many threads to start", () => {
  const threads = (inherited: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(environment({ cpu_cores: 4 }, inherited, 3))
        .filter(([name]) => name.endsWith("_NUM_THREADS")),
    );
  assertEquals(threads({}), {
    OMP_NUM_THREADS: "3",
    MKL_NUM_THREADS: "3",
    OPENBLAS_NUM_THREADS: "3",
    BLIS_NUM_THREADS: "3",
    NUMEXPR_NUM_THREADS: "3",
    RAYON_NUM_THREADS: "3",
  });
  assertEquals(threads({ MKL_NUM_THREADS: "1" }).MKL_NUM_THREADS, undefined);
  assertEquals(threads({ OMP_NUM_THREADS: "2" }), {});
  const unpinned = environment({ cpu_cores: 4 });
  assertEquals(unpinned.OMP_NUM_THREADS, undefined);
});
