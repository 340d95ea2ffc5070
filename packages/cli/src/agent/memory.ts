/** What an agent must still know after it was killed: since when its tunnel has its key. No key, and nothing of one. */
import { readFileSync, rmSync } from 'node:fs';
import { z } from 'zod';
import { writeDurably } from '../distill/durable.ts';
import { CliError } from '../error.ts';

const schema = z.strictObject({
  format: z.literal('skykey-agent-memory/1'),
  tunnel: z.string(),
  keyId: z.string(),
  sinceMs: z.number(),
});

export interface Held {
  readonly keyId: string;
  /** When the key was asked for, ms since 1970. */
  readonly sinceMs: number;
}

/** Without a file nothing is remembered, and every start begins with a closed tunnel. */
export class Memory {
  readonly #file: string | undefined;
  readonly #tunnel: string;

  constructor(file: string | undefined, tunnel: string) {
    this.#file = file;
    this.#tunnel = tunnel;
  }

  /** Null when there is nothing that can be relied on. */
  recall(): Held | null {
    if (this.#file === undefined) return null;
    try {
      const { tunnel, keyId, sinceMs } = schema.parse(JSON.parse(readFileSync(this.#file, 'utf8')));
      return tunnel === this.#tunnel ? { keyId, sinceMs } : null;
    } catch {
      return null;
    }
  }

  /** @throws CliError `agent/configuration` */
  remember(held: Held): void {
    if (this.#file === undefined) return;
    this.#write(() =>
      writeDurably(
        this.#file!,
        Buffer.from(JSON.stringify({ format: 'skykey-agent-memory/1', tunnel: this.#tunnel, ...held })),
      ),
    );
  }

  forget(): void {
    if (this.#file !== undefined) this.#write(() => rmSync(this.#file!, { force: true }));
  }

  #write(write: () => void): void {
    try {
      write();
    } catch (cause) {
      const why = (cause as Error).message;
      throw new CliError('agent/configuration', `the memory ${this.#file} cannot be written: ${why}`, { cause });
    }
  }
}
