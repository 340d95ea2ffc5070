/** What arrived and was not taken yet, for a line in memory. Never closed. */
export class Inbox {
  readonly #messages: Uint8Array[] = [];
  #wake: () => void = () => undefined;

  put(message: Uint8Array): void {
    this.#messages.push(message);
    this.#wake();
  }

  async take(): Promise<Uint8Array> {
    while (!this.#messages.length) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#messages.shift()!;
  }
}
