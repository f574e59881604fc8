import { assert, assertEquals, assertRejects } from "@std/assert";
import { LockTimeoutError } from "../../lib/core/errors.ts";
import { Image } from "../../lib/core/image.ts";
import { systemClock } from "../../lib/os/clock.ts";
import { Limit } from "../../lib/store/limit.ts";
import { FileLock } from "../../lib/store/file_lock.ts";
import { StateFile } from "../../lib/store/state_file.ts";
import { Folder } from "../support/processes.ts";

const TIMEOUT_MS = 60;
const TURN = { exclusive: true, urgent: false };

/** A file that somebody else has locked, and one who wants it. */
function contest(folder: Folder) {
  Deno.writeFileSync(folder.state, Image.empty());
  const other = Deno.openSync(folder.state, { read: true, write: true });
  other.lockSync(true);
  const file = new StateFile(folder.state);
  const lock = new FileLock({
    file,
    clock: systemClock,
    timeoutMs: TIMEOUT_MS,
    beforeWait: () => {},
  });
  return { other, file, lock };
}

Deno.test("FileLock.wait() gives up a file that is locked and not written", async () => {
  using folder = new Folder();
  const { other, file, lock } = contest(folder);
  const error = await assertRejects(() => lock.wait(TURN), LockTimeoutError);
  assert(error.waitedMs >= TIMEOUT_MS);
  other.close();
  await lock.wait(TURN);
  file.close();
});

Deno.test("FileLock.wait() goes on while others write the file", async () => {
  using folder = new Folder();
  const { other, file, lock } = contest(folder);
  let outcome: unknown = "waits";
  const locked = lock.wait(TURN).then(
    () => outcome = "has it",
    (error) => outcome = error,
  );
  const since = performance.now();
  while (performance.now() - since < 5 * TIMEOUT_MS) {
    other.seekSync(0, Deno.SeekMode.Start);
    other.writeSync(Image.empty());
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assertEquals(outcome, "waits");
  other.close();
  await locked;
  assertEquals(outcome, "has it");
  file.close();
});

Deno.test("FileLock.wait() gives up with its limit, and lets nobody pass those before it", async () => {
  using folder = new Folder();
  const { other, file, lock } = contest(folder);
  const locked: string[] = [];
  const take = async (name: string, limit?: Limit) => {
    const turn = { ...TURN, limit };
    await lock.wait(turn);
    locked.push(name);
    file.unlock(turn);
  };
  const off = new AbortController();
  const tooLate = () => new Error("too late");
  using calledOff = new Limit({ signal: off.signal, tooLate });
  using short = new Limit({ timeoutMs: 5, tooLate });
  const first = take("first");
  const refused = [
    assertRejects(() => take("called off", calledOff), Error, "not wanted"),
    assertRejects(() => take("short", short), Error, "too late"),
  ];
  const last = take("last");
  off.abort(new Error("not wanted"));
  await Promise.all(refused);
  other.close();
  await Promise.all([first, last]);
  assertEquals(locked, ["first", "last"]);
  file.close();
});
