import { SecretBytes } from '@skykey/bits';
import {
  type DeliveredKey,
  type KeyDemand,
  type KeyLabels,
  KeyRefusal,
  type KeyService,
  type PairStock,
} from '../../service.ts';

const LABELS: KeyLabels = {
  originLinks: [],
  routes: [['beijing', 'micius', 'moscow']],
  jurisdictions: [],
  epsSec: 0,
  epsCor: 0,
  proof: 'none: a double for tests',
  simulated: true,
  createdAtMs: 0,
  expiresAtMs: null,
};

/** Two KMEs in one: keys from a counter, each copy once. */
export class Pair implements KeyService {
  readonly kmeId = 'kme';
  /** Every secret that was handed out. */
  readonly handed: SecretBytes[] = [];
  /** What the next calls reject with. */
  refusal: Error | undefined;
  alarms: PairStock['alarms'] = [];
  forecast: PairStock['forecast'] = null;
  readonly #copies = new Map<string, { bytes: Uint8Array; master: string; waiting: Set<string> }>();
  #made = 0;

  async getKeys({ master, slaves, count, bytes }: KeyDemand): Promise<DeliveredKey[]> {
    if (this.refusal) throw this.refusal;
    return Array.from({ length: count }, () => {
      const keyId = `00000000-0000-4000-8000-${(++this.#made).toString(16).padStart(12, '0')}`;
      const key = Uint8Array.from({ length: bytes }, (_, i) => (this.#made * 31 + i * 7) & 255);
      this.#copies.set(keyId, { bytes: key, master, waiting: new Set(slaves) });
      return this.#hand(keyId, key);
    });
  }

  async getKeysWithIds(request: {
    caller: string;
    master?: string;
    keyIds: readonly string[];
  }): Promise<DeliveredKey[]> {
    if (this.refusal) throw this.refusal;
    const { caller, master, keyIds } = request;
    const copies = keyIds.map((keyId) => this.#copies.get(keyId));
    for (const copy of copies) {
      if (!copy) throw new KeyRefusal('not-found', 'no such key');
      if (!copy.waiting.has(caller)) throw new KeyRefusal('unauthorized', 'not for the caller');
      if (master !== undefined && copy.master !== master) throw new KeyRefusal('not-found', 'not of that master');
    }
    return keyIds.map((keyId, i) => {
      copies[i]!.waiting.delete(caller);
      return this.#hand(keyId, copies[i]!.bytes);
    });
  }

  async assignKeys(): Promise<void> {
    throw new KeyRefusal('unavailable', 'not here');
  }

  async voidKeys(): Promise<number> {
    return 0;
  }

  mayShare(_caller: string, other: string): void {
    if (this.refusal) throw this.refusal;
    if (other === 'nobody') throw new KeyRefusal('unknown-sae', 'the SAE is not known in this network');
    if (other === 'forbidden') throw new KeyRefusal('unauthorized', 'the pair may not share keys');
  }

  async stock(): Promise<PairStock> {
    if (this.refusal) throw this.refusal;
    return {
      ...{ sourceKmeId: 'kme-a', targetKmeId: 'kme-b', bits: 25_600, keysOf: (bytes) => Math.floor(3_200 / bytes) },
      ...{ alarms: this.alarms, forecast: this.forecast },
    };
  }

  #hand(keyId: string, bytes: Uint8Array): DeliveredKey {
    const key = SecretBytes.adopt(bytes.slice());
    this.handed.push(key);
    return { keyId, key, labels: LABELS };
  }
}
