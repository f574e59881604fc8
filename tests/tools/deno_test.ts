import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { npmOnly } from "../../tools/jsr.ts";
import { plainEnv, ROOT } from "../support/deno.ts";

/** Nothing listens on this port: asking there is refused at once. */
const REFUSED = "http://127.0.0.1:1/";

/** A program, run by the launcher against another JSR. */
class Launched implements Disposable {
  readonly #folder = Deno.makeTempDirSync({ prefix: "reslock-launcher-" });

  /** `program` is the text of the one file that is run. */
  command(
    program: string,
    jsrUrl: string,
    options: Deno.CommandOptions = {},
  ): Deno.Command {
    const file = join(this.#folder, "program.ts");
    Deno.writeTextFileSync(file, program);
    return new Deno.Command(Deno.execPath(), {
      args: ["run", "-qA", `${ROOT}tools/deno.ts`, "run", "-A", file],
      clearEnv: true,
      env: { ...plainEnv(), JSR_URL: jsrUrl, DENO_DIR: this.#folder },
      ...options,
    });
  }

  async run(
    program: string,
    jsrUrl: string,
  ): Promise<{ code: number; out: string; err: string }> {
    const { code, stdout, stderr } = await this.command(program, jsrUrl)
      .output();
    const decoder = new TextDecoder();
    return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

/** Tells what a bare name resolves to, from outside the repository. */
const RESOLVE = `
  let target = "nothing";
  try {
    target = import.meta.resolve("@std/path");
  } catch {
    // It stands in no import map.
  }
  console.log(target);
`;

Deno.test("tools/deno.ts uses the adapters where JSR refuses", async () => {
  using launched = new Launched();
  const { code, out, err } = await launched.run(RESOLVE, REFUSED);
  assertEquals(code, 0);
  assertStringIncludes(out, "tools/npm_only/std_path.ts");
  assertEquals(err.trim().split("\n").length, 1, err);
});

Deno.test("tools/deno.ts asks a silent JSR once, for a bounded time", async () => {
  using launched = new Launched();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const accepted: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const connection of listener) accepted.push(connection);
  })();

  const started = performance.now();
  const first = await launched.run(RESOLVE, `http://127.0.0.1:${port}/`);
  const elapsedMs = performance.now() - started;
  const asked = accepted.length;
  const second = await launched.run(RESOLVE, `http://127.0.0.1:${port}/`);

  assertStringIncludes(first.out, "tools/npm_only/std_path.ts");
  assertStringIncludes(second.out, "tools/npm_only/std_path.ts");
  assert(asked > 0);
  assertEquals(accepted.length, asked);
  // The limit is 1.5 s; the rest is for two starts on a busy machine.
  assert(elapsedMs < 8_000, `${elapsedMs} ms`);
  listener.close();
  for (const connection of accepted) connection.close();
  await accepting;
});

Deno.test("tools/deno.ts changes nothing where JSR answers", async () => {
  using launched = new Launched();
  await using registry = await serveProbe();
  const { code, out, err } = await launched.run(RESOLVE, registry.url);
  assertEquals({ code, out, err }, { code: 0, out: "nothing\n", err: "" });
});

Deno.test("tools/deno.ts ends as its child does", async () => {
  using launched = new Launched();
  const exit = await launched.run("Deno.exit(42)", REFUSED);
  assertEquals(exit.code, 42);
  const killed = await launched.run(
    `Deno.kill(Deno.pid, "SIGTERM"); await new Promise(() => {});`,
    REFUSED,
  );
  assertEquals(killed.code, 143);
});

Deno.test("tools/deno.ts leaves standard input to its child", async () => {
  using launched = new Launched();
  const child = launched.command(
    "await Deno.stdin.readable.pipeTo(Deno.stdout.writable);",
    REFUSED,
    { stdin: "piped", stdout: "piped", stderr: "null" },
  ).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("a line\n"));
  await writer.close();
  const { stdout } = await child.output();
  assertEquals(new TextDecoder().decode(stdout), "a line\n");
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`tools/deno.ts passes ${signal} on, once`, async () => {
    using launched = new Launched();
    const child = launched.command(
      `
      let received = 0;
      Deno.addSignalListener("${signal}", () => {
        // Time for a second one.
        if (received++ === 0) setTimeout(() => Deno.exit(received), 200);
      });
      console.log("ready");
      setInterval(() => {}, 1000);
      `,
      REFUSED,
      { stdin: "null", stdout: "piped", stderr: "null" },
    ).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill(signal);
    const { code } = await child.status;
    assertEquals(code, 1);
    await reader.cancel();
  });
}

Deno.test("npmOnly() gives the import map to what takes one", () => {
  const { args } = npmOnly(["test", "-A", "tests"]);
  assertEquals(args[0], "test");
  assert(args[1].startsWith("--import-map="));
  assertEquals(args.slice(2), ["-A", "tests"]);
});

Deno.test("npmOnly() lets the linter find no registry", () => {
  const { args, env } = npmOnly(["lint", "lib"]);
  assertEquals(args, ["lint", "lib"]);
  assertEquals(env, { JSR_URL: REFUSED });
});

Deno.test("npmOnly() leaves other subcommands alone", () => {
  assertEquals(npmOnly(["fmt"]), { args: ["fmt"], env: {} });
  assertEquals(npmOnly([]), { args: [], env: {} });
});

/** A registry that has the one module by which the launcher tells. */
async function serveProbe(): Promise<AsyncDisposable & { url: string }> {
  const source = new TextEncoder().encode("export {};\n");
  const digest = await crypto.subtle.digest("SHA-256", source);
  const checksum = `sha256-${new Uint8Array(digest).toHex()}`;
  const files = new Map<string, BodyInit>([
    ["/@std/assert/meta.json", JSON.stringify({ versions: { "1.99.0": {} } })],
    [
      "/@std/assert/1.99.0_meta.json",
      JSON.stringify({
        exports: { "./assertion-error": "./error.ts" },
        manifest: { "/error.ts": { size: source.length, checksum } },
      }),
    ],
    ["/@std/assert/1.99.0/error.ts", source],
  ]);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const body = files.get(new URL(request.url).pathname);
      return new Response(body, { status: body === undefined ? 404 : 200 });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
