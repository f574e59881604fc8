/**
 * The commands that last: `watch` and `wait`, as processes of their own.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { Folder, until, watchesOf, within } from "../support/processes.ts";
import { assertFormat, call, ok, outcome, start } from "./support.ts";

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
  let hasEnded = false;
  const end = watch.exited.finally(() => hasEnded = true);
  let slots = 1;
  // The pipe is closed a moment later: what is written before that disturbs nobody.
  await until("it has ended", async () => {
    await pool.setResources({ slots: ++slots });
    return hasEnded;
  });
  const { code } = await end;
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

Deno.test("reslock wait tells what has ended from what nobody ever had", async () => {
  using folder = new Folder();
  const { state } = folder;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ slots: 3 });
  await using lease = await pool.acquire({ slots: 1 }, { label: "train" });
  await ok(state, "run", "--resource", "slots=1", "-l", "score", "true");
  const said = async (...words: string[]) => {
    const { code, err } = await call(["wait", "-s", state, ...words]);
    assertEquals(code, 0);
    return err;
  };
  const cases = [
    ["trian", 'nobody has or waits for "trian": did you mean "train"?'],
    ["scor", 'nobody has or waits for "scor": did you mean "score"?'],
    ["report", 'nobody has or waits for "report"'],
    ["score", 'nobody has "score" any more'],
  ];
  for (const [label, text] of cases) {
    assertEquals(await said("--label", label), `reslock: ${text}\n`);
  }
  const ended = pool.history().find(({ label }) => label === "score")!.id;
  // An owner has ten characters: the last ones are those of nobody else.
  assertEquals(
    await said(ended.slice(0, 10)),
    `reslock: nobody has "${ended.slice(0, 10)}" any more\n`,
  );
  const odd = `${lease.id.slice(0, 9)}_`;
  assertEquals(
    await said(odd),
    `reslock: nobody has or waits for "${odd}": did you mean "${lease.id}"?\n`,
  );
  assertEquals((await call(["wait", "-s", state])).code, 2);
});
