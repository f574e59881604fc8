import { assertEquals } from "@std/assert";
import {
  interpreterOf,
  START_BYTES,
} from "../../../lib/cli/run/interpreter.ts";

function interpreterOfText(text: string): string | undefined {
  return interpreterOf(new TextEncoder().encode(text));
}

Deno.test("interpreterOf() reads the first line of a script as the system does", () => {
  assertEquals(interpreterOfText("#!/bin/sh\n"), "/bin/sh");
  assertEquals(interpreterOfText("#! \t/usr/bin/env python\n"), "/usr/bin/env");
  assertEquals(interpreterOfText("#!/bin/sh\r\n"), "/bin/sh\r");
  assertEquals(interpreterOfText("#!bin/tool"), "bin/tool");
  assertEquals(interpreterOfText("#!\n/bin/sh\n"), undefined);
  assertEquals(interpreterOfText("# !/bin/sh\n"), undefined);
  assertEquals(interpreterOfText(" #!/bin/sh\n"), undefined);
  assertEquals(interpreterOfText(""), undefined);
});

/** A program as a linker makes it, with one other header in front. */
function program(loader: string, headers = 64): Uint8Array {
  const bytes = new Uint8Array(512);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x7f454c46);
  view.setUint16(4, 0x0201);
  view.setBigUint64(32, BigInt(headers), true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 2, true);
  view.setUint32(64, 6, true);
  view.setUint32(120, 3, true);
  view.setBigUint64(128, 400n, true);
  view.setBigUint64(152, BigInt(loader.length + 1), true);
  bytes.set(new TextEncoder().encode(loader), 400);
  return bytes;
}

Deno.test("interpreterOf() reads the loader of a program", () => {
  const bytes = program("/lib/ld-musl-x86_64.so.1");
  assertEquals(interpreterOf(bytes), "/lib/ld-musl-x86_64.so.1");
  assertEquals(interpreterOf(bytes.subarray(0, 410)), undefined);
  for (let length = 0; length < 200; length++) {
    assertEquals(interpreterOf(bytes.subarray(0, length)), undefined);
  }
  assertEquals(interpreterOf(program("/lib/ld.so", START_BYTES)), undefined);
});

Deno.test("interpreterOf() finds what this very program is loaded by", {
  ignore: Deno.build.os !== "linux",
}, () => {
  using file = Deno.openSync(Deno.execPath());
  const bytes = new Uint8Array(START_BYTES);
  file.readSync(bytes);
  const loader = interpreterOf(bytes);
  assertEquals(loader !== undefined && Deno.statSync(loader).isFile, true);
});
