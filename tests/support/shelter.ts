/**
 * Running this repository's programs as other users of the machine.
 *
 * @module
 */
import { ROOT } from "./deno.ts";
import { Folder, type ProgramOptions, runTool, works } from "./processes.ts";

/** Uids that nobody has; the kernel needs no name for them. */
const UIDS = [61_001, 61_002, 61_003];

function become(uid: number): string[] {
  return ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
}

/** Whether programs of other users can be started here. */
export function canBecomeOthers(): Promise<boolean> {
  return works(...become(UIDS[0]) as [string], "true");
}

/** Copies of Deno and of the repository that every user can reach. */
export class Shelter implements Disposable {
  readonly #folder: Folder;
  readonly #deno: string;

  private constructor(folder: Folder) {
    this.#folder = folder;
    this.#deno = `${folder.path}/deno`;
  }

  /** Makes the copies. */
  static async open(): Promise<Shelter> {
    const folder = new Folder();
    const { path } = folder;
    Deno.mkdirSync(`${path}/tests`);
    Deno.copyFileSync(Deno.execPath(), `${path}/deno`);
    for (const part of ["mod.ts", "lib", "tests/support"]) {
      await runTool("cp", "-r", `${ROOT}${part}`, `${path}/${part}`);
    }
    await runTool("chmod", "-R", "a+rX", path);
    for (const uid of UIDS) {
      Deno.mkdirSync(`${path}/${uid}`);
      Deno.chownSync(`${path}/${uid}`, uid, uid);
    }
    return new Shelter(folder);
  }

  /** How to start a program as one of three other users, who shares nothing unasked. */
  as(index: 0 | 1 | 2): ProgramOptions {
    const uid = UIDS[index];
    const home = `${this.#folder.path}/${uid}`;
    return {
      through: ["sh", "-c", 'umask 077; exec "$@"', "sh", ...become(uid)],
      env: { HOME: home, DENO_DIR: `${home}/cache` },
      deno: this.#deno,
      root: `${this.#folder.path}/`,
    };
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}
