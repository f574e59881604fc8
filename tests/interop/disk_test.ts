/**
 * Space on a disk, promised by both packages.
 *
 * @module
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { findMount, readDiskSpace } from "../../lib/os/disk.ts";
import { interopTest, type Scene } from "./scene.ts";

/** More than half of what is free now: both cannot have as much. */
async function mostOf(
  scene: Scene,
): Promise<{ mount: string; mb: number; key: string }> {
  const mount = await findMount(scene.folder.path);
  const { freeMb } = await readDiskSpace(mount);
  return { mount, mb: Math.ceil(freeMb * 0.6), key: `disk_mb@${mount}` };
}

interopTest(
  "space on a disk that a Python client holds is not promised again",
  async (scene) => {
    const python = scene.python();
    const pool = scene.pool();
    const { mount, mb, key } = await mostOf(scene);
    const ask = { disk_mb: mb, disk_path: mount };
    assertEquals((await python.acquire(ask)).resources, { [key]: mb });
    assertEquals(await pool.tryAcquire({ [key]: mb }), null);
    const waiting = pool.acquire({ [`disk_mb@${scene.folder.path}`]: mb });
    await scene.queued(1);
    await python.release();
    const lease = await waiting;
    assertEquals({ ...lease.resources }, { [key]: mb });
    assertEquals(await python.tryAcquire(ask), null);
    await lease.release();
    assertEquals((await python.acquire(ask)).resources, { [key]: mb });
  },
);

interopTest(
  "space that a Python client holds under the name of a folder is its disk's",
  async (scene) => {
    const python = scene.python();
    const pool = scene.pool();
    const { mb, key } = await mostOf(scene);
    const folder = await Deno.realPath(scene.folder.path);
    const ask = { disk_mb: mb, disk_path: folder };
    assertEquals((await python.acquire(ask)).resources, {
      [`disk_mb@${folder}`]: mb,
    });
    assertEquals(await pool.tryAcquire({ [key]: mb }), null);
    const waiting = pool.acquire({ [key]: mb });
    await scene.queued(1);
    await python.release();
    await (await waiting).release();
  },
);

interopTest(
  "both command lines name a disk alike",
  async (scene) => {
    const { mount, key } = await mostOf(scene);
    const words = ["--disk", "1M", "--disk-path", mount];
    // The Python package empties the file for a moment when it writes.
    const show =
      `until grep -o '"disk_mb@[^"]*": *1\\b' "${scene.path}"; do :; done`;
    for (const run of ["runPython", "runNative"] as const) {
      const shown = await scene[run]("run", ...words, "--", "sh", "-c", show);
      assertStringIncludes(shown.replaceAll(" ", ""), `"${key}":1`);
    }
    for (const run of ["runPython", "runNative"] as const) {
      await assertRejects(
        () => scene[run]("run", "--disk", "1M", "--disk-path", "/none", "true"),
        Error,
        "/none",
      );
    }
  },
);
