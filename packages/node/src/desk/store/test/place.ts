/** A folder of its own for each test, and things to keep in it. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { DeskFile, DeskMessage } from '@skykey/telemetry';
import { DeskStore, type DeskStoreOptions } from '../desk-store.ts';
import { DAY_MS } from '../shelf.ts';

/** Noon of some day, UTC. */
export const NOON = 20_000 * DAY_MS + DAY_MS / 2;

export class Place {
  readonly folder: string;
  readonly witness: string;
  nowMs = NOON;
  readonly #above: string;
  readonly #open: DeskStore[] = [];

  constructor(t: TestContext) {
    this.#above = mkdtempSync(join(tmpdir(), 'skykey-desk-'));
    this.folder = join(this.#above, 'desk');
    this.witness = join(this.#above, 'witness');
    t.after(async () => {
      for (const store of this.#open) await store.close().catch(() => undefined);
      rmSync(this.#above, { recursive: true, force: true });
    });
  }

  async open(options: Partial<DeskStoreOptions> = {}): Promise<DeskStore> {
    const { folder, witness } = this;
    const store = await DeskStore.open({ folder, witness, now: () => this.nowMs, ...options });
    this.#open.push(store);
    return store;
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Copies the folder, or one file of it, to `name` beside it. */
  keep(name: string, file = ''): void {
    for (const each of withLog(file)) {
      if (existsSync(this.path(each))) cpSync(this.path(each), join(this.#above, name, each), { recursive: true });
    }
  }

  /** Puts a copy back, in the place of what is there. */
  putBack(name: string, file = ''): void {
    for (const each of withLog(file)) {
      const copy = join(this.#above, name, each);
      rmSync(this.path(each), { recursive: true, force: true });
      if (existsSync(copy)) cpSync(copy, this.path(each), { recursive: true });
    }
  }

  /** Every byte of every file there is. */
  bytes(): Buffer {
    const paths = readdirSync(this.#above, { recursive: true, encoding: 'utf8' }).map((name) =>
      join(this.#above, name),
    );
    const named = paths.map((path) => Buffer.from(path));
    return Buffer.concat([
      ...named,
      ...paths.filter((path) => statSync(path).isFile()).map((path) => readFileSync(path)),
    ]);
  }
}

/** The database consists of two files. */
const withLog = (file: string): string[] => (file === 'desk.db' ? ['desk.db', 'desk.db-wal'] : [file]);

export const messageOf = (number: number, text = `text ${number}`): DeskMessage => ({
  id: `message-${number}`,
  direction: number % 2 ? 'sent' : 'received',
  number,
  text,
  utcMs: number,
  state: 'waiting',
  reason: null,
  sealing: 'hybrid',
  keyIds: [],
  onRecord: false,
  missed: 0,
  author: 'Anna',
  ciphertextPreview: '',
});

export const fileOf = (number: number, bytes = 0, name = `file ${number}`): DeskFile => ({
  id: `file-${number}`,
  direction: 'received',
  name,
  bytes,
  doneBytes: 0,
  utcMs: number,
  state: 'running',
  reason: null,
  sha256: null,
});

export const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

export const textOf = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();

/** What `work` is refused with: its code and its sentence. */
export async function refusalOf(work: () => unknown): Promise<{ code: string; message: string }> {
  try {
    await work();
  } catch (error) {
    const { code, message } = error as Error & { code: string };
    return { code, message };
  }
  throw new Error('it was not refused');
}
