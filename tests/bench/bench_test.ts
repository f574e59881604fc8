/** Every bench answers its question, in little, and finds out who cheats. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { parseOptions } from "../../bench/main.ts";
import { CONTENDERS } from "../../bench/contenders/all.ts";
import type { Contender } from "../../bench/contenders/contender.ts";
import { blockedFlock } from "../../bench/contenders/floor.ts";
import { pythonReslock } from "../../bench/contenders/python_reslock.ts";
import { reslock } from "../../bench/contenders/reslock.ts";
import { flock } from "../../bench/contenders/system_tools.ts";
import {
  denoWorker,
  WorkerClient,
} from "../../bench/contenders/worker_client.ts";
import type { Answer, Context, Question } from "../../bench/question.ts";
import { QUESTIONS } from "../../bench/questions/all.ts";
import { contention } from "../../bench/questions/contention.ts";
import { expectedOrder } from "../../bench/questions/order.ts";
import { lastBefore } from "../../bench/questions/whole_capacity.ts";
import { handover } from "../../bench/questions/handover.ts";

async function present(
  wanted: readonly Contender[],
): Promise<readonly Contender[]> {
  const absences = await Promise.all(wanted.map((one) => one.absence()));
  return wanted.filter((_, index) => absences[index] === undefined);
}

/** What a question answers, in little. */
async function tiny(
  question: Question,
  contenders: readonly Contender[],
): Promise<{ answer: Answer; said: string[] }> {
  const said: string[] = [];
  const directory = await Deno.makeTempDir({ prefix: "reslock-bench-test-" });
  const say = (text: string) => void said.push(text);
  const context: Context = { contenders, directory, say };
  try {
    const answer = await question.run(context, "tiny");
    assertEquals(
      [...Deno.readDirSync(directory)].filter(({ isDirectory }) => isDirectory),
      [],
      "an arena was left",
    );
    return { answer, said };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The Python package takes long for everything, and has a question of its own. */
const FEW = await present([reslock, blockedFlock, flock]);
const WITH_PYTHON = await present([reslock, pythonReslock]);

for (const question of QUESTIONS) {
  Deno.test(`${question.name} answers its question`, async () => {
    const { answer, said } = await tiny(
      question,
      question.name === "python_client" ? WITH_PYTHON : FEW,
    );
    const isSkipped = said.some((text) => text.includes("skipped"));
    const figures = answer.samples.figures()
      .filter(({ contender }) => contender.startsWith("reslock"));
    assert(isSkipped || figures.length > 0, "nothing was measured");
    for (const { measure, at, summary, missed } of figures) {
      assert(
        summary !== undefined && missed === 0,
        `${measure.what} ${JSON.stringify(at)}: never`,
      );
      assert(Number.isFinite(summary.median), `${measure.what}: no number`);
    }
    assert(isSkipped || answer.goals.length > 0, "it has no goals");
    assertEquals(said.filter((text) => text.includes("failed")), []);
    for (const svg of Object.values(answer.plots)) assert(svg.includes("<svg"));
  });
}

for (const peer of CONTENDERS.filter((one) => !FEW.includes(one))) {
  const absence = await peer.absence();
  Deno.test({
    name: `handover measures ${peer.name}`,
    ignore: absence !== undefined,
    fn: async () => {
      const { answer, said } = await tiny(handover, [peer]);
      assertEquals(said.filter((text) => text.includes("failed")), []);
      const names = answer.samples.figures().map(({ contender }) => contender);
      assert(names.includes(peer.name));
    },
  });
}

Deno.test("contention finds out who grants more than there is", async () => {
  const program = `${import.meta.dirname}/careless_worker.ts`;
  const careless: Contender = {
    ...reslock,
    open: (directory, capacity) =>
      Promise.resolve({
        client: () =>
          WorkerClient.start(
            denoWorker(program, {
              path: directory,
              capacity,
              witness: `${directory}/witness`,
            }),
          ),
        servers: () => [],
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
  };
  await assertRejects(
    () => tiny(contention, [careless]),
    Error,
    "were held at once of a capacity of",
  );
});

Deno.test("expectedOrder() is by priority, then by arrival", () => {
  assertEquals(expectedOrder([0, 2, 0, 2, 1]), [1, 3, 4, 0, 2]);
});

Deno.test("lastBefore() counts whoever came first, not whoever passed", () => {
  const grant = (askedMs: number, grantedMs: number, releasedMs: number) => ({
    ...{ askedMs, queuedMs: null, grantedMs, releasedMs },
  });
  const holder = grant(0, 1, 20);
  const waiter = grant(5, 20, 40);
  const passer = grant(15, 40, 60);
  const grants = [holder, waiter, passer, grant(30, 70, 90)];
  const request = { queuedMs: 10, grantedMs: 65 };
  assertEquals(lastBefore(grants, { ...request, priority: 0 }), 40);
  assertEquals(lastBefore(grants, { ...request, priority: 1 }), 20);
});

Deno.test("parseOptions() knows its words, and no others", () => {
  assertEquals(parseOptions(["--quick", "--only=reslock,floor", "order"]), {
    scale: "quick",
    list: false,
    readme: false,
    only: ["reslock", "floor"],
    out: parseOptions([])!.out,
    directory: undefined,
    names: ["order"],
  });
  assertEquals(parseOptions(["--fast"]), undefined);
  assertEquals(parseOptions(["--only"]), undefined);
  assertEquals(parseOptions(["no_such_question"]), undefined);
});
