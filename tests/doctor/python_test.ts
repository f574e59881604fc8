import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { checkPython } from "../../lib/doctor/python.ts";
import { answer, facts, system } from "./made_up_system.ts";

/** A machine with interpreters by path, and the version that each has. */
function withPythons(
  versions: Readonly<Record<string, string>>,
  links: Readonly<Record<string, string>> = {},
  virtualEnv?: string,
) {
  const asked: string[] = [];
  const paths = [...Object.keys(versions), ...Object.keys(links)];
  const machine = system({
    files: Object.fromEntries(paths.map((path) => [path, facts()])),
    env: (name) =>
      name === "PATH"
        ? "/usr/bin:relative:/opt/bin"
        : name === "VIRTUAL_ENV"
        ? virtualEnv
        : undefined,
    linkOf: (path) => links[path],
    run: (tool, args) => {
      assert(args.includes("-I"), "nothing of the current directory is loaded");
      asked.push(tool);
      const version = versions[tool];
      return Promise.resolve(version ? answer(`${version}\n`) : answer("", 1));
    },
  });
  return { machine, asked };
}

Deno.test("checkPython() finds packages that would empty the file", async () => {
  for (const old of ["0.2.0", "0.9.1", "0.11.7"]) {
    const { machine } = withPythons({
      "/usr/bin/python3": old,
      "/opt/bin/python3.12": "0.12.3",
    });
    const { level, message, advice } = await checkPython(machine);
    assertEquals(level, "problem");
    assertStringIncludes(message, `${old} of "/usr/bin/python3"`);
    assert(!message.includes("0.12.3"));
    assertStringIncludes(advice, "/usr/bin/python3 -m pip install --upgrade");
  }
});

Deno.test("checkPython() has nothing against 0.12, later ones, and none", async () => {
  for (const version of ["0.12.0", "0.13.1", "1.0", ""]) {
    const { machine } = withPythons({ "/usr/bin/python3": version });
    assertEquals((await checkPython(machine)).level, "ok", version);
  }
  assertEquals((await checkPython(system())).level, "ok");
});

Deno.test("checkPython() asks the virtual environment that is active, too", async () => {
  const versions = { "/venv/bin/python3": "0.9.1", "/usr/bin/python3": "" };
  const active = withPythons(versions, {}, "/venv");
  assertEquals((await checkPython(active.machine)).level, "problem");
  assertEquals(active.asked, ["/venv/bin/python3", "/usr/bin/python3"]);
  assertEquals(
    (await checkPython(withPythons(versions).machine)).level,
    "ok",
  );
});

Deno.test("checkPython() asks an interpreter once, whatever its names, and no more than eight", async () => {
  const { machine, asked } = withPythons(
    { "/usr/bin/python3.12": "0.12.3", "/usr/bin/pythonette": "0.1" },
    { "/usr/bin/python3": "python3.12", "/usr/bin/python": "python3" },
  );
  await checkPython(machine);
  // A link to a link is followed one step: asking twice does no harm.
  assert(asked.length <= 2, String(asked));
  assert(!asked.includes("/usr/bin/pythonette"));
  const many = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`/usr/bin/python3.${i}`, "0.12.3"]),
  );
  const crowd = withPythons(many);
  await checkPython(crowd.machine);
  assertEquals(crowd.asked.length, 8);
});
