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
