/**
 * `reslock top` gives the terminal back as it was: the screen, the cursor, and what
 * `stty` tells, however it ends.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ResourcePool } from "../../../mod.ts";
import { denoRunArgs, ROOT } from "../../support/deno.ts";
import { Folder, processState, until } from "../../support/processes.ts";
import { hasTmux, Tmux } from "../../support/tmux.ts";

const ignore = !hasTmux();
if (ignore) console.log("skipped: top in a terminal, as tmux is missing");

/** `top` in a terminal of its own, with what stood there before. */
class Top implements AsyncDisposable {
  readonly folder: Folder = new Folder();
  readonly pool: ResourcePool = new ResourcePool({ path: this.folder.state });
  readonly tmux: Tmux = new Tmux(this.folder.path);

  async begin(): Promise<void> {
    await this.pool.setResources({ slots: 2 });
    const { path, state } = this.folder;
    const words = [Deno.execPath(), ...denoRunArgs(), `${ROOT}cli.ts`, "top"];
    const top = [...words, "-s", state].map((word) => `'${word}'`).join(" ");
    Deno.writeTextFileSync(
      `${path}/script`,
      [
        "echo before",
        `stty -a >'${path}/stty_before'`,
        `sh -c 'echo $$ >"${path}/pid"; exec "$@"' - ${top}`,
        'echo "code $?"',
        `stty -a >'${path}/stty_after'`,
        "exec sleep 600",
      ].join("\n"),
    );
    this.tmux.start(["sh", `${path}/script`]);
    await until("it shows the pool", () => this.shows("slots"));
    assertEquals(this.tmux.ask("#{alternate_on} #{cursor_flag}"), "1 0");
  }

  shows(text: string): boolean {
    return this.tmux.screen().includes(text);
  }

  get pid(): number {
    return Number(Deno.readTextFileSync(`${this.folder.path}/pid`));
  }

  signal(name: Deno.Signal): void {
    Deno.kill(this.pid, name);
  }

  /** Holds that it ended so, and left nothing of itself. */
  async assertGone(code: number): Promise<void> {
    await until("it ended", () => this.shows(`code ${code}`));
    const { path } = this.folder;
    const [before, after] = ["stty_before", "stty_after"];
    await until(
      "the terminal was asked",
      () =>
        this.folder.names(".").includes(after) && read(after).includes("\n"),
    );
    assertEquals(this.tmux.ask("#{alternate_on} #{cursor_flag}"), "0 1");
    assert(this.tmux.screen().startsWith("before"), this.tmux.screen());
    assertEquals(read(after), read(before));

    function read(name: string): string {
      // Its size may have been changed by others meanwhile.
      return Deno.readTextFileSync(`${path}/${name}`)
        .replace(/rows \d+; columns \d+;/, "");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tmux[Symbol.asyncDispose]();
    await this.pool.close();
    this.folder[Symbol.dispose]();
  }
}

const ENDS: Readonly<
  Record<string, { end(top: Top): void; readonly code: number }>
> = {
  "q": { end: ({ tmux }) => tmux.type("q"), code: 0 },
  "Ctrl-C": { end: ({ tmux }) => tmux.type("C-c"), code: 0 },
  "SIGTERM": { end: (top) => top.signal("SIGTERM"), code: 143 },
  "SIGHUP": { end: (top) => top.signal("SIGHUP"), code: 129 },
  "SIGINT": { end: (top) => top.signal("SIGINT"), code: 130 },
  "an error": {
    end: ({ folder }) => Deno.writeTextFileSync(folder.state, "{ damaged"),
    code: 3,
  },
};

for (const [name, { end, code }] of Object.entries(ENDS)) {
  Deno.test({
    name: `reslock top gives the terminal back after ${name}`,
    ignore,
    async fn() {
      await using top = new Top();
      await top.begin();
      end(top);
      await top.assertGone(code);
      if (code === 3) assert(top.shows("reslock doctor"), top.tmux.screen());
    },
  });
}

Deno.test({
  name: "reslock top follows the size of its terminal",
  ignore,
  async fn() {
    await using top = new Top();
    await top.begin();
    for (const [columns, rows] of [[60, 10], [140, 30]] as const) {
      top.tmux.resize(columns, rows);
      await until("the last line is the last", () => {
        const lines = top.tmux.screen().split("\n");
        return lines.length === rows && lines.at(-1)!.startsWith("q quit");
      });
      assert(top.shows("slots"));
    }
    top.tmux.type("q");
    await top.assertGone(0);
  },
});

Deno.test({
  name: "reslock top gives the terminal back while it is stopped, and goes on",
  ignore,
  async fn() {
    await using top = new Top();
    await top.begin();
    for (
      const stop of [() => top.signal("SIGTSTP"), () => top.tmux.type("C-z")]
    ) {
      stop();
      await until("the screen is back", () => top.shows("before"));
      assertEquals(top.tmux.ask("#{alternate_on} #{cursor_flag}"), "0 1");
      // It gives the terminal back first: continued before it stops, it would stay so.
      await until("it has stopped", () => processState(top.pid) === "T");
      top.signal("SIGCONT");
      await until("it shows the pool again", () => top.shows("slots"));
    }
    top.tmux.type("q");
    await top.assertGone(0);
  },
});

Deno.test({
  name: "reslock top takes the filter away at Escape, and goes on",
  ignore,
  async fn() {
    await using top = new Top();
    await top.begin();
    await using _lease = await top.pool.acquire({ slots: 1 }, { label: "one" });
    await until("it shows the lease", () => top.shows("one"));
    top.tmux.type("/", "zz", "Enter");
    await until("it is filtered", () => top.shows('labels with "zz"'));
    top.tmux.type("Escape");
    await until("all are shown", () => top.shows("one"));
    top.tmux.type("q");
    await top.assertGone(0);
  },
});

Deno.test({
  name: "reslock top takes an arrow that arrives in parts for an arrow",
  ignore,
  async fn() {
    await using top = new Top();
    await top.begin();
    const labels = ["one", "two"];
    for (const label of labels) {
      await top.pool.acquire({ slots: 1 }, { label });
    }
    await until("it shows both", () => labels.every((one) => top.shows(one)));
    const [escape, ...rest] = ["1b", "5b", "42"];
    await until("the second one is selected", () => {
      top.tmux.type("-H", escape);
      // Later than that on a busy machine, these are keys without a meaning.
      top.tmux.type("-H", ...rest);
      top.tmux.type("r");
      const isSelected = top.shows("Take two's slots 1");
      top.tmux.type("n");
      return isSelected;
    });
    top.tmux.type("q");
    await top.assertGone(0);
  },
});
