/**
 * The core's keys as this process offers them to its interfaces: no key is cut for a site that is away or whose clock is
 * wrong, keys for applications of foreign systems go by ETSI GS QKD 020, and what leaves is counted.
 */
import { type DeliveredKey, type KeyDemand, KeyRefusal, type KeyService, type PairStock } from '@skykey/kme';

export interface GuardedKeysOptions {
  readonly keys: KeyService;
  /** The site of this KME. */
  readonly siteId: string;
  readonly siteOf: (saeId: string) => string | undefined;
  /** Why no keys can be made with a site now; null when they can. */
  readonly problem: (siteId: string) => Promise<string | null>;
  /** Keys for an application of a foreign system; undefined when it is not one. */
  readonly foreign: (slave: string) => ((demand: KeyDemand) => Promise<DeliveredKey[]>) | undefined;
  readonly onDelivered: (keys: readonly DeliveredKey[]) => void;
}

const RETRY_AFTER_S = 10;

export class GuardedKeys implements KeyService {
  readonly kmeId: string;
  readonly #options: GuardedKeysOptions;

  constructor(options: GuardedKeysOptions) {
    this.kmeId = options.keys.kmeId;
    this.#options = options;
  }

  async getKeys(demand: KeyDemand): Promise<DeliveredKey[]> {
    const { keys, foreign, onDelivered } = this.#options;
    const abroad = demand.slaves.map((slave) => foreign(slave));
    const sender = abroad.find((each) => each !== undefined);
    if (sender && demand.slaves.length > 1) {
      throw new KeyRefusal(
        'demand',
        'keys for an application of a foreign system are for it alone: ask for each slave by itself',
      );
    }
    await this.#check(demand);
    const delivered = await (sender ? sender(demand) : keys.getKeys(demand));
    onDelivered(delivered);
    return delivered;
  }

  async getKeysWithIds(request: Parameters<KeyService['getKeysWithIds']>[0]): Promise<DeliveredKey[]> {
    const delivered = await this.#options.keys.getKeysWithIds(request);
    this.#options.onDelivered(delivered);
    return delivered;
  }

  async assignKeys(demand: KeyDemand & { readonly keyIds: readonly string[] }): Promise<void> {
    await this.#check(demand);
    await this.#options.keys.assignKeys(demand);
  }

  voidKeys(keyIds: readonly string[]): Promise<number> {
    return this.#options.keys.voidKeys(keyIds);
  }

  mayShare(caller: string, other: string): void {
    this.#options.keys.mayShare(caller, other);
  }

  stock(master: string, slave: string, bytes?: number): Promise<PairStock> {
    return this.#options.keys.stock(master, slave, bytes);
  }

  /** Who may not have keys at all hears that first, and nothing of how the network is. */
  async #check({ master, slaves }: KeyDemand): Promise<void> {
    const { keys, siteId, siteOf, problem } = this.#options;
    for (const slave of slaves) keys.mayShare(master, slave);
    for (const site of new Set(slaves.map((slave) => siteOf(slave)!))) {
      const why = site === siteId ? null : await problem(site);
      if (why !== null) throw new KeyRefusal('unreachable', why, RETRY_AFTER_S);
    }
  }
}
