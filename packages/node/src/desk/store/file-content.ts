import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SecretBytes } from '@skykey/bits';
import { NodeError } from '../../error.ts';
import { explained } from './refusal.ts';
import { contextOf, type RandomBytes, SEAL_BYTES, seal, unseal } from './seal.ts';

/** As the file lane cuts them (C2SP chunked-encryption), so that a chunk is written whole and once. */
export const CHUNK_BYTES = 16384;
const PLACE_BYTES = CHUNK_BYTES + SEAL_BYTES;
/** Without its name, which may say much. */
const WHAT = 'this file';

/**
 * The bytes of one file, in chunks of 16 KiB, the last one shorter; chunk k lies at k · 16,412, as nonce (12) ‖ ciphertext ‖
 * tag (16). Its number is bound into it, and whose it is by the key, which no other file has. A chunk may be written again.
 */
export class FileContent {
  readonly #file: FileHandle;
  readonly #key: SecretBytes;
  readonly #random: RandomBytes;

  /** Opens the file or makes it, and takes the key over. Throws NodeError. */
  static async open(path: string, key: SecretBytes, random: RandomBytes): Promise<FileContent> {
    try {
      return new FileContent(await openOrMake(path), key, random);
    } catch (error) {
      key.wipe();
      throw explained(error, WHAT);
    }
  }

  private constructor(file: FileHandle, key: SecretBytes, random: RandomBytes) {
    this.#file = file;
    this.#key = key;
    this.#random = random;
  }

  /** Not yet durable when it resolves: see `flush`. Throws NodeError `desk/disk-full` and the like. */
  async write(index: number, chunk: Uint8Array): Promise<void> {
    if (chunk.length > CHUNK_BYTES || !Number.isSafeInteger(index) || index < 0)
      throw new RangeError(`chunk ${index} of ${chunk.length} bytes: a chunk has at most ${CHUNK_BYTES}`);
    const sealed = seal(this.#key, this.#random, chunk, contextOf(index));
    await this.#attempt(async () => {
      for (let done = 0; done < sealed.length; ) {
        const { bytesWritten } = await this.#file.write(sealed, done, sealed.length - done, index * PLACE_BYTES + done);
        done += bytesWritten;
      }
    });
  }

  /** Everything written is durable when it resolves. When it rejects, what was written since the last time counts as lost. */
  async flush(): Promise<void> {
    await this.#attempt(() => this.#file.sync());
  }

  /** Chunk `index`, of `length` bytes. Throws NodeError `desk/file-damaged` when it is not what was written. */
  async read(index: number, length: number): Promise<Uint8Array> {
    const sealed = Buffer.alloc(length + SEAL_BYTES);
    const { bytesRead } = await this.#attempt(() => this.#file.read(sealed, 0, sealed.length, index * PLACE_BYTES));
    const chunk = bytesRead === sealed.length ? unseal(this.#key, sealed, contextOf(index)) : undefined;
    if (!chunk)
      throw new NodeError(
        'desk/file-damaged',
        `${WHAT} is damaged on the disk, from byte ${index * CHUNK_BYTES} on: ask the other side to send it again`,
      );
    return chunk;
  }

  /** The `bytes` bytes of the file, chunk by chunk. Throws as `read` does, before it gives a byte that was not written. */
  async *stream(bytes: number): AsyncGenerator<Uint8Array> {
    for (let from = 0; from < bytes; from += CHUNK_BYTES) {
      yield await this.read(from / CHUNK_BYTES, Math.min(CHUNK_BYTES, bytes - from));
    }
  }

  async close(): Promise<void> {
    this.#key.wipe();
    await this.#file.close();
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw explained(error, WHAT);
    }
  }
}

async function openOrMake(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const file = await open(path, 'wx+', 0o600);
    // So that a file that was flushed is still there after a power cut.
    const folder = await open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
    return file;
  }
}
