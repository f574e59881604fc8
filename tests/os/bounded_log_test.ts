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

Deno.test("readLog() reads no more than it is told, from the end, and nothing where there is none", () => {
  using folder = new Folder();
  const path = `${folder.path}/log`;
  const read = (maxBytes: number) =>
    new TextDecoder().decode(readLog(path, maxBytes));
  assertEquals(read(10), "");
  Deno.writeTextFileSync(path, "older newer");
  assertEquals(read(5), "newer");
  assertEquals(read(30), "older newer");
});

Deno.test("appendTo() reads the end of a file that others made huge, and no more", () => {
  using folder = new Folder();
  const path = `${folder.path}/log`;
  assert(append(path, "lost\n"));
  // Nothing on the disk, and more than a program may have.
  Deno.truncateSync(path, 2 ** 40);
  Deno.writeTextFileSync(path, "\nkept\n", { append: true });
  const shortened: number[] = [];
  const limits = {
    ...LIMITS,
    shorten: (bytes: Uint8Array) => {
      shortened.push(bytes.length);
      return lastLines(bytes, 6);
    },
  };
  assert(appendTo(path, new TextEncoder().encode("new\n"), limits));
  assertEquals(shortened, [LIMITS.maxBytes]);
  assertEquals(Deno.readTextFileSync(path), "kept\nnew\n");
});

Deno.test("appendTo() adds to no file that has another name", () => {
  using folder = new Folder();
  const path = `${folder.path}/log`;
  Deno.writeTextFileSync(`${folder.path}/victim`, "");
  Deno.linkSync(`${folder.path}/victim`, path);
  assertEquals(append(path, "one\n"), false);
  assertEquals(Deno.readTextFileSync(path), "");
});
