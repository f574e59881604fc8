import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { cardMeant } from "../../lib/cli/card_name.ts";
import { ExitError } from "../../lib/cli/failure.ts";
import { ResourcePool } from "../../mod.ts";
import { FakeCards } from "../support/fake_cards.ts";
import { call, ok } from "./support.ts";

const A = "GPU-aaaaaaaa-0c3e-4f7a-9d21-6a0e8c4b7f10";
const B = "GPU-bbbbbbbb-8a56-41b2-b7f0-1d2e3f4a5b6c";
const CARDS = [
  { uuid: A, index: 0, name: "NVIDIA GeForce RTX 4090" },
  { uuid: B, index: 1, name: "NVIDIA GeForce RTX 4090" },
];

for (
  const [word, uuid] of [["0", A], ["1", B], [A, A], ["GPU-bbbb", B], [
    "aaaa",
    A,
  ]]
) {
  Deno.test(`cardMeant() takes ${word} for ${uuid}`, () => {
    assertEquals(cardMeant(`gpu_${word}_vram_mb`, CARDS), {
      name: `gpu_${uuid}_vram_mb`,
      warning: "",
    });
  });
}

Deno.test("cardMeant() refuses what means no card, or several", () => {
  for (const word of ["7", "UUID", "4090"]) {
    assertThrows(() => cardMeant(`gpu_${word}_vram_mb`, CARDS), ExitError, A);
  }
});

Deno.test("cardMeant() leaves names alone that may be right", () => {
  const other = "gpu_GPU-cc_vram_mb";
  const { name, warning } = cardMeant(other, CARDS);
  assertEquals(name, other);
  assertMatch(warning, /^no driver here lists the card "GPU-cc"; .*GPU-aaaa/);
  for (const name of ["gpu_0_vram_mb", "gpu_slots"]) {
    assertEquals(cardMeant(name, []), { name, warning: "" });
  }
  assertEquals(cardMeant("gpu_slots", CARDS).name, "gpu_slots");
});

Deno.test("reslock set takes the number of a card, and makes up none", async () => {
  using machine = await FakeCards.of({ cards: [{ uuid: A }, { uuid: B }] });
  const { state } = machine.folder;
  assertEquals(
    await ok(state, "set", "gpu_1_vram_mb", "12G"),
    `Set gpu_${B}_vram_mb = 12288 (12 GB)\n`,
  );
  const { code, out, err } = await call(
    ["set", "-s", state, "gpu_UUID_vram_mb", "12G"],
  );
  assertEquals([code, out], [1, ""]);
  assertMatch(
    err,
    /^reslock: Cannot set "gpu_UUID_vram_mb" .*use one of "gpu_/,
  );
  const other = await call(["set", "-s", state, "gpu_GPU-cc_vram_mb", "1G"]);
  assertEquals(other.code, 0);
  assertMatch(other.err, /no driver here lists the card "GPU-cc"/);
  await using pool = new ResourcePool({ path: state });
  assertEquals((await pool.status()).resources, {
    [`gpu_${B}_vram_mb`]: 12_288,
    "gpu_GPU-cc_vram_mb": 1024,
  });
  // It is known now.
  const again = await call(["set", "-s", state, "gpu_GPU-cc_vram_mb", "2G"]);
  assertEquals([again.code, again.err], [0, ""]);
});
