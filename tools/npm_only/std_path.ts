/**
 * `@std/path` where JSR cannot be reached: `node:path` and `node:url`. Every
 * module of the original is mapped to this one file.
 *
 * @module
 */
export {
  basename,
  dirname,
  extname,
  isAbsolute,
  join,
  normalize,
  relative,
  resolve,
  sep as SEPARATOR,
} from "node:path";
export {
  fileURLToPath as fromFileUrl,
  pathToFileURL as toFileUrl,
} from "node:url";
