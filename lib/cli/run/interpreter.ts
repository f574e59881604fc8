/**
 * What the system starts in the place of an executable file: the interpreter of a
 * script, the loader of a program. Where that is missing the file cannot be run, and
 * the system says of the file itself that it is not there.
 *
 * @module
 */

/** So much of a file has to be read: programs name their loader near their start. */
export const START_BYTES = 4096;

const ELF_MAGIC = 0x7f454c46;
const ELF_64_BIT_LITTLE_ENDIAN = 0x0201;
const PROGRAM_INTERPRETER = 3;

/**
 * The path that a file names as its interpreter or loader; `undefined` if it names
 * none, or in a way that is not known here.
 *
 * @param start the first bytes of the file
 */
export function interpreterOf(start: Uint8Array): string | undefined {
  return scriptInterpreter(start) ?? programLoader(start);
}

function scriptInterpreter(start: Uint8Array): string | undefined {
  // A carriage return belongs to the name, as the system has it.
  const line = /^#![ \t]*([^ \t\n\0]+)/.exec(new TextDecoder().decode(start));
  return line?.[1];
}

/** Reads the headers of a 64-bit ELF file as `elf(5)` has them. */
function programLoader(start: Uint8Array): string | undefined {
  const view = new DataView(start.buffer, start.byteOffset, start.length);
  try {
    if (view.getUint32(0) !== ELF_MAGIC) return undefined;
    if (view.getUint16(4) !== ELF_64_BIT_LITTLE_ENDIAN) return undefined;
    const headers = Number(view.getBigUint64(32, true));
    const size = view.getUint16(54, true);
    const count = view.getUint16(56, true);
    for (let i = 0; i < count; i++) {
      const header = headers + i * size;
      if (view.getUint32(header, true) !== PROGRAM_INTERPRETER) continue;
      const at = Number(view.getBigUint64(header + 8, true));
      const length = Number(view.getBigUint64(header + 32, true));
      if (at + length > start.length) return undefined;
      // Without the zero at its end.
      return new TextDecoder().decode(start.subarray(at, at + length - 1));
    }
  } catch (error) {
    // It ends before its headers do: the system decides then.
    if (!(error instanceof RangeError)) throw error;
  }
  return undefined;
}
