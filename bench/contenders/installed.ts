/**
 * Where `install_peers.sh` puts what no package of the system brings.
 *
 * @module
 */
import { quietOutput } from "../harness/command.ts";

const BUILD = `${import.meta.dirname}/../../build`;

/** The Python package that shares the file format, in the version to compare with. */
export const PYTHON_VERSION = "0.12.3";

/** The environment that the tests make, too. `RESLOCK_BENCH_PYTHON` names another. */
export function pythonDirectory(): string {
  return Deno.env.get("RESLOCK_BENCH_PYTHON") ??
    `${BUILD}/python_reslock_${PYTHON_VERSION}`;
}

/** Where npm has put packages. */
export const NODE_MODULES: string = `${BUILD}/peers/node_modules`;

/** A program of this name: on the path, or where cargo was told to put it. */
export async function cargoProgram(name: string): Promise<string | undefined> {
  for (const program of [name, `${BUILD}/peers/bin/${name}`]) {
    const version = await quietOutput(program, ["--version"]);
    if (version !== undefined) return program;
  }
  return undefined;
}

/** What to say where something is missing. */
export const NOT_INSTALLED = "not installed, bench/install_peers.sh does it";
