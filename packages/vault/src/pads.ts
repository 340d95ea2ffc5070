import type { SecretBytes } from '@skykey/bits';
import { VaultError } from './error.ts';
import { type Lanes, POINT_BYTES } from './lanes.ts';
import type { Range } from './types.ts';

/** Bytes of one pad, which hides one tag. The point before the first pad has as many. */
export const PAD_BYTES = 16;

/**
 * An authentication lane as Wegman–Carter key: 16 bytes of hash point, recycled, then pads of 16 bytes, each used once.
 * Pad `index` lies at byte 16 + 16·index of the lane.
 */
export class Pads {
  readonly #lanes: Lanes;
  readonly #lane: string;
  readonly #give: (secret: SecretBytes) => SecretBytes;

  constructor(lanes: Lanes, lane: string, give: (secret: SecretBytes) => SecretBytes) {
    this.#lanes = lanes;
    this.#lane = lane;
    this.#give = give;
  }

  /** The secret point of the polynomial hash. Throws `vault/missing` before the lane has its first 16 bytes. */
  async point(): Promise<SecretBytes> {
    return this.#give(await this.#lanes.point(this.#lane));
  }

  /** Where the hash point lies in the lane; undefined before the lane has one. */
  pointAt(): Promise<number | undefined> {
    return this.#lanes.pointAt(this.#lane);
  }

  /** Index of the first pad beyond every one touched on this side, whether it is there or not. */
  async next(): Promise<number> {
    return Math.max(0, Math.ceil(((await this.#lanes.cursor(this.#lane)) - POINT_BYTES) / PAD_BYTES));
  }

  /** Pads left beyond the last one touched. */
  left(): Promise<number> {
    return this.#lanes.freeUnits(this.#lane, PAD_BYTES);
  }

  /**
   * A copy of pad `index`, which stays unused: to check a tag that names it. Undefined when it was used here or is not
   * there.
   */
  async look(index: number): Promise<SecretBytes | undefined> {
    const pad = await this.#lanes.look(this.#range(index));
    return pad && this.#give(pad);
  }

  /** Pad `index`, marked used before it is returned. Throws `vault/taken` or `vault/missing`. */
  async use(index: number): Promise<SecretBytes> {
    return this.#give(await this.#lanes.takeFree(this.#range(index)));
  }

  /** The next pad and its index; gaps in the lane are passed over. Throws `vault/short` when none is left. */
  async useNext(): Promise<{ index: number; pad: SecretBytes }> {
    const index = await this.#nextFree();
    return { index, pad: await this.use(index) };
  }

  /** Sets the next pad aside for a tag that is made later, and returns its index. Throws `vault/short`. */
  async setAside(): Promise<number> {
    const index = await this.#nextFree();
    const { offset, bytes } = this.#range(index);
    await this.#lanes.reserveAt(this.#lane, bytes, [offset]);
    return index;
  }

  /** A pad that was set aside, marked used before it is returned. Throws `vault/taken` the second time. */
  async useSetAside(index: number): Promise<SecretBytes> {
    return this.#give(await this.#lanes.take(this.#range(index)));
  }

  async #nextFree(): Promise<number> {
    const at = await this.#lanes.firstFree(this.#lane, PAD_BYTES, PAD_BYTES);
    if (at === undefined) throw new VaultError('vault/short', `lane ${this.#lane} has no pad left for another tag`);
    return (at - POINT_BYTES) / PAD_BYTES;
  }

  #range(index: number): Range {
    if (!Number.isSafeInteger(index) || index < 0) {
      throw new VaultError('vault/argument', `a pad has a whole number from 0 on, not ${index}`);
    }
    return { lane: this.#lane, offset: POINT_BYTES + PAD_BYTES * index, bytes: PAD_BYTES };
  }
}
