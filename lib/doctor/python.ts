/**
 * Python packages of reslock that do not know this version of the file.
 *
 * @module
 */
import { quoted } from "../core/quoted.ts";
import { type Finding, ok, problem, some } from "./check.ts";
import type { System } from "./system.ts";

const NAME = "python";
const INTERPRETER = /^python3?(?:\.\d+)?$/;
/** Enough for a `PATH`; each takes a moment to start. */
const MAX_INTERPRETERS = 8;
/** The first that leaves a file alone which it does not know. */
const FIRST_GOOD = [0, 12];

/**
 * Isolated, so that nothing in the current directory is loaded: this may be root, and
 * the directory anybody's.
 */
const QUESTION = [
  "-I",
  "-c",
  "import importlib.metadata as m, site, sys\n" +
  "sys.path.append(site.getusersitepackages())\n" +
  "print(m.version('reslock'))",
];

/** Whether the interpreters of this user have a package that is too old. */
export async function checkPython(system: System): Promise<Finding> {
  const interpreters = findInterpreters(system);
  const versions = await Promise.all(
    interpreters.map(async (path) => {
      const result = await system.run(path, QUESTION);
      const isAnswer = result.kind === "ended" && result.code === 0;
      return { path, version: isAnswer ? result.stdout.trim() : "" };
    }),
  );
  const having = versions.filter(({ version }) => /^\d+\./.test(version));
  const old = having.filter(({ version }) => isOld(version));
  const list = (some_: typeof having) =>
    some(some_.map(({ path, version }) => `${version} of ${quoted(path)}`));
  if (old.length > 0) {
    return problem(
      NAME,
      `Package reslock ${list(old)} empties a state file of another version`,
      `"${old[0].path} -m pip install --upgrade 'reslock>=0.12'"`,
    );
  }
  if (having.length > 0) return ok(NAME, `Package reslock ${list(having)}`);
  return ok(
    NAME,
    interpreters.length === 0
      ? "No Python was found"
      : "No Python of this PATH has the package reslock",
  );
}

function findInterpreters(system: System): string[] {
  const found = new Map<string, string>();
  const environment = system.env("VIRTUAL_ENV");
  const folders = (system.env("PATH") ?? "").split(":");
  if (environment) folders.unshift(`${environment}/bin`);
  for (const folder of folders) {
    if (!folder.startsWith("/")) continue;
    for (const name of system.list(folder)) {
      if (!INTERPRETER.test(name)) continue;
      const path = `${folder}/${name}`;
      // One interpreter often has several names in its folder; across folders a link
      // matters, as it is how a virtual environment is told from its base.
      const target = system.linkOf(path);
      const isAlias = target !== undefined && INTERPRETER.test(target);
      const real = isAlias ? `${folder}/${target}` : path;
      if (!found.has(real)) found.set(real, path);
    }
  }
  return [...found.values()].slice(0, MAX_INTERPRETERS);
}

function isOld(version: string): boolean {
  const [major, minor = 0] = version.split(".").map((part) => parseInt(part));
  const [goodMajor, goodMinor] = FIRST_GOOD;
  return major < goodMajor || (major === goodMajor && minor < goodMinor);
}
