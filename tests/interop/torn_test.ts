/**
 * We read while a Python client is in the middle of writing.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { until } from "../support/processes.ts";
import { interopTest } from "./scene.ts";

interopTest(
  "status() waits for a file that a Python client is making",
  async (scene) => {
    const pool = scene.pool();
    const [text] = await scene.python().rewrite(
      ['{"version": 5, "resources": {"slot": 3}}'],
    );
    // It opens the file, which makes it, and then writes.
    Deno.writeTextFileSync(scene.path, "");
    let isDone = false;
    const status = pool.status().finally(() => isDone = true);
    for (const end of [0, 1, 10, text.length - 1]) {
      Deno.writeTextFileSync(scene.path, text.slice(0, end));
      await new Promise((resolve) => setTimeout(resolve));
      assert(!isDone);
    }
    Deno.writeTextFileSync(scene.path, text);
    assertEquals({ ...(await status).resources }, { slot: 3 });
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
