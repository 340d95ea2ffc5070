import { SecretBytes } from '@skykey/bits';
import { KeyRefusal, type Notebook } from '../../service.ts';
import { Etsi020, type Etsi020Options } from '../etsi020.ts';
import { sameAssociation } from '../message.ts';
import type {
  Admission,
  ExportedKeys,
  ForeignPeer,
  HttpCalls,
  ImportedKey,
  ImportedKeys,
  VoidOutcome,
} from '../ports.ts';

/** A notebook in memory that keeps text, as one on a disk does, and that can be pulled out at the n-th write. */
export class MemoryNotebook implements Notebook {
  readonly pages = new Map<string, string>();
  /** Writes until the plug is pulled. */
  left = Number.POSITIVE_INFINITY;

  async remember(name: string, value: unknown): Promise<void> {
    this.#write();
    this.pages.set(name, JSON.stringify(value));
  }

  async recall(name: string): Promise<unknown> {
    const page = this.pages.get(name);
    return page === undefined ? undefined : JSON.parse(page);
  }

  async recallAll(prefix: string): Promise<{ name: string; value: unknown }[]> {
    return [...this.pages]
      .filter(([name]) => name.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, page]) => ({ name, value: JSON.parse(page) }));
  }

  async forget(name: string): Promise<void> {
    this.#write();
    this.pages.delete(name);
  }

  #write(): void {
    if (this.left-- <= 0) throw new Error('the plug was pulled');
  }
}

type Kept = Omit<ImportedKey, 'key'> & { bytes: Uint8Array | undefined; fate: 'relayed' | 'pending' | 'failed' };

/** A vault as the import port asks for it, with the applications at the far end of it. */
export class Imports implements ImportedKeys {
  readonly keys = new Map<string, Kept>();
  readonly delivered: string[] = [];
  admission: Admission = 'welcome';
  /** What settle says of keys that are held from now on. */
  fate: Kept['fate'] = 'relayed';
  refusal: KeyRefusal | undefined;

  async admit(): Promise<Admission> {
    return this.admission;
  }

  async hold(keys: readonly ImportedKey[]): Promise<void> {
    if (this.refusal) throw this.refusal;
    for (const { key, ...named } of keys) {
      const known = this.keys.get(named.keyId);
      if (!known) continue;
      const other = known.bytes && key.open((bytes) => Buffer.compare(bytes, known.bytes!) !== 0);
      if (other || known.from !== named.from || !sameAssociation(known, named)) {
        throw new KeyRefusal('argument', 'the id is taken');
      }
    }
    for (const { key, ...named } of keys) {
      if (!this.keys.has(named.keyId)) {
        this.keys.set(named.keyId, { ...named, bytes: key.open((bytes) => bytes.slice()), fate: this.fate });
      }
      key.wipe();
    }
  }

  async settle(from: string, keyIds: readonly string[]): Promise<Kept['fate'][]> {
    return keyIds.map((keyId) => {
      const known = this.keys.get(keyId);
      return known?.from === from ? known.fate : 'failed';
    });
  }

  async void(from: string, keyIds: readonly string[]): Promise<VoidOutcome[]> {
    return keyIds.map((keyId) => {
      const known = this.keys.get(keyId);
      if (!known || known.from !== from) return 'absent';
      if (this.delivered.includes(keyId)) return 'delivered';
      known.bytes = undefined;
      return 'voided';
    });
  }

  /** The application at the end asks for its copy; undefined when there is none. */
  fetch(keyId: string): string | undefined {
    const known = this.keys.get(keyId);
    if (!known?.bytes || known.fate !== 'relayed') return undefined;
    const text = Buffer.from(known.bytes).toString('hex');
    known.bytes = undefined;
    this.delivered.push(keyId);
    return text;
  }
}

/** Keys that wait to be handed over, and the initiator that waits for them. */
export class Exports implements ExportedKeys {
  readonly waiting = new Map<string, Uint8Array>();
  readonly ready = new Map<string, string>();
  readonly delivered: string[] = [];
  readonly voided: string[] = [];
  lends = 0;

  add(keyId: string, bytes: Uint8Array): void {
    this.waiting.set(keyId, bytes);
  }

  async lend(keyIds: readonly string[]): Promise<SecretBytes[]> {
    this.lends++;
    return keyIds.map((keyId) => {
      const bytes = this.waiting.get(keyId);
      if (!bytes) throw new KeyRefusal('not-found', 'the key is gone');
      return SecretBytes.adopt(bytes.slice());
    });
  }

  async release(keyIds: readonly string[]): Promise<void> {
    for (const keyId of keyIds) {
      const bytes = this.waiting.get(keyId);
      if (!bytes) continue;
      this.ready.set(keyId, Buffer.from(bytes).toString('hex'));
      this.waiting.delete(keyId);
    }
  }

