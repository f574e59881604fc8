/** Prints of which kind the file system of the folder is that is named. */
import { readFileSystem } from "../../lib/os/file_system.ts";

console.log((await readFileSystem(Deno.args[0]))?.kind ?? "untold");
