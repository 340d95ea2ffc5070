/** Contents of files at a desk, sealed in its store, for the hotline's session. */
import { createHash } from 'node:crypto';
import { type FileHashes, type FileShelf, FirstPass, HotlineError } from '@skykey/hotline';
import { NodeError } from '../error.ts';
import type { DeskStore } from './store/index.ts';
import { CHUNK_BYTES, type FileContent } from './store/index.ts';

/** Files that are held open at once; a file that is asked for again is opened again. */
const MAX_OPEN = 8;

export class StoreShelf implements FileShelf {
  readonly #store: DeskStore;
  /** In the order of their last use. */
  readonly #open = new Map<string, Promise<FileContent>>();
  /** How long each file is. */
  readonly #bytesOf: (fileId: string) => number;

  constructor(store: DeskStore, bytesOf: (fileId: string) => number) {
    this.#store = store;
    this.#bytesOf = bytesOf;
  }

  async read(fileId: string, offset: number, bytes: number): Promise<{ plaintext: Uint8Array; fileBytes: number }> {
    const content = await this.#content(fileId);
    return { plaintext: await content.read(offset / CHUNK_BYTES, bytes), fileBytes: this.#bytesOf(fileId) };
  }

  async write(fileId: string, offset: number, plaintext: Uint8Array): Promise<void> {
    try {
      const content = await this.#content(fileId);
      await content.write(offset / CHUNK_BYTES, plaintext);
      await this.#flush(fileId, content);
    } catch (error) {
      if (!(error instanceof NodeError) || error.code !== 'desk/disk-full') throw error;
      throw new HotlineError('hotline/no-room', error.message, { cause: error });
    }
  }

  async digest(fileId: string, bytes: number): Promise<Uint8Array> {
    const hash = createHash('sha256');
    for await (const chunk of (await this.#content(fileId)).stream(bytes)) {
      hash.update(chunk);
      chunk.fill(0);
    }
    return new Uint8Array(hash.digest());
  }

  async hashes(fileId: string): Promise<FileHashes> {
    const bytes = this.#bytesOf(fileId);
    const pass = new FirstPass(bytes);
    for await (const chunk of (await this.#content(fileId)).stream(bytes)) {
      pass.add(chunk);
      chunk.fill(0);
    }
    return pass.finish();
  }

  /** Takes a file in, piece by piece, before it is offered. Rejects with NodeError when it is not as long as it said. */
  async takeIn(fileId: string, bytes: number, pieces: AsyncIterable<Uint8Array>): Promise<FileHashes> {
    const pass = new FirstPass(bytes);
    const content = await this.#content(fileId);
    const chunk = new Uint8Array(CHUNK_BYTES);
    let filled = 0;
    let index = 0;
    let taken = 0;
    for await (const piece of pieces) {
      taken += piece.length;
      if (taken > bytes) break;
      pass.add(piece);
      for (let at = 0; at < piece.length; ) {
        const part = piece.subarray(at, at + CHUNK_BYTES - filled);
        chunk.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled < CHUNK_BYTES) continue;
        await content.write(index++, chunk);
        filled = 0;
      }
    }
    if (taken !== bytes) {
      throw new NodeError(
        'desk/file-changed',
        'the file changed while it was read, or the browser gave up: nothing of it was sent; choose it again',
      );
    }
    // The last chunk is always shorter, and may be empty (C2SP chunked-encryption).
    await content.write(index, chunk.subarray(0, filled));
    chunk.fill(0);
    await content.flush();
    return pass.finish();
  }

  stream(fileId: string): AsyncIterable<Uint8Array> {
    return this.#stream(fileId, this.#bytesOf(fileId));
  }

  async deliver(fileId: string): Promise<void> {
    await (await this.#content(fileId)).flush();
  }

  async discard(fileId: string): Promise<void> {
    await this.#close(fileId);
    this.#store.files.drop([this.#store.files.nameOf(fileId)]);
  }

  async close(): Promise<void> {
    for (const fileId of [...this.#open.keys()]) await this.#close(fileId);
  }

  async *#stream(fileId: string, bytes: number): AsyncGenerator<Uint8Array> {
    yield* (await this.#content(fileId)).stream(bytes);
  }

  /** Writes that come together share one flush. */
  readonly #flushing = new Map<string, { running: Promise<void>; next: Promise<void> | null }>();

  async #flush(fileId: string, content: FileContent): Promise<void> {
    const known = this.#flushing.get(fileId);
    if (!known) {
      const running = content.flush().finally(() => this.#flushing.delete(fileId));
      this.#flushing.set(fileId, { running, next: null });
      return running;
    }
    // What was written since the running one began is not in it.
    known.next ??= known.running.then(
      () => this.#flush(fileId, content),
      () => this.#flush(fileId, content),
    );
    return known.next;
  }

  async #content(fileId: string): Promise<FileContent> {
    const known = this.#open.get(fileId);
    this.#open.delete(fileId);
    const content = known ?? this.#store.files.content(fileId);
    this.#open.set(fileId, content);
    content.catch(() => this.#open.delete(fileId));
    const [oldest] = this.#open.keys();
    if (this.#open.size > MAX_OPEN && oldest !== fileId && !this.#flushing.has(oldest!)) void this.#close(oldest!);
    return content;
  }

  async #close(fileId: string): Promise<void> {
    const content = this.#open.get(fileId);
    this.#open.delete(fileId);
    await (await content?.catch(() => undefined))?.close();
  }
}
