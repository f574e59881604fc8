import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Folder } from "../support/processes.ts";
import { assertHelps, call, ok } from "./support.ts";

interface BadCall {
  readonly args: readonly string[];
  readonly code: number;
  /** What the one line must name. */
  readonly names: readonly string[];
}

const RUN = ["run", "--resource", "slots=1"];
const LONG = "x".repeat(201);

const BAD_CALLS: readonly BadCall[] = [
  ...["0", "-1", "1.5", "1e3", "many", "9".repeat(20), "4X", "4G"].map((
    amount,
  ) => ({
    args: ["run", "--cpu", amount, "true"],
    code: 2,
    names: ["--cpu", `"${amount}"`, "run --help"],
  })),
  ...["0", "-1G", "0.3M", "many", "9".repeat(20), "4X", "4 G B"].map((
    size,
  ) => ({
    args: ["run", "--vram", size, "true"],
    code: 2,
    names: ["--vram", `"${size}"`, "run --help"],
  })),
  ...["-1", "1.5", "many", "4G"].map((amount) => ({
    args: ["set", "slots", amount],
    code: 2,
    names: ["VALUE", `"${amount}"`, "set --help"],
  })),
  ...["4X", "-4G"].map((size) => ({
    args: ["set", "ram_mb", size],
    code: 2,
    names: ["VALUE", `"${size}"`, "set --help"],
  })),
  { args: ["set", "", "5"], code: 2, names: ["empty", "set --help"] },
  { args: ["set", "a\nb", "5"], code: 2, names: ["NAME", "control"] },
  { args: ["set", "__proto__", "5"], code: 2, names: ["__proto__"] },
  { args: ["set", LONG, "5"], code: 2, names: ["NAME", "200"] },
  { args: ["set", "slots"], code: 2, names: ["reslock set gpu_slots 2"] },
  { args: ["set", "slots", "5", "6"], code: 2, names: ["arguments"] },
  ...[
    ...["set slots 5 --jsno", "set --jsno", "set --jsno=x", "status --jsno"],
    ...["release --jsno x", "cancel x --jsno", "priority x 5 --jsno"],
    ...["history --jsno", "why --timeout 5s --jsno 5G", "detect --jsno -- x"],
  ].map((line) => ({
    args: line.split(" "),
    code: 2,
    names: [
      '"--jsno"',
      'did you mean "--json"?',
      `${line.split(" ")[0]} --help`,
    ],
  })),
  { args: ["release", "--labl", "x"], code: 2, names: ['"--label"'] },
  { args: ["priority", "x", "-q"], code: 2, names: ['"-q"'] },
  { args: ["unset"], code: 2, names: ["name", "unset --help"] },
  { args: ["unset", "none"], code: 1, names: ['"none"', "reslock status"] },
  { args: ["unset", "--all"], code: 2, names: ["--all"] },
  { args: [...RUN, "--label", "", "true"], code: 2, names: ["--label"] },
  { args: [...RUN, "--label=", "true"], code: 2, names: ["--label"] },
  { args: [...RUN, "--label", "\x1b[2J", "true"], code: 2, names: ["--label"] },
  {
    args: ["run", "--resource", "__proto__=1", "true"],
    code: 2,
    names: ["__proto__"],
  },
  { args: ["run", "--resource", "=1", "true"], code: 2, names: ["--resource"] },
  { args: ["run", "--resource", "slots", "true"], code: 2, names: ['"slots"'] },
  {
    args: ["run", "--resource", "gpu_GPU-1_vram_mb=1", "true"],
    code: 2,
    names: ["vram"],
  },
  { args: [...RUN], code: 2, names: ["command", "run --help"] },
  { args: [...RUN, "--"], code: 2, names: ["command", "run --help"] },
  ...["--vramm 4G true", "--vrma 4G true", "--vramm=4G true"].map((line) => ({
    args: [...RUN, ...line.split(" ")],
    code: 2,
    names: ['did you mean "--vram"?', "run --help"],
  })),
  { args: [...RUN, "--ram", "--", "true"], code: 2, names: ["--ram"] },
  { args: ["run", "true"], code: 2, names: ['"true"', "--vram"] },
  {
    args: [...RUN, "no-such-command"],
    code: 127,
    names: ['"no-such-command"', "PATH"],
  },
  { args: [...RUN, "./no-such-file"], code: 127, names: ['"./no-such-file"'] },
  {
    args: [...RUN, "/etc/passwd"],
    code: 126,
    names: ['"/etc/passwd"', "chmod"],
  },
  { args: [...RUN, "/tmp"], code: 126, names: ['"/tmp"'] },
  {
    args: ["run", "--resource", "slots=3", "true"],
    code: 125,
    names: ["slots", "2"],
  },
  {
    args: ["run", "--resource", "lots=1", "true"],
    code: 125,
    names: ['"lots"', "reslock set"],
  },
  { args: ["release"], code: 2, names: ["id", "reslock list"] },
  { args: ["release", "a", "--label", "b"], code: 2, names: ["id", "label"] },
  { args: ["release", "none"], code: 1, names: ['"none"', "reslock list"] },
  { args: ["release", "\x1b[2J"], code: 1, names: ["\\u001b"] },
  { args: ["release", ""], code: 2, names: ["empty"] },
  { args: ["release", "--label", ""], code: 2, names: ["--label"] },
  {
    args: ["release", "--label", "none"],
    code: 1,
    names: ['"none"', "reslock list"],
  },
  { args: ["release", "--label", "a\nb"], code: 2, names: ["--label"] },
  {
    args: ["init", "--ram-reserve", "4X"],
    code: 2,
    names: ["--ram-reserve", '"4X"'],
  },
  { args: ["set", "disk_mb@/", "3"], code: 1, names: ["disk_mb@/", "space"] },
  { args: ["init", "--ram-reserve", "9P"], code: 2, names: ["--ram-reserve"] },
  {
    args: ["init", "--ram-reserve", "999999T"],
    code: 2,
    names: ["--ram-reserve"],
  },
  { args: ["init", "--system"], code: 2, names: ["--system", "--state"] },
  { args: ["status", "extra"], code: 2, names: ["status --help"] },
  {
    args: ["statsu"],
    code: 2,
    names: ['"statsu"', '"status"', "reslock --help"],
  },
  { args: ["make", "me"], code: 2, names: ['"make"', "reslock --help"] },
  { args: [""], code: 2, names: ['""', "reslock --help"] },
  { args: ["--frob"], code: 2, names: ["--frob", "reslock --help"] },
  { args: ["--frob", "status"], code: 2, names: ["--frob"] },
  { args: ["--stat", "/x", "status"], code: 2, names: ['mean "--state"?'] },
  { args: ["unset", "slost"], code: 1, names: ['did you mean "slots"?'] },
  { args: ["unset", "some", "none"], code: 1, names: ["they have"] },
  { args: ["why"], code: 2, names: ["--vram", "why --help"] },
  { args: ["why", "x"], code: 2, names: ["--vram", "why --help"] },
  { args: ["completions", "zhs"], code: 2, names: ["zsh"] },
  { args: ["completions"], code: 2, names: ["zsh"] },
  { args: ["doctor", "--fix", "--recover"], code: 2, names: ["--fix"] },
  { args: ["doctor", "--force"], code: 2, names: ["--recover"] },
  { args: ["doctor", "--save", "/tmp/x", "--json"], code: 2, names: ["JSON"] },
  { args: ["doctor", "--save", "/tmp/none/x"], code: 1, names: ["damaged"] },
  { args: ["history", "--since", "x"], code: 2, names: ["--since"] },
  { args: ["wait"], code: 2, names: ["reslock status"] },
  { args: ["wait", "x", "--timeout", "9y"], code: 2, names: ["--timeout"] },
  { args: ["priority", "x"], code: 2, names: ["reslock priority"] },
  { args: ["priority", "x", "y"], code: 2, names: ["NUMBER"] },
  { args: ["priority", "x", "5"], code: 1, names: ['"x"', "reslock"] },
  { args: ["cancel"], code: 2, names: ["reslock status"] },
  { args: ["cancel", "x"], code: 1, names: ['"x"', "reslock status"] },
  { args: ["reclaim"], code: 2, names: ["reslock list"] },
  { args: ["reclaim", "x"], code: 1, names: ['"x"', "reslock list"] },
  { args: ["top"], code: 1, names: ["reslock status"] },
  ...[
    "--timeout 0 true",
    "--timeout 99d true",
    "--priority 1.5 true",
    "--gpu 0 true",
    "--placement pack true",
    "--pin true",
    "--no-wait --timeout 5s true",
    "--no-wait --wait-for-capacity true",
    "--reclaim-signal TERM true",
    "--reclaim-grace 1s true",
    "--reclaimable --reclaim-signal NONE true",
    "--visible name true",
    "--estimated-seconds x true",
    "--resource slots=1 true",
    "--disk 5G --disk 5G true",
    "--gpus 2 true",
    "--gpus 2 --num-gpus 2 --vram-mb-each 5 true",
    "--num-gpus 2 true",
    "--vram 5G --vram-mb-each 5 --num-gpus 2 true",
    "--vram 5G --placement half true",
  ].map((line) => ({
    args: [...RUN, ...line.split(" ")],
    code: 2,
    names: ["run --help"],
  })),
];

