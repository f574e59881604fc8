import { assertEquals } from "@std/assert";
import { cardKey, cardOfKey } from "../../lib/cli/card_key.ts";
import { gpuKey, gpuOfKey } from "../../lib/core/model.ts";

Deno.test("the command line names the memory of cards as the pool does", () => {
  for (const uuid of ["GPU-1a2b3c4d-0000", "MIG-1", "0", "a_vram_mb"]) {
    assertEquals(cardKey(uuid), gpuKey(uuid));
    assertEquals(cardOfKey(cardKey(uuid)), uuid);
  }
  for (const name of ["vram_mb", "gpu__vram_mb", "gpu_0", "xgpu_0_vram_mb"]) {
    assertEquals(cardOfKey(name), gpuOfKey(name));
    assertEquals(cardOfKey(name), undefined);
  }
});
