import { assertEquals } from "@std/assert";
import { checkSideFiles } from "../../lib/doctor/side_files.ts";
import { NOW_MS } from "../cli/sample_pool.ts";
import { facts, folder, lease, pool, STATE, system } from "./made_up_system.ts";

const OLD_TIME = { changedMs: NOW_MS - 3_600_000 };
const OLD = facts(OLD_TIME);
const OWNERS = `${STATE}.owners`;
const BELLS = `${STATE}.bells`;

function check(files: Parameters<typeof system>[0]) {
  return checkSideFiles(system({
    probeOwner: (path) => path.includes("living") ? "held" : "free",
    status: () =>
      Promise.resolve(pool({ leases: [lease({ id: "namedowner-4" })] })),
    ...files,
  }));
}

Deno.test("checkSideFiles() leaves alone what is in use, young, or somebody else's", async () => {
  const { level, fixes } = await check({
    files: {
      "/pool": folder(),
      [STATE]: OLD,
      [`${STATE}.reslock-0123456789.new`]: facts(),
      [`${OWNERS}/livingone1`]: OLD,
      [`${OWNERS}/namedowner`]: OLD,
      [`${OWNERS}/namedowner-4.c`]: OLD,
      [`${OWNERS}/youngowner`]: facts(),
      [`${OWNERS}/README`]: OLD,
      [`${OWNERS}/deadowner1-notes`]: OLD,
      [`${BELLS}/livingone1`]: OLD,
    },
  });
  assertEquals([level, fixes], ["ok", []]);
});

Deno.test("checkSideFiles() finds owners, bells and drafts that are left over", async () => {
  const { level, message, fixes } = await check({
    files: {
      "/pool": folder(),
      [`${STATE}.reslock-0123456789.new`]: OLD,
      [`${BELLS}.reslock-0123456789.new`]: { ...folder(), ...OLD_TIME },
      [`${OWNERS}/deadowner1`]: OLD,
      [`${OWNERS}/namedowner-8.c`]: OLD,
      [`${BELLS}/deadowner1`]: OLD,
      [`${BELLS}/goneowner1`]: OLD,
    },
  });
  assertEquals(level, "warning");
  assertEquals(message.includes("5 files"), true, message);
  assertEquals(fixes, [{ kind: "bury" }]);
});

Deno.test("checkSideFiles() takes nothing for left over where the pool cannot be read", async () => {
  const { level, fixes } = await check({
    files: { "/pool": folder(), [STATE]: OLD, [`${OWNERS}/namedowner`]: OLD },
    status: () => Promise.reject(new Error("Not a state file")),
  });
  assertEquals([level, fixes], ["ok", []]);
});

Deno.test("checkSideFiles() looks through no link", async () => {
  const { level, fixes } = await check({
    files: {
      "/pool": folder(),
      [OWNERS]: facts({ kind: "link" }),
      [`${OWNERS}/deadowner1`]: OLD,
    },
  });
  assertEquals([level, fixes], ["warning", []]);
});
