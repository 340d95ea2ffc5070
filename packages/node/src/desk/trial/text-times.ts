/** How long words take from a person's page to the other's, and whether all of them come. */
import type { DeskMessage, Sealing } from '@skykey/telemetry';
import { NodeError } from '../../error.ts';
import type { DeskClient } from '../desk-client.ts';

const PATIENCE_MS = 30_000;

/** What the page of one desk is told of texts that the other side sent, and when. */
export class Ear {
  readonly #ending = new AbortController();
  readonly #heardMs = new Map<string, number>();
  readonly #waiting = new Map<string, (heardMs: number) => void>();
  readonly #following: Promise<void>;
  #listening!: () => void;
  /** Resolves when the desk has told its state: from then on nothing is missed. */
  readonly listening: Promise<void> = new Promise((resolve) => {
    this.#listening = resolve;
  });
  /** Times that a text was told though it had been before. */
  again = 0;

  constructor(client: DeskClient) {
    this.#following = client
      .follow((event, data) => {
        this.#listening();
        const message = data as DeskMessage;
        if (event !== 'message' || message.direction !== 'received') return;
        const nowMs = performance.now();
        if (this.#heardMs.has(message.text)) this.again++;
        this.#heardMs.set(message.text, nowMs);
        this.#waiting.get(message.text)?.(nowMs);
        this.#waiting.delete(message.text);
      }, this.#ending.signal)
      .catch(() => undefined);
  }

  /** When this text came, by performance.now. Rejects when it does not within half a minute. */
  heard(text: string): Promise<number> {
    const heardMs = this.#heardMs.get(text);
    if (heardMs !== undefined) return Promise.resolve(heardMs);
    return new Promise((resolve, reject) => {
      const lost = (): void => reject(new NodeError('node/trial', 'a text did not come within half a minute'));
      const timer = setTimeout(lost, PATIENCE_MS);
      this.#waiting.set(text, (atMs) => {
        clearTimeout(timer);
        resolve(atMs);
      });
    });
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#following;
  }
}

/** Says `count` texts, one when the one before has come; milliseconds from the request until the other page was told. */
export async function textTimes(
  from: DeskClient,
  to: Ear,
  { count, sealing, mark }: { readonly count: number; readonly sealing: Sealing; readonly mark: string },
): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const text = `${mark} ${sealing} ${i}: a line as people write it, neither long nor short`;
    const startMs = performance.now();
    await from.say(text, sealing);
    times.push((await to.heard(text)) - startMs);
  }
  return times;
}