function assertOneLine(err: string, names: readonly string[]): void {
  assert(err.startsWith("reslock: "), err);
  assertEquals(err.indexOf("\n"), err.length - 1, err);
  for (const name of names) assertStringIncludes(err, name);
  assertHelps(err);
}

Deno.test("reslock answers wrong words with one line, a code, and an unchanged file", async () => {
  using folder = new Folder();
  const { state } = folder;
  await ok(state, "set", "slots", "2");
  const before = Deno.readTextFileSync(state);
  for (const { args, code, names } of BAD_CALLS) {
    const ended = await call(["--state", state, ...args]);
    assertOneLine(ended.err, names);
    assertEquals([ended.code, ended.out], [code, ""], args.join(" "));
    assertEquals(Deno.readTextFileSync(state), before, args.join(" "));
  }
});

Deno.test("reslock refuses a state option without a file", async () => {
  for (
    const args of [["--state"], ["status", "--state"], ["status", "-s", ""]]
  ) {
    const { code, err } = await call(args);
    assertEquals(code, 2);
    assertOneLine(err, ["--help"]);
  }
});

const GOOD =
  '{"version": 5, "resources": {"slots": 2}, "leases": [], "queue": []}';

/** What can stand where the state file should be. */
const BAD_FILES: Readonly<Record<string, (path: string) => void>> = {
  empty: (path) => Deno.writeTextFileSync(path, ""),
  blank: (path) => Deno.writeTextFileSync(path, " \n"),
  truncated: (path) => Deno.writeTextFileSync(path, GOOD.slice(0, -9)),
  "not JSON": (path) => Deno.writeTextFileSync(path, "slots: 2\n"),
  "a list": (path) => Deno.writeTextFileSync(path, "[]"),
  "of another version": (path) =>
    Deno.writeTextFileSync(path, GOOD.replace("5", "4")),
  "without a version": (path) =>
    Deno.writeTextFileSync(path, GOOD.replace('"version": 5, ', "")),
  "with a field too many": (path) =>
    Deno.writeTextFileSync(path, GOOD.replace('"queue"', '"more": 1, "queue"')),
  "a directory": (path) => Deno.mkdirSync(path),
  "a dangling link": (path) => Deno.symlinkSync(`${path}.gone`, path),
};

