/**
 * The check for a machine with a card, on one that is made up: as far as that goes.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { denoRunArgs, ROOT } from "../support/deno.ts";
import { FakeCards, setEnv } from "../support/fake_cards.ts";

const CARD = "GPU-aaaaaaaa-0c3e-4f7a-9d21-6a0e8c4b7f10";

/** Stands in for the program that holds memory: tells the fake driver of itself. */
const HOLDER = `#!/bin/sh
case $CUDA_VISIBLE_DEVICES in
GPU-* | 0) ;;
*) echo '{"error":"no card is shown"}'; exit 1 ;;
esac
change() {
  awk -F '|' -v OFS='|' -v by="$1" '/^card /{ $5 += by; $6 -= by } 1' \\
    "$RESLOCK_FAKE_GPU" | sed "/|$$|/d" >"$RESLOCK_FAKE_GPU.$$"
  if [ "$1" -gt 0 ]; then
    echo "process ${CARD}|$$|$1|holder" >>"$RESLOCK_FAKE_GPU.$$"
  fi
  mv "$RESLOCK_FAKE_GPU.$$" "$RESLOCK_FAKE_GPU"
}
change "$1"
echo "{\\"cards\\":\${FAKE_COUNT:-1},\\"uuid\\":\\"${
  CARD.slice(4)
}\\",\\"mib\\":$1}"
read -r _
change "-$1"
`;

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function check(...words: readonly string[]): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...denoRunArgs(), `${ROOT}bench/gpu_check.ts`, ...words],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

async function machine(): Promise<{ cards: FakeCards; holder: string }> {
  const cards = await FakeCards.of({ cards: [{ uuid: CARD }] });
  const holder = `${cards.folder.path}/holder`;
  Deno.writeTextFileSync(holder, HOLDER);
  Deno.chmodSync(holder, 0o755);
  return { cards, holder };
}

Deno.test("gpu_check.ts agrees with a driver that tells the truth, and no other", async () => {
  using _host = setEnv({ RESLOCK_PIDNS: "host", RESLOCK_LEASE_ID: undefined });
  const { cards, holder } = await machine();
  using _cards = cards;
  const { code, out, err } = await check("--mib=300", holder);
  assertEquals([code, err], [0, ""], out);
  assertStringIncludes(out, "all 9 agree");
  assertStringIncludes(out, `300 MiB for 300 MiB`);
  using _count = setEnv({ FAKE_COUNT: "2" });
  const other = await check(holder);
  assertEquals(other.code, 1);
  assertMatch(other.out, /^WRONG --visible uuid .* \(2 cards, /m);
  assertStringIncludes(other.out, "2 of 9 do not agree");
});

Deno.test("gpu_check.ts says what is missing, with a code of its own", async () => {
  using _host = setEnv({ RESLOCK_PIDNS: "host" });
  const { cards, holder } = await machine();
  using _cards = cards;
  const cases: [words: string[], message: RegExp][] = [
    [["--mib=99999", holder], /no card has \d+ MiB of its own free/],
    // The program that it brings, on a machine without the driver's library.
    [["false"], /memory of the card cannot be held: false ended with 1/],
  ];
  for (const [words, message] of cases) {
    const { code, err } = await check(...words);
    assertEquals(code, 69);
    assertMatch(err, message);
  }
  {
    using _private = setEnv({ RESLOCK_PIDNS: "private" });
    assertMatch((await check(holder)).err, /run it outside of containers/);
  }
  await cards.become({});
  const none = await check();
  assertEquals([none.code, none.out], [69, ""]);
  assertMatch(none.err, /^Cannot check here: no NVIDIA card was found/);
});
