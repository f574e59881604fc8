/**
 * Programs that are killed while they write: the next one finds all of the last write or
 * nothing of it.
 *
 * @module
 */
import { assert } from "@std/assert";
import { Folder, Program } from "../support/processes.ts";
import { randomSeed, seededRandom } from "../support/random.ts";
import { numberedState, readNumber } from "../support/steady_writer.ts";

const KILLS = 100;
/** Longest time that a writer lives after its first writes; many times a write. */
const LIFE_MAX_MS = 10;
/** What a state file begins with while it is being written. */
const MARK = "!";

/** Lets a writer work for a random moment, then kills it. */
async function killOne(
  folder: Folder,
  progress: string,
  lifeMs: number,
): Promise<void> {
  await using writer = Program.start("steady_writer.ts", [
    folder.state,
    progress,
  ]);
  await writer.expectLine();
  await new Promise((resolve) => setTimeout(resolve, lifeMs));
  await writer.kill();
}

for (
  const [size, count, labelLength] of [
    ["3 KB", 3, 400],
    ["8 KB", 3, 2300],
    ["200 KB", 10, 20_000],
  ] as const
) {
  const seed = randomSeed();
  Deno.test(`StateFile.write() in ${size} happens or not in ${KILLS} kills (RESLOCK_SEED=${seed})`, async () => {
    using folder = new Folder();
    const progress = `${folder.path}/progress`;
    const random = seededRandom(seed);
    Deno.writeFileSync(folder.state, numberedState(count, labelLength));
    Deno.writeTextFileSync(progress, "");
    let halfWritten = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      await killOne(folder, progress, random(LIFE_MAX_MS));
      if (Deno.readTextFileSync(folder.state)[0] === MARK) halfWritten++;
      // The next writer completes what is half written if nobody has looked before.
      if (random(2) === 0) continue;
      const [begun, written] = Deno.readTextFileSync(progress)
        .split(" ").map(Number);
      const number = readNumber(folder.state);
      assert([begun, written].includes(number), `${number} after ${written}`);
    }
    assert(halfWritten > 0, "No kill met a write");
  });
}
