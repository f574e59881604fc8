/**
 * Calling programs that may not be there.
 *
 * @module
 */

/** What a program prints; undefined if it is not there or fails. */
export async function quietOutput(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(program, {
      args: [...args],
      env,
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Calls a program that has to succeed; returns what it prints. */
export async function call(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    env,
  }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new Error(
    `Cannot go on as "${program} ${args.join(" ")}" failed: ${
      decoder.decode(stderr).trim()
    }`,
  );
}

/** Ends a process that was told to, if need be by force. */
export async function reap(
  child: Deno.ChildProcess,
  graceMs: number,
): Promise<void> {
  const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
  try {
    await child.status;
  } finally {
    clearTimeout(timer);
  }
}
