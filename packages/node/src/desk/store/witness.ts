import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { explained } from './refusal.ts';

const MAGIC = Buffer.from('SKYKEY WITNESS 1');
const ID_AT = 16;
const GENERATION_AT = 32;
const CHECK_AT = 40;
const SLOT_BYTES = 64;
/** The two slots are in blocks of their own: a write that is torn spoils one. */
const SLOT_SPACING = 4096;

/**
 * Remembers, outside of a store, how far the store had come: "generation g of store S". A store that says less than its
 * witness was put back from an old copy. To be kept where the store's copies do not come from: another folder at least,
 * another disk at best.
 *
 * The file: two slots, 4096 bytes apart, written in turn: "SKYKEY WITNESS 1" ‖ store id (16) ‖ generation (8, big-endian) ‖
 * check (16, first half of SHA-256 over what is before it).
 */
export class Witness {
  readonly #path: string;
  readonly #file: FileHandle;

  /** Opens the file or makes an empty one. Throws NodeError. */
  static async open(path: string): Promise<Witness> {
    try {
      let file: FileHandle;
      try {
        file = await open(path, 'r+');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        file = await open(path, 'wx+', 0o600);
        // Its whole length now, so that a disk that fills up later does not stop it.
        await file.write(Buffer.alloc(SLOT_SPACING + SLOT_BYTES), 0, SLOT_SPACING + SLOT_BYTES, 0);
        await file.sync();
        const folder = await open(dirname(path), 'r');
        await folder.sync().finally(() => folder.close());
      }
      return new Witness(path, file);
    } catch (error) {
      throw explained(error, `the witness ${path}`);
    }
  }

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** What it has seen; `nothing` when it is new, `unreadable` when both slots are damaged. */
  async seen(): Promise<{ readonly storeId: Uint8Array; readonly generation: number } | 'nothing' | 'unreadable'> {
    try {
      const slots: Buffer[] = [];
      for (const at of [0, SLOT_SPACING]) {
        const slot = Buffer.alloc(SLOT_BYTES);
        await this.#file.read(slot, 0, SLOT_BYTES, at);
        slots.push(slot);
      }
      const [newest] = slots.filter(isWhole).sort((a, b) => generationOf(b) - generationOf(a));
      if (newest)
        return { storeId: new Uint8Array(newest.subarray(ID_AT, GENERATION_AT)), generation: generationOf(newest) };
      return slots.every((slot) => slot.every((byte) => byte === 0)) ? 'nothing' : 'unreadable';
    } catch (error) {
      throw explained(error, `the witness ${this.#path}`);
    }
  }

  /** Durable when it resolves. */
  async see(storeId: Uint8Array, generation: number): Promise<void> {
    const slot = Buffer.alloc(SLOT_BYTES);
    slot.set(MAGIC);
    slot.set(storeId, ID_AT);
    slot.writeBigUInt64BE(BigInt(generation), GENERATION_AT);
    slot.set(checkOf(slot), CHECK_AT);
    try {
      await this.#file.write(slot, 0, SLOT_BYTES, (generation % 2) * SLOT_SPACING);
      await this.#file.datasync();
    } catch (error) {
      throw explained(error, `the witness ${this.#path}`);
    }
  }

  /** Of another store than before: what it saw of that one is forgotten. */
  async begin(storeId: Uint8Array, generation: number): Promise<void> {
    await this.see(storeId, generation);
    try {
      await this.#file.write(Buffer.alloc(SLOT_BYTES), 0, SLOT_BYTES, ((generation + 1) % 2) * SLOT_SPACING);
      await this.#file.datasync();
    } catch (error) {
      throw explained(error, `the witness ${this.#path}`);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

const isWhole = (slot: Buffer): boolean =>
  slot.subarray(0, MAGIC.length).equals(MAGIC) && checkOf(slot).equals(slot.subarray(CHECK_AT, CHECK_AT + 16));

const generationOf = (slot: Buffer): number => Number(slot.readBigUInt64BE(GENERATION_AT));

const checkOf = (slot: Buffer): Buffer =>
  createHash('sha256').update(slot.subarray(0, CHECK_AT)).digest().subarray(0, 16);
