/**
 * Asking Deno what is allowed, so that nothing ever prompts: a library that stops a
 * server at a question nobody sees is worse than one that does without.
 *
 * @module
 */

/** Whether this is granted already, without asking anybody. */
export function isGranted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}

/** An environment variable; `undefined` if it is not set or may not be read. */
export function readEnv(variable: string): string | undefined {
  if (!isGranted({ name: "env", variable })) return undefined;
  return Deno.env.get(variable);
}

const said = new Set<string>();

/**
 * Says on standard error what a missing permission takes away; once a program, which
 * may make a pool for each of its requests.
 */
export function warnOnce(message: string): void {
  if (said.has(message)) return;
  said.add(message);
  console.warn(`reslock: ${message}`);
}
