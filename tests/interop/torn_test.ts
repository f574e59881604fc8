/**
 * We read while a Python client is in the middle of writing.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { until } from "../support/processes.ts";
import { interopTest } from "./scene.ts";

/** Well below the 200 ms for which a file that is no state is read again. */
const REREAD_MS = 150;
const ATTEMPTS = 20;

interopTest(
  "status() waits for a file that a Python client is making",
  async (scene) => {
    const pool = scene.pool();
    const [text] = await scene.python().rewrite(
      ['{"version": 5, "resources": {"slot": 3}}'],
    );
    for (let attempt = 1;; attempt++) {
      // It opens the file, which makes it, and then writes.
      Deno.writeTextFileSync(scene.path, "");
      const since = performance.now();
      let isDone = false;
      const resources = pool.status().then(
        ({ resources }) => ({ ...resources }),
        (error) => error,
      ).finally(() => isDone = true);
      let doneEarly = false;
      for (const end of [0, 1, 10, text.length - 1]) {
        Deno.writeTextFileSync(scene.path, text.slice(0, end));
        await new Promise((resolve) => setTimeout(resolve));
        doneEarly ||= isDone;
      }
      Deno.writeTextFileSync(scene.path, text);
      // A machine that is out of breath may have taken too long for a reader.
      const wasSlow = performance.now() - since > REREAD_MS;
      const found = await resources;
      if (wasSlow && attempt < ATTEMPTS) continue;
      assertEquals([doneEarly, found], [false, { slot: 3 }]);
      return;
    }
  },
);

interopTest(
  "status() reads files while a Python client makes them",
  async (scene) => {
    const paths = Array.from(
      { length: 30 },
      (_, index) => `${scene.folder.path}/${index}.json`,
    );
    const pools = paths.map((path) => new ResourcePool({ path }));
    const made = scene.python().create(paths);
    await Promise.all(pools.map(async (pool) => {
      await until("the file is there", async () => {
        assertEquals((await pool.status()).leases, []);
        return (await Deno.stat(pool.path).catch(() => null)) !== null;
      });
      assertEquals((await pool.status()).leases, []);
      await pool.close();
    }));
    await made;
  },
);

interopTest(
  "status() reads while an old Python client empties and fills the file",
  async (scene) => {
    const pool = scene.pool();
    await pool.setResources({ slot: 3 });
    const python = scene.python();
    let isOver = false;
    const over = python.writeAfterUnlock(300).finally(() => isOver = true);
    await until("it has written so often", async () => {
      assertEquals({ ...(await pool.status()).resources }, { slot: 3 });
      return isOver;
    });
    await over;
  },
);
