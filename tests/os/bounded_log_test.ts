import { assert, assertEquals } from "@std/assert";
import { lastLines } from "../../lib/core/history.ts";
import { appendTo, readLog } from "../../lib/os/bounded_log.ts";
import { Folder } from "../support/processes.ts";

const LIMITS = {
  maxBytes: 100,
  shorten: (bytes: Uint8Array) => lastLines(bytes, 50),
};

function append(path: string, text: string): boolean {
  return appendTo(path, new TextEncoder().encode(text), LIMITS);
}

Deno.test("appendTo() makes the file for everyone and adds to it", () => {
  using folder = new Folder();
  const path = `${folder.path}/log`;
  const umask = Deno.umask(0o077);
  try {
    assert(append(path, "one\n"));
  } finally {
    Deno.umask(umask);
  }
  assert(append(path, "two\n"));
  assertEquals(Deno.readTextFileSync(path), "one\ntwo\n");
  assertEquals(Deno.statSync(path).mode! & 0o777, 0o666);
});

Deno.test("appendTo() keeps the file within its limit, and the last lines", () => {
  using folder = new Folder();
  const path = `${folder.path}/log`;
  for (let n = 0; n < 1000; n++) {
    assert(append(path, `line ${n}\n`));
    const { size } = Deno.statSync(path);
    assert(size <= LIMITS.maxBytes, `${size} bytes`);
  }
  const lines = Deno.readTextFileSync(path).trimEnd().split("\n");
  assertEquals(lines.at(-1), "line 999");
  assert(lines.every((line) => /^line \d+$/.test(line)), lines.join());
  assert(lines.length >= 5);
});

Deno.test("appendTo() does without where there is no file to be had", () => {
  using folder = new Folder();
  const path = `${folder.path}/log`;
  Deno.mkdirSync(path);
  assertEquals(append(path, "one\n"), false);
  assertEquals(append(`${folder.path}/none/log`, "one\n"), false);
  const target = `${folder.path}/target`;
  Deno.writeTextFileSync(target, "");
  Deno.symlinkSync(target, `${folder.path}/link`);
  assertEquals(append(`${folder.path}/link`, "one\n"), false);
  assertEquals(Deno.readTextFileSync(target), "");
});

Deno.test("readLog() reads no more than it is told, and nothing where there is none", () => {
  using folder = new Folder();
  const path = `${folder.path}/log`;
  assertEquals(readLog(path, 10).length, 0);
  Deno.writeTextFileSync(path, "x".repeat(20));
  assertEquals(readLog(path, 10).length, 10);
  assertEquals(readLog(path, 30).length, 20);
});
