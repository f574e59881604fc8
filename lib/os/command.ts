/**
 * Running a tool of the system to be told something.
 *
 * Invariants:
 * (1) No shell, no input, the language is C: the same words on every machine.
 * (2) Every run ends, in a bounded time and with a bounded output, even if the tool
 *     cannot be killed or leaves children that hold its output open.
 * (3) Nothing prompts: what is not granted is not run.
 *
 * @module
 */
import { isGranted } from "./permissions.ts";

/** How a run ended. */
export type ToolResult =
  | {
    readonly kind: "ended";
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
  }
  /** It is not installed. */
  | { readonly kind: "missing" }
  /** It may not be run. Deno tells the same where it is not installed. */
  | { readonly kind: "denied" }
  /** It did not end in time and was killed. */
  | { readonly kind: "late"; readonly timeoutMs: number }
  /** It wrote too much and was killed. */
  | { readonly kind: "flooded"; readonly maxBytes: number }
  /** It is there, but the system cannot start it. */
  | { readonly kind: "unusable"; readonly reason: string };

/** Bounds of a run. */
export interface ToolOptions {
  /** The longest it may take, in milliseconds. @default {10_000} */
  readonly timeoutMs?: number;
  /** The most it may write, in bytes, to each of its two outputs. @default {4_194_304} */
  readonly maxBytes?: number;
  /** Calls it off: it is killed, and counts as late. */
  readonly signal?: AbortSignal;
}

/** Runs tools; tests put recorded answers in its place. */
export interface ToolRunner {
  run(
    tool: string,
    args: readonly string[],
    options?: ToolOptions,
  ): Promise<ToolResult>;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_BYTES = 4 * 1024 * 1024;
/** How long a killed tool is waited for; one in a driver call may never go. */
const KILLED_WAIT_MS = 500;

type Reader = ReadableStreamDefaultReader<Uint8Array>;

function spawn(tool: string, args: readonly string[]): Deno.ChildProcess {
  const options: Deno.CommandOptions = {
    args: [...args],
    env: { LC_ALL: "C" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  };
  try {
    return new Deno.Command(tool, options).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    // Where only some tools are allowed, Deno refuses to hand LD_LIBRARY_PATH and
    // its like on to them. CUDA machines often set it; few tools need it.
    return new Deno.Command(tool, { ...options, clearEnv: true }).spawn();
  }
}

function whyNotStarted(error: unknown): ToolResult {
  if (error instanceof Deno.errors.NotFound) return { kind: "missing" };
  if (error instanceof Deno.errors.NotCapable) return { kind: "denied" };
  const reason = error instanceof Error ? error.message : String(error);
  return { kind: "unusable", reason };
}

/** Reads to the end; calls `flood` and stops when there is too much. */
async function readText(
  reader: Reader,
  maxBytes: number,
  flood: () => void,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.length;
    if (length > maxBytes) {
      flood();
      return "";
    }
    text += decoder.decode(value, { stream: true });
  }
}

async function stop(
  child: Deno.ChildProcess,
  readers: readonly Reader[],
): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It ended by itself a moment ago.
  }
  // Its children may hold the output open: reading to the end could take for ever.
  for (const reader of readers) await reader.cancel();
  const wait = Promise.withResolvers<void>();
  const timer = setTimeout(wait.resolve, KILLED_WAIT_MS);
  await Promise.race([child.status, wait.promise]);
  clearTimeout(timer);
  child.unref();
}

async function run(
  tool: string,
  args: readonly string[],
  { timeoutMs = DEFAULT_TIMEOUT_MS, maxBytes = DEFAULT_MAX_BYTES, signal }:
    ToolOptions = {},
): Promise<ToolResult> {
  if (!isGranted({ name: "run", command: tool })) return { kind: "denied" };
  let child: Deno.ChildProcess;
  try {
    child = spawn(tool, args);
  } catch (error) {
    return whyNotStarted(error);
  }
  const tooMuch = Promise.withResolvers<ToolResult>();
  const tooLate = () => tooMuch.resolve({ kind: "late", timeoutMs });
  const timer = setTimeout(tooLate, timeoutMs);
  signal?.addEventListener("abort", tooLate);
  if (signal?.aborted) tooLate();
  const flood = () => tooMuch.resolve({ kind: "flooded", maxBytes });
  const readers = [child.stdout.getReader(), child.stderr.getReader()];
  const ended = Promise.all([
    child.status,
    ...readers.map((reader) => readText(reader, maxBytes, flood)),
  ]).then(([{ code }, stdout, stderr]): ToolResult => ({
    kind: "ended",
    code,
    stdout,
    stderr,
  }));
  const result = await Promise.race([tooMuch.promise, ended]);
  clearTimeout(timer);
  signal?.removeEventListener("abort", tooLate);
  if (result.kind !== "ended") await stop(child, readers);
  return result;
}

/** The tools of this machine. */
export const systemTools: ToolRunner = { run };

/** The same tools until a signal calls off what they do. */
export function toolsUntil(signal: AbortSignal): ToolRunner {
  return {
    run: (tool, args, options) => run(tool, args, { ...options, signal }),
  };
}
