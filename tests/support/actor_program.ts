/**
 * A program with one pool that does what it is told, one JSON command a line, several
 * at a time. `actor.ts` is the other end.
 *
 * @module
 */
import { type Lease, ResourcePool } from "../../mod.ts";
import type { Answer, Command } from "./actor.ts";
import { settle } from "./settled.ts";

settle();

const [path, lockTimeoutMs] = Deno.args;
const pool = new ResourcePool({
  ...(path !== "" && { path }),
  ...(lockTimeoutMs !== undefined && { lockTimeoutMs: Number(lockTimeoutMs) }),
});
const leases = new Map<string, Lease>();
const waits = new Map<string, AbortController>();

function say(answer: Answer): void {
  const bytes = new TextEncoder().encode(`${JSON.stringify(answer)}\n`);
  for (let done = 0; done < bytes.length;) {
    done += Deno.stdout.writeSync(bytes.subarray(done));
  }
}

function keep(name: string, lease: Lease, listen = false): unknown {
  leases.set(name, lease);
  if (listen) {
    for (const event of ["lost", "reclaim"] as const) {
      lease[event].addEventListener("abort", () => say({ event, name }));
    }
  }
  const { id, resources, waitSec } = lease;
  return { id, resources, waitSec };
}

async function obey(command: Command): Promise<unknown> {
  const { n } = command;
  switch (command.order) {
    case "acquire": {
      const { name, request, options } = command;
      const wait = new AbortController();
      waits.set(name, wait);
      const lease = await pool.acquire(request, {
        ...options,
        signal: wait.signal,
        onQueued: (place) => say({ n, queued: place }),
      });
      return keep(name, lease, options.listen);
    }
    case "tryAcquire": {
      const { name, request, options } = command;
      const lease = await pool.tryAcquire(request, options);
      return lease && keep(name, lease);
    }
    case "abort":
      return waits.get(command.name)!.abort(new Error("Called off"));
    case "release":
      return leases.get(command.name)!.release();
    case "guard": {
      const lease = leases.get(command.name)!;
      const [program, ...args] = await lease.guard(command.command);
      return (await new Deno.Command(program, { args }).spawn().status).code;
    }
    case "setResources":
      return pool.setResources(command.capacities);
    case "status":
      return pool.status();
    case "spawnSleeper":
      return new Deno.Command("sleep", {
        args: ["300"],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn().pid;
    case "close":
      return pool.close();
  }
}

async function answer(command: Command): Promise<void> {
  try {
    say({ n: command.n, value: await obey(command) ?? null });
  } catch (error) {
    const { name, message } = error as Error;
    say({ n: command.n, error: { name, message } });
  }
}

say({ event: "ready", name: String(Deno.pid) });
let rest = "";
const input = Deno.stdin.readable.pipeThrough(
  new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>,
);
for await (const chunk of input) {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop()!;
  for (const line of lines) void answer(JSON.parse(line));
}
