import { HotlineError } from '../error.ts';
import type { Changes, SessionFile, SessionMessage, SessionStore } from './ports.ts';

interface Effect {
  readonly act: () => void;
  /** Instead, when the writes it rests on failed. */
  readonly refuse?: (error: HotlineError) => void;
}

/**
 * One step after the other, and nothing leaves before it is durable. A step is synchronous: it changes memory, names what
 * is to be written and what is to happen then. Steps that came meanwhile share one commit.
 *
 * When the store fails, memory is ahead of the disk and nobody knows by how much: the whole session refuses from then on,
 * and its host opens it anew from what is on the disk.
 */
export class Steps {
  readonly #store: SessionStore;
  readonly #waiting: (() => void)[] = [];
  #puts = new Map<string, Uint8Array | null>();
  #messages = new Map<string, SessionMessage>();
  #files = new Map<string, SessionFile>();
  #effects: Effect[] = [];
  #flushing: Promise<void> | null = null;
  #broken: HotlineError | null = null;

  constructor(store: SessionStore) {
    this.#store = store;
  }

  /** Why nothing goes on, or null. */
  get broken(): HotlineError | null {
    return this.#broken;
  }

  /**
   * Runs `step` after those before it and resolves with what it returns once its writes are durable. A step must check
   * before it changes anything: when it throws, what it has named so far is written nevertheless.
   */
  run<T>(step: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push(() => {
        if (this.#broken) return reject(this.#broken);
        let settle: () => void;
        try {
          const result = step();
          settle = () => resolve(result);
        } catch (error) {
          settle = () => reject(error);
        }
        this.#effects.push({ act: settle, refuse: reject });
      });
      this.#flushing ??= Promise.resolve().then(() => this.#flush());
    });
  }

  /** Within a step: to be written under `name`; null deletes. */
  put(name: string, bytes: Uint8Array | null): void {
    this.#puts.set(name, bytes);
  }

  /** Within a step: a message that is new or changed. */
  keep(message: SessionMessage): void {
    this.#messages.set(message.id, message);
  }

  keepFile(file: SessionFile): void {
    this.#files.set(file.id, file);
  }

  /** Within a step: happens when everything named so far is durable, in this order. */
  after(effect: () => void): void {
    this.#effects.push({ act: effect });
  }

  /** Resolves when no step is under way. */
  async idle(): Promise<void> {
    while (this.#flushing) await this.#flushing;
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      for (const step of this.#waiting.splice(0)) step();
      const changes: Changes = {
        puts: this.#puts,
        messages: [...this.#messages.values()],
        files: [...this.#files.values()],
      };
      const effects = this.#effects;
      this.#puts = new Map();
      this.#messages = new Map();
      this.#files = new Map();
      this.#effects = [];
      try {
        const { puts, messages, files } = changes;
        if (puts.size + messages.length + files.length > 0) await this.#store.commit(changes);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        this.#broken = new HotlineError('hotline/store', `what must be kept cannot be written: ${why}`, { cause });
        // Whoever waits hears of it by the promise; what was to leave does not.
        for (const { refuse } of effects) refuse?.(this.#broken);
        continue;
      }
      for (const { act } of effects) act();
    }
    this.#flushing = null;
  }
}