const TOUCHING: readonly (readonly string[])[] = [
  ["status"],
  ["set", "slots", "3"],
  ["run", "--resource", "slots=1", "true"],
];

const TOUCHING_TOO: readonly (readonly string[])[] = [
  ["list"],
  ["unset", "slots"],
  ["release", "abc"],
  ["release", "--label", "abc"],
  ["reset"],
  [],
];

function contentOf(path: string): string {
  const { isFile, isDirectory } = Deno.lstatSync(path);
  return isFile
    ? Deno.readTextFileSync(path)
    : isDirectory
    ? "directory"
    : Deno.readLinkSync(path);
}

for (const [kind, make] of Object.entries(BAD_FILES)) {
  Deno.test(`reslock leaves a state file alone that is ${kind}, and ends with 3`, async () => {
    using folder = new Folder();
    const { state } = folder;
    make(state);
    const before = contentOf(state);
    // Each waits a while for a file that is only being written.
    const others = kind === "not JSON" ? TOUCHING_TOO : [];
    for (const args of [...TOUCHING, ...others]) {
      const ended = await call(["--state", state, ...args]);
      assertOneLine(ended.err, [state]);
      assertEquals([ended.code, ended.out], [3, ""], args.join(" "));
      assertEquals(contentOf(state), before);
    }
  });
}

/** Files of others: a slip of the hand must not cost them. */
const FOREIGN: Readonly<Record<string, string>> = {
  "a name": "vm\n",
  "users": "root:x:0:0:root:/root:/bin/bash\n",
  "a comment": "! of the X server\n*font: fixed\n",
};

const WRITING: readonly (readonly string[])[] = [
  ["reset", "--force"],
  ["doctor", "--recover", "--force"],
  ["init"],
  ...TOUCHING,
];

for (const [kind, text] of Object.entries(FOREIGN)) {
  Deno.test(`reslock writes nothing to a file that is like no pool: ${kind}`, async () => {
    using folder = new Folder();
    const { state } = folder;
    Deno.writeTextFileSync(state, text);
    for (const args of WRITING) {
      const ended = await call(["--state", state, ...args]);
      assertOneLine(ended.err, [state, "it was left as it is, name another"]);
      assertEquals([ended.code, ended.out], [3, ""], args.join(" "));
      assertEquals(contentOf(state), text);
    }
  });
}

Deno.test("reslock reset --force keeps a copy of a file that cannot be read", async () => {
  using folder = new Folder();
  const { state } = folder;
  const damaged = GOOD.slice(0, -9);
  Deno.writeTextFileSync(state, damaged);
  const { code, out } = await call(["--state", state, "reset", "--force"]);
  assertEquals(code, 0);
  const [, copy] = /is kept as (.*)\n/.exec(out)!;
  assertEquals(Deno.readTextFileSync(copy), damaged);
  const again = await call(["--state", state, "reset", "--force"]);
  assertEquals(again.out, `Reset ${state}\n`);
});

Deno.test("reslock tells of an error's stack only where it is asked for", async () => {
  using folder = new Folder();
  Deno.mkdirSync(folder.state);
  const args = ["status", "--state", folder.state];
  assert(!(await call(args)).err.includes("    at "));
  assertStringIncludes((await call(args, { debug: true })).err, "    at ");
});
