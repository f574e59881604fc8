import { assertEquals } from "@std/assert";
import {
  isUntold,
  type NvidiaFields,
  toCard,
} from "../../../lib/os/gpu/nvidia_card.ts";

function card(fields: Partial<NvidiaFields>) {
  return toCard({
    index: 0,
    uuid: "GPU-12345678",
    name: "NVIDIA RTX A2000",
    totalMb: 6138,
    usedMb: 38,
    freeMb: 6000,
    utilizationPercent: null,
    migEnabled: false,
    ...fields,
  });
}

Deno.test("toCard() knows the parts that live from RAM by their names", () => {
  for (
    const name of [
      "NVIDIA GB10",
      "DGX Spark",
      "NVIDIA Orin",
      "NVIDIA Thor",
      "Xavier",
      "NVIDIA Tegra X2",
      "Jetson Nano",
      "Some Chip (NVGPU)",
    ]
  ) {
    const { unified, capacityMb } = card({ name })!;
    assertEquals([unified, capacityMb], [true, null], name);
  }
  for (const name of ["NVIDIA GB200", "NVIDIA H100", "NVIDIA GB100"]) {
    assertEquals(card({ name })!.unified, false, name);
  }
});

Deno.test("toCard() counts to a card's capacity what programs can have", () => {
  const capacity = (fields: Partial<NvidiaFields>) => card(fields)!.capacityMb;
  assertEquals(capacity({}), 6038);
  assertEquals(capacity({ usedMb: 138 }), 6138);
  // Whatever of it is not told or cannot be.
  assertEquals(capacity({ usedMb: 1000 }), 6138);
  assertEquals(capacity({ usedMb: 0, freeMb: 0 }), 6138);
  assertEquals(capacity({ freeMb: null }), 6138);
  assertEquals(capacity({ usedMb: null }), 6138);
  assertEquals(capacity({ totalMb: null }), null);
});

Deno.test("toCard() takes no card that it cannot tell from others", () => {
  for (const uuid of ["", "[N/A]", "N/A", "a b c d", "x".repeat(101)]) {
    assertEquals(card({ uuid }), undefined, uuid);
  }
  assertEquals(card({ name: "" }), undefined);
  const orin = card({ name: "Orin (nvgpu)", uuid: "[N/A]", index: 3 });
  assertEquals(orin?.uuid, "unified-3");
});

Deno.test("isUntold() knows the words for what is not told", () => {
  for (const text of ["[N/A]", "n/a", "[Not Supported]", "ERR!"]) {
    assertEquals(isUntold(text), true, text);
  }
  for (const text of ["", "0", "GPU-1"]) assertEquals(isUntold(text), false);
});
