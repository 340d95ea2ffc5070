import type { Bytes, MediaMessage } from '@skykey/hotline/media';
import { base64Bytes } from './base64.ts';
import type { LeasePad } from './contract.ts';

/** A second of one-time pad for the media room, in the worker's memory alone. */
export type PadMessage = Extract<MediaMessage, { kind: 'pad' }>;

/** The pads of a call whose voice goes by one-time pad: what the site gives is put to use at once, each once. */
export class PadIntake {
  /** Of what is sent, by block. */
  readonly #ids = new Map<number, string>();

  /** Takes an answer of the site; what is no pad is left out, and the site hears that it is not there. */
  after(pads: readonly LeasePad[]): readonly PadMessage[] {
    return pads.flatMap(({ padId, block, use, bytes }) => {
      const pad: Bytes | null = base64Bytes(bytes);
      if (pad === null) return [];
      if (use === 'send') this.#ids.set(block, padId);
      return [{ kind: 'pad', use: use === 'send' ? 'seal' : 'open', block, bytes: pad } as const];
    });
  }

  /** Ids of the pads of `blocks`, which are those that are not used up; the others are forgotten. */
  have(blocks: readonly number[]): readonly string[] {
    for (const block of this.#ids.keys()) if (!blocks.includes(block)) this.#ids.delete(block);
    return [...this.#ids.values()];
  }
}
