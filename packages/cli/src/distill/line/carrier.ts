/** One connection to the other party, whatever it is made of: whole frames, in order, while it lasts. */
export interface Carrier {
  /** Never throws: what cannot be sent any more is sent again on the next connection. The bytes are taken as they are now. */
  send(frame: Uint8Array): void;
  /** The next frame. Rejects with an Error that says why there will be none. */
  receive(): Promise<Uint8Array>;
  /** Longest frame accepted from now on, bytes. */
  accept(longest: number): void;
  /** Lets what was sent leave, and ends. */
  close(): void;
}

/** Frames of the greeting are short: whoever has not proved who he is gets no more room than this. */
export const GREETING_BYTES = 512;
/** Longest message of a session and its head; the longest honest one has 6.3 MB. */
export const FRAME_BYTES = 16 * 2 ** 20;

/**
 * Whoever waits for the next frame: one at a time. A carrier reads a frame only then, so that how much room a frame is given
 * is decided when all before it are known.
 */
export class Waiter {
  #waiting: { resolve: (frame: Uint8Array) => void; reject: (error: Error) => void } | undefined;
  #ended: Error | undefined;

  get waiting(): boolean {
    return this.#waiting !== undefined;
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  wait(): Promise<Uint8Array> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  give(frame: Uint8Array): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(frame);
  }

  end(error: Error): void {
    this.#ended ??= error;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(this.#ended);
  }
}
