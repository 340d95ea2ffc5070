import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DeskFile } from '@skykey/telemetry';
import { FileContent } from './file-content.ts';
import type { RandomBytes } from './seal.ts';
import type { Kept, Shelf } from './shelf.ts';

/** A file as a desk keeps it. */
export interface KeptFile {
  readonly file: DeskFile;
  /** What its receiver or sender needs to go on after a restart; theirs to read. */
  readonly progress: Uint8Array;
}

/** Files that came or go: what is known of them in rows, their bytes in a folder under names that say nothing. */
export class Files {
  readonly #shelf: Shelf;
  readonly #folder: string;
  readonly #random: RandomBytes;

  constructor(shelf: Shelf, folder: string, random: RandomBytes) {
    this.#shelf = shelf;
    this.#folder = folder;
    this.#random = random;
  }

  /** Newest first; one that cannot be read any more is left out. */
  list(): KeptFile[] {
    return this.#shelf.before(Number.MAX_SAFE_INTEGER, -1).flatMap((kept) => fileIn(kept) ?? []);
  }

  find(id: string): KeptFile | undefined {
    const kept = this.#shelf.find(id);
    return kept && fileIn(kept);
  }

  /** The bytes of a file that is kept, to be closed by whoever asks. Throws NodeError when it is not here any more. */
  async content(id: string): Promise<FileContent> {
    const key = this.#shelf.contentKey(id);
    return FileContent.open(join(this.#folder, this.nameOf(id)), key, this.#random);
  }

  /** Inside a transaction. */
  put({ file, progress }: KeptFile): void {
    const json = Buffer.from(JSON.stringify(file));
    const content = Buffer.alloc(4 + json.length + progress.length);
    content.writeUInt32BE(json.length);
    content.set(json, 4);
    content.set(progress, 4 + json.length);
    this.#shelf.put(file.id, content);
    content.fill(0);
    json.fill(0);
  }

  /** Inside a transaction; `drop` takes the bytes away, afterwards. */
  remove(id: string): void {
    this.#shelf.remove(id);
  }

  /** Inside a transaction, as `remove`: everything of the days before `day`. Returns the names of the bytes. */
  removeBefore(day: number): string[] {
    return this.#shelf.removeBefore(day);
  }

  /** The name under which the bytes of a file lie. */
  nameOf(id: string): string {
    return this.#shelf.nameOf(id);
  }

  /** Takes the bytes of these names away. What cannot be taken away is swept up at the next start. */
  drop(names: Iterable<string>): void {
    for (const name of names) {
      try {
        rmSync(join(this.#folder, name), { force: true });
      } catch {
        // That its row is gone is durable: this is no reason to say that it is not.
      }
    }
  }

  /** Takes the bytes of files away that are not kept. */
  sweep(): void {
    const kept = this.#shelf.names();
    this.drop(readdirSync(this.#folder).filter((name) => /^[0-9a-f]{32}$/.test(name) && !kept.has(name)));
  }
}

function fileIn({ content }: Kept): KeptFile | undefined {
  if (!content) return undefined;
  const whole = Buffer.from(content.buffer, content.byteOffset, content.length);
  const end = 4 + whole.readUInt32BE();
  return {
    file: JSON.parse(whole.subarray(4, end).toString()) as DeskFile,
    progress: new Uint8Array(whole.subarray(end)),
  };
}