  async void(keyIds: readonly string[]): Promise<VoidOutcome[]> {
    return keyIds.map((keyId) => {
      if (this.delivered.includes(keyId)) return 'delivered';
      const known = this.waiting.delete(keyId) || this.ready.delete(keyId);
      this.voided.push(keyId);
      return known ? 'voided' : 'absent';
    });
  }

  /** The initiator asks. */
  fetch(keyId: string): string | undefined {
    const key = this.ready.get(keyId);
    this.ready.delete(keyId);
    if (key !== undefined) this.delivered.push(keyId);
    return key;
  }
}

/** What happens to a call on its way: nothing, lost before it arrives, answer lost, or it arrives twice. */
export type Fault = 'none' | 'lost' | 'unanswered' | 'twice';

export interface Site {
  readonly notebook: MemoryNotebook;
  readonly imports: Imports;
  readonly exports: Exports;
  readonly notes: string[];
  kms: Etsi020;
}

/** Two makers' systems in one room: X with the application `alice`, Y with `bob` and `carol`. */
export class Room {
  nowMs = 1_700_000_000_000;
  fault: () => Fault = () => 'none';
  readonly calls: { from: string; url: string; body: string; status: number }[] = [];
  readonly x: Site;
  readonly y: Site;
  readonly #options: Partial<Etsi020Options>;

  constructor(options: Partial<Etsi020Options> = {}) {
    this.#options = options;
    this.x = this.#site('kme-x');
    this.y = this.#site('kme-y');
  }

  /** The processes start again with what is written. */
  restart(site: 'x' | 'y'): void {
    const old = this[site];
    old.notebook.left = Number.POSITIVE_INFINITY;
    old.kms = this.#kms(site === 'x' ? 'kme-x' : 'kme-y', old);
  }

  /** Time passes; both do what is due. */
  async pass(ms = 1_000): Promise<void> {
    this.nowMs += ms;
    for (const site of [this.x, this.y]) await site.kms.tick();
  }

  async post(
    caller: string | null,
    path: string,
    body: string | Uint8Array,
  ): Promise<{ status: number; body: string }> {
    return await send(this.y.kms, caller, 'POST', path, body);
  }

  #site(kmeId: string): Site {
    const parts = { notebook: new MemoryNotebook(), imports: new Imports(), exports: new Exports(), notes: [] };
    return { ...parts, kms: this.#kms(kmeId, parts) };
  }

  #kms(kmeId: string, site: Omit<Site, 'kms'>): Etsi020 {
    const other = kmeId === 'kme-x' ? 'kme-y' : 'kme-x';
    const peer: ForeignPeer = {
      kmeId: other,
      url: `https://${other}:8443`,
      saes: other === 'kme-x' ? ['alice'] : ['bob', 'carol'],
    };
    return new Etsi020({
      peers: [peer],
      ownCallbackUrl: `https://${kmeId}:8443/kmapi/v1/ext_keys/ack`,
      imports: site.imports,
      exports: site.exports,
      http: () => this.#http(kmeId, other),
      notebook: site.notebook,
      nowMs: () => this.nowMs,
      note: (_, text) => site.notes.push(text),
      ...this.#options,
    });
  }

  #http(from: string, to: string): HttpCalls {
    return {
      post: async (url, body) => {
        const fault = this.fault();
        const call = { from, url, body: Buffer.from(body).toString(), status: 0 };
        this.calls.push(call);
        if (fault === 'lost') throw new Error('connection refused');
        const target = to === 'kme-x' ? this.x : this.y;
        const path = new URL(url).pathname;
        if (fault === 'twice') await send(target.kms, from, 'POST', path, body);
        const answer = await send(target.kms, from, 'POST', path, body);
        call.status = answer.status;
        if (fault === 'unanswered') throw new Error('no answer in time');
        return { status: answer.status, body: new TextEncoder().encode(answer.body) };
      },
    };
  }
}

export async function send(
  kms: Etsi020,
  caller: string | null,
  method: string,
  path: string,
  body: string | Uint8Array = '',
): Promise<{ status: number; body: string; headers: Readonly<Record<string, string>> }> {
  const {
    status,
    body: answer = '',
    headers,
  } = await kms.handle({
    ...{ caller, method, path, query: new URLSearchParams(), headers: { 'content-type': 'application/json' } },
    body: typeof body === 'string' ? new TextEncoder().encode(body) : Uint8Array.from(body),
  });
  return { status, body: typeof answer === 'string' ? answer : new TextDecoder().decode(answer), headers };
}

export const keyId = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
