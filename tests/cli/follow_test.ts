/**
 * The commands that last: `watch` and `wait`, as processes of their own.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { Folder, until, watchesOf, within } from "../support/processes.ts";
import { assertFormat, call, outcome, start } from "./support.ts";

Deno.test("reslock watch --json prints one event a line, and ends by SIGINT", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  await using watch = start(folder.path, [
    ...["watch", "--json", "--state", folder.state],
  ]);
  const next = async () => {
    const line = await within("a line", 20_000, watch.expectLine());
    assertFormat("watch", line);
    return JSON.parse(line);
  };
  assertEquals((await next()).status.resources, { slots: 1 });
  const lease = await pool.acquire({ slots: 1 }, { label: "a\u202eb" });
  const granted = await next();
  assertEquals([granted.type, granted.lease.id], ["granted", lease.id]);
  assertEquals([granted.lease.label, granted.lease.owner], [
    "a\u202eb",
    "alive",
  ]);
  const waiting = pool.acquire({ slots: 1 });
  assertEquals((await next()).entry.resources, { slots: 1 });
  await pool.setResources({ slots: 2 });
  assertEquals((await next()).change, {
    kind: "capacity",
    name: "slots",
    before: 1,
    after: 2,
  });
  assertEquals((await next()).type, "granted");
  await (await waiting).release();
  assertEquals((await next()).type, "released");
  watch.signal("SIGINT");
  const { code, out, err } = await within("its end", 20_000, outcome(watch));
  assertEquals({ code, out, err }, { code: 130, out: "", err: "" });
});

Deno.test("reslock watch ends without a word when nobody reads any more", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  await using watch = start(folder.path, ["watch", "--state", folder.state]);
  assertMatch(
    await within("a line", 20_000, watch.expectLine()),
    /^\d\d:\d\d:\d\d {2}watching .*: 0 leases, 0 waiting$/,
  );
  await watch.stopReading();
  await pool.setResources({ slots: 2 });
  const { code } = await within("its end", 20_000, watch.exited);
  assertEquals([code, await watch.stderr()], [0, ""]);
});

Deno.test("reslock wait ends when the last of a label has given back", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  const first = await pool.acquire({ slots: 1 }, { label: "train" });
  const queued = Promise.withResolvers<void>();
  const second = pool.acquire({ slots: 1 }, {
    label: "train",
    onQueued: () => queued.resolve(),
  });
  await queued.promise;
  const watches = watchesOf(Deno.pid);
  const waiting = call(["wait", "--label", "train", "-s", folder.state]);
  await until("it watches", () => watchesOf(Deno.pid) > watches);
  await first.release();
  const lease = await second;
  await lease.release();
  assertEquals(await waiting, { code: 0, out: "", err: "" });
});

Deno.test("reslock wait gives up after --timeout with 124", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  await using lease = await pool.acquire({ slots: 1 });
  const { code, err } = await call([
    ...["wait", lease.id, "--timeout", "50ms", "-s", folder.state],
  ]);
  assertEquals(code, 124);
  assertStringIncludes(err, "reslock status");
});

Deno.test("reslock wait has nothing to wait for where nobody has it", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 2 });
  await using _one = await pool.acquire({ slots: 1 }, { label: "train" });
  const misspelt = await call(["wait", "--label", "trai", "-s", folder.state]);
  assertEquals(misspelt.code, 0);
  assertEquals(
    misspelt.err,
    'reslock: nobody has "trai" any more: did you mean "train"?\n',
  );
  assertEquals((await call(["wait", "-s", folder.state])).code, 2);
});
