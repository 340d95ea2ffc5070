import { createHash } from 'node:crypto';
import type { Lease } from '../../session/calls.ts';
import type { Changes } from '../../session/ports.ts';
import { type DeskId, other, type World } from '../world.ts';

/**
 * Everything that may be used once, and what it was used for: keys of records, which are named by epoch, lane, direction
 * and counter and have one nonce each; keys of one-time pads, by their ids; base keys that a page sends media with.
 */
export class UsedOnce {
  readonly #records = new Map<string, string>();
  readonly #pads = new Map<string, string>();
  readonly #media = new Map<string, string>();
  readonly #twice: string[] = [];

  constructor(world: World) {
    world.onCommit = (id, changes) => this.#keeps(id, changes);
  }

  /** What was used twice, as sentences. */
  get findings(): readonly string[] {
    return this.#twice;
  }

  get counts(): { readonly records: number; readonly padKeys: number; readonly mediaKeys: number } {
    return { records: this.#records.size, padKeys: this.#pads.size, mediaKeys: this.#media.size };
  }

  /** Takes what was put on the line since the last look. */
  look(wire: World['wire']): void {
    for (const { bytes } of wire.splice(0)) {
      if (bytes[5] !== 2) continue;
      // Up to the commitment, which belongs to the key.
      const name = Buffer.from(bytes.subarray(0, 32)).toString('hex');
      const sealed = createHash('sha256').update(bytes.subarray(32)).digest('base64');
      if (this.#isOther(this.#records, name, sealed)) this.#twice.push(`two records went out under one key: ${name}`);
    }
  }

  /** A page was handed keys. Those to send with are given once, whatever became of the page or the desk. */
  leased(id: DeskId, { keys }: Lease): void {
    for (const { baseKey, use, keyId } of keys) {
      if (use !== 'send') continue;
      const name = createHash('sha256').update(baseKey).digest('hex');
      if (this.#media.has(name)) this.#twice.push(`a key to send media with was handed out twice: ${keyId} at ${id}`);
      this.#media.set(name, keyId);
    }
  }

  /** A text names the keys of its pad, at the desk that sealed it and at the desk that opened it. */
  #keeps(id: DeskId, { messages }: Changes): void {
    for (const { direction, number, text, keyIds } of messages) {
      const writer = direction === 'sent' ? id : other(id);
      for (const keyId of keyIds) {
        if (this.#isOther(this.#pads, keyId, `${writer}/${number}/${text}`)) {
          this.#twice.push(`two texts were sealed with the pad of key ${keyId}`);
        }
      }
    }
  }

  #isOther(uses: Map<string, string>, name: string, use: string): boolean {
    const known = uses.get(name);
    uses.set(name, known ?? use);
    return known !== undefined && known !== use;
  }
}
