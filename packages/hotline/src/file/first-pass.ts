import { createHash, type Hash } from 'node:crypto';
import { HotlineError } from '../error.ts';
import { CHUNK_BYTES, chunkCount } from './chunked.ts';

/** The largest file that a desk offers: its length has four bytes, and its hashes of chunks have 8 MiB at most. */
export const MAX_FILE_BYTES = 2 ** 32 - 1;
const HASH_BYTES = 32;

/** What the first pass found: enough to know later whether a chunk still is what it was. */
export interface FileHashes {
  readonly bytes: number;
  /** SHA-256 of the plaintext. */
  readonly sha256: Uint8Array;
  /** Whether `plaintext` is what chunk `index` held during the first pass. */
  matches(index: number, plaintext: Uint8Array): boolean;
}

/**
 * Reads a file once, before it is offered: its hash, and the SHA-256 of each chunk. Sending reads the file again, chunk
 * by chunk, and seals only what matches. So a file that changes meanwhile is noticed before anything of it has left, and
 * no two plaintexts are ever sealed under one nonce. Hashes are whole: whoever can write the file while it is sent could
 * look for two chunks with one truncated hash.
 */
export class FirstPass {
  readonly #bytes: number;
  readonly #whole: Hash = createHash('sha256');
  #chunk: Hash = createHash('sha256');
  readonly #hashes: Uint8Array;
  #read = 0;

  /** `bytes` is the length of the file as the disk says. Throws HotlineError `hotline/too-long`. */
  constructor(bytes: number) {
    refuseFileLength(bytes);
    this.#bytes = bytes;
    this.#hashes = new Uint8Array(chunkCount(bytes) * HASH_BYTES);
  }

  /** The next piece of the file, of any size. */
  add(piece: Uint8Array): void {
    if (this.#read + piece.length > this.#bytes) throw changedMeanwhile();
    this.#whole.update(piece);
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + CHUNK_BYTES - (this.#read % CHUNK_BYTES));
      this.#chunk.update(part);
      this.#read += part.length;
      at += part.length;
      if (this.#read % CHUNK_BYTES === 0) this.#keep(this.#read / CHUNK_BYTES - 1);
    }
  }

  /** After the last piece. Throws HotlineError `hotline/bad-argument` when the file was shorter than it said. */
  finish(): FileHashes {
    if (this.#read !== this.#bytes) throw changedMeanwhile();
    this.#keep(chunkCount(this.#bytes) - 1);
    const hashes = this.#hashes;
    return {
      bytes: this.#bytes,
      sha256: new Uint8Array(this.#whole.digest()),
      matches: (index, plaintext) => {
        const found = createHash('sha256').update(plaintext).digest();
        const from = index * HASH_BYTES;
        return from + HASH_BYTES <= hashes.length && found.equals(hashes.subarray(from, from + HASH_BYTES));
      },
    };
  }

  #keep(index: number): void {
    this.#hashes.set(this.#chunk.digest(), index * HASH_BYTES);
    this.#chunk = createHash('sha256');
  }
}

/** Throws HotlineError for lengths that no file here has. */
export function refuseFileLength(bytes: number): void {
  if (!(Number.isInteger(bytes) && bytes >= 0)) {
    throw new HotlineError('hotline/bad-argument', `a file cannot have ${bytes} bytes`);
  }
  if (bytes > MAX_FILE_BYTES) {
    throw new HotlineError(
      'hotline/too-long',
      `the file has ${bytes} bytes, and this desk sends at most ${MAX_FILE_BYTES} (4 GiB - 1): split it and send the parts`,
    );
  }
}

function changedMeanwhile(): HotlineError {
  return new HotlineError(
    'hotline/bad-argument',
    'the file changed while it was being read: wait until nothing writes to it, then offer it again',
  );
}
