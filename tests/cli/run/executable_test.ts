import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ExitError } from "../../../lib/cli/failure.ts";
import { requireExecutable } from "../../../lib/cli/run/executable.ts";
import { Folder } from "../../support/processes.ts";

function codeOf(word: string, searchPath: string): number {
  const error = assertThrows(
    () => requireExecutable(word, searchPath),
    ExitError,
  );
  assertStringIncludes(error.message, `"${word}"`);
  return error.exitCode;
}

function write(path: string, mode: number, text = "#!/bin/sh\n"): void {
  Deno.writeTextFileSync(path, text);
  Deno.chmodSync(path, mode);
}

Deno.test("requireExecutable() finds commands as the system does", () => {
  using folder = new Folder();
  const { path } = folder;
  Deno.mkdirSync(`${path}/a/tool`, { recursive: true });
  Deno.mkdirSync(`${path}/b`);
  write(`${path}/b/tool`, 0o755);
  write(`${path}/b/text`, 0o644);

  requireExecutable("tool", `${path}/a:${path}/b`);
  requireExecutable("tool", `${path}/none::${path}/b`);
  requireExecutable(`${path}/b/tool`, "");
  assertEquals(codeOf("tool", `${path}/a`), 126);
  assertEquals(codeOf("text", `${path}/a:${path}/b`), 126);
  assertEquals(codeOf(`${path}/b`, ""), 126);
  assertEquals(codeOf("none", `${path}/a:${path}/b`), 127);
  assertEquals(codeOf(`${path}/b/none`, ""), 127);
  assertEquals(codeOf(`${path}/b/tool/none`, ""), 127);
});

Deno.test("requireExecutable() refuses an empty word", () => {
  const error = assertThrows(() => requireExecutable("", "/bin"), ExitError);
  assertEquals(error.exitCode, 127);
});

Deno.test("requireExecutable() refuses a script whose interpreter is not there", () => {
  using folder = new Folder();
  const { path } = folder;
  write(`${path}/gone`, 0o755, "#!/no/such/shell -e\n");
  write(`${path}/dos`, 0o755, "#!/bin/sh\r\necho\r\n");
  write(`${path}/plain`, 0o755, "echo\n");
  write(`${path}/empty`, 0o755, "");
  assertEquals(codeOf(`${path}/gone`, ""), 126);
  assertEquals(codeOf("dos", path), 126);
  requireExecutable("plain", path);
  requireExecutable("empty", path);
});
