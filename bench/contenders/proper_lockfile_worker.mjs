/**
 * A worker that shares through the npm package proper-lockfile, for Node; worker.ts
 * says how it is led.
 *
 * @module
 */
import { createRequire } from "node:module";
import process from "node:process";
import { createInterface } from "node:readline";

/**
 * The package has no way of waiting but to try again. This is often for a package
 * that makes directories, and still a hundred times a second for each who waits.
 */
const RETRY = { forever: true, factor: 1, minTimeout: 10, maxTimeout: 10 };

const options = JSON.parse(process.argv[2]);
const { lock } = createRequire(`${options.modules}/`)("proper-lockfile");

const acquire = () => lock(options.path, { retries: RETRY });
const now = () => performance.timeOrigin + performance.now();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");

let held;

const orders = {
  async ask({ brief }) {
    say({ queued: true });
    held = await acquire();
    const granted = now();
    if (brief) await held();
    say({ granted });
  },

  async release() {
    const released = now();
    await held();
    say({ released });
  },

  async loop({ startMs, endMs, holdMs: [from, to], record }) {
    const report = { count: 0, worstWaitMs: 0, errors: {}, grants: [] };
    while (now() < endMs) {
      const askedMs = now();
      const release = await acquire();
      const grantedMs = now();
      if (to > 0) await sleep(from + Math.random() * (to - from));
      const releasedMs = now();
      await release();
      const grant = { askedMs, queuedMs: null, grantedMs, releasedMs };
      if (record) report.grants.push(grant);
      if (grantedMs < startMs) continue;
      if (grantedMs < endMs) report.count++;
      report.worstWaitMs = Math.max(report.worstWaitMs, grantedMs - askedMs);
    }
    say({ loop: report });
  },

  /** So many pairs of acquire and release, for what one of them takes. */
  async repeat(times) {
    const start = performance.now();
    for (let done = 0; done < times; done++) await (await acquire())();
    say({ repeated: performance.now() - start });
  },
};

say({ ready: process.pid });
for await (const line of createInterface({ input: process.stdin })) {
  const [[name, argument]] = Object.entries(JSON.parse(line));
  orders[name](argument).catch((error) => say({ error: String(error) }));
}
process.exit();
