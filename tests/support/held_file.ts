/** Keeps everybody from a file until the end of its scope. */
export class HeldFile implements Disposable {
  readonly #file: Deno.FsFile;

  /** Waits for those who have it locked. */
  constructor(path: string) {
    this.#file = Deno.openSync(path);
    this.#file.lockSync(true);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
