import type { BlockLabels, KeyRecord, Vault, VaultTransaction } from '@skykey/vault';
import type { Alarms } from '../alarm.ts';
import { CARRIED_LANE } from '../lanes.ts';
import { type DecisionContext, decide, type Policy, type PolicyPair, pairName } from '../network/policy.ts';
import { MAX_BATCH } from '../peer/message.ts';
import { joinLabels } from '../relay/labels.ts';
import { type DeliveredKey, type KeyDemand, KeyRefusal } from '../service.ts';
import { isLocalKey } from './carry.ts';
import { Gather, type Outcome } from './gather.ts';

/** For keys that are assigned under ids that somebody named: their master fetches them by id, too. */
export const NAMED = 'named';
/** Most keys in one demand, whatever an interface allows. */
export const MAX_COUNT = MAX_BATCH;
const RETRY_AFTER_S = 10;
const NOT_FOUND = 'one or more keys specified are not found on KME';

export interface HandOutOptions {
  readonly vault: Vault;
  readonly policy: Policy;
  readonly alarms: Alarms;
  readonly now: () => number;
  /** An assigned key that nobody fetches for so long is burned. */
  readonly keyTtlMs: number;
  readonly context: () => DecisionContext;
}

export interface IdRequest {
  readonly caller: string;
  readonly master?: string;
  readonly keyIds: readonly string[];
}

/** Keys that one application is to get. */
interface Handing {
  readonly caller: string;
  readonly records: readonly KeyRecord[];
}

/**
 * Hands out keys that are assigned already: to masters what was set aside for their pair, to slaves what they name. Each
 * copy leaves once, when the policy allows it now, whenever it was assigned; whoever asks at the same time is answered in
 * one transaction.
 */
export class HandOut {
  readonly #options: HandOutOptions;
  readonly #stock: Gather<KeyDemand, DeliveredKey[] | number>;
  readonly #byIds: Gather<IdRequest, DeliveredKey[] | undefined>;
  readonly #byIdsAnywhere: Gather<IdRequest, DeliveredKey[] | undefined>;

  constructor(options: HandOutOptions) {
    this.#options = options;
    const { vault } = options;
    this.#stock = new Gather(vault, (tx, demands) => this.#fromStock(tx, demands));
    this.#byIds = new Gather(vault, (tx, requests) => this.#withIds(tx, requests, false));
    this.#byIdsAnywhere = new Gather(vault, (tx, requests) => this.#withIds(tx, requests, true));
  }

  /** Keys set aside for the pair with a site; or, when there are not enough, how many there are. */
  fromStock(site: string, demand: KeyDemand): Promise<DeliveredKey[] | number> {
    return this.#stock.ask(site, demand);
  }

  /** The caller's copies of keys that it names, shared with an SAE of `site`; '' when that is this site, or not told. */
  async withIds(site: string, request: IdRequest): Promise<DeliveredKey[]> {
    const found = site === '' ? undefined : await this.#byIds.ask(site, request);
    return found ?? (await this.#byIdsAnywhere.ask('', request))!;
  }

  /** The caller's copies, in order, all or none. What the transaction returns may leave only when it is durable. */
  async deliver(tx: VaultTransaction, caller: string, records: readonly KeyRecord[]): Promise<DeliveredKey[]> {
    const [outcome] = await this.#hand(tx, [{ caller, records }]);
    if ('refused' in outcome!) throw outcome.refused;
    return outcome!.answer;
  }

  async #fromStock(
    tx: VaultTransaction,
    demands: readonly KeyDemand[],
  ): Promise<readonly Outcome<DeliveredKey[] | number>[]> {
    const nameOf = ({ master, slaves, bytes }: KeyDemand): string => JSON.stringify([master, slaves[0], bytes]);
    const good = new Map<string, KeyRecord[]>();
    for (const [name, alike] of Map.groupBy(demands, nameOf)) {
      const { master, slaves, bytes } = alike[0]!;
      const most = alike.reduce((sum, { count }) => sum + count, 0);
      const stocked = await this.stocked(tx, [master, slaves[0]!], bytes, most);
      if (stocked.stale.length > 0) await tx.keys.void(stocked.stale);
      good.set(name, stocked.good);
    }
    const handings = demands.map((demand): Handing | number => {
      const left = good.get(nameOf(demand))!;
      return left.length < demand.count
        ? left.length
        : { caller: demand.master, records: left.splice(0, demand.count) };
    });
    const outcomes = await this.#hand(
      tx,
      handings.filter((handing) => typeof handing !== 'number'),
    );
    let next = 0;
    return handings.map((handing) => (typeof handing === 'number' ? { answer: handing } : outcomes[next++]!));
  }

  /**
   * What was assigned ahead, oldest first, until `most` of it is good. Stale: what the policy does not allow any more, and
   * what would leave the slave less than half of its time to fetch it.
   */
  async stocked(
    tx: VaultTransaction,
    pair: PolicyPair,
    bytes: number,
    most = MAX_COUNT,
  ): Promise<{ readonly good: KeyRecord[]; readonly stale: string[] }> {
    const { policy, now, keyTtlMs, context } = this.#options;
    const good: KeyRecord[] = [];
    const stale: string[] = [];
    for (let limit = most; ; limit = most + stale.length) {
      good.length = stale.length = 0;
      const keyIds = await tx.keys.stock({ masterSae: pair[0], slaveSae: pair[1], bytes, limit });
      if (keyIds.length === 0) break;
      const records = (await tx.keys.find(keyIds)) as KeyRecord[];
      const labels = await labelsOf(tx, records);
      const allows = allowance(policy, context());
      for (const [i, record] of records.entries()) {
        const assignedMs = record.copies[0]?.assignedAtMs ?? 0;
        const isGood = now() - assignedMs < keyTtlMs / 2 && allows(pair, labels[i]!);
        if (isGood) good.push(record);
        else stale.push(record.keyId);
      }
      if (keyIds.length < limit || good.length >= most) break;
    }
    return { good, stale };
  }

  /** Undefined: carried keys of every peer lie in one lane, and this transaction is not about all of them. */
  async #withIds(
    tx: VaultTransaction,
    requests: readonly IdRequest[],
    anywhere: boolean,
  ): Promise<readonly Outcome<DeliveredKey[] | undefined>[]> {
    const ids = [...new Set(requests.flatMap(({ keyIds }) => keyIds))];
    const found = await tx.keys.find(ids);
    const records = new Map(ids.map((id, i) => [id, found[i]]));
    const taken = new Set<string>();
    const handings: (Handing | Outcome<undefined>)[] = requests.map((request) => {
      const wanted = request.keyIds.map((id) => records.get(id));
      if (!anywhere && wanted.some((record) => record?.lane === CARRIED_LANE)) return { answer: undefined };
      const refused = this.#whyNot(request, wanted);
      if (refused) return { refused };
      // Two who ask for one copy at the same time: the first of them gets it.
      const copies = request.keyIds.map((id) => `${id} ${request.caller}`);
      if (copies.some((copy) => taken.has(copy))) return { refused: new KeyRefusal('not-found', NOT_FOUND) };
      for (const copy of copies) taken.add(copy);
      return { caller: request.caller, records: wanted as KeyRecord[] };
    });
    const outcomes = await this.#hand(
      tx,
      handings.filter((handing): handing is Handing => 'records' in handing),
    );
    let next = 0;
    return handings.map((handing) => ('records' in handing ? outcomes[next++]! : handing));
  }

  #whyNot({ caller, master }: IdRequest, records: readonly (KeyRecord | undefined)[]): KeyRefusal | undefined {
    const { policy, now } = this.#options;
    // The standard demands 401 if the caller was not named for any of them: this tells that a key exists.
    const isFor = (record: KeyRecord): boolean =>
      record.slaveSaes.includes(caller) || (record.masterSae === caller && record.purpose === NAMED);
    if (records.some((record) => record && !isFor(record))) {
      return new KeyRefusal('unauthorized', `${caller} was not named for these keys`);
    }
    const there = records.every(
      (record) =>
        record?.copies.some(({ saeId, state }) => saeId === caller && state === 'ASSIGNED') &&
        (record.expiresAtMs === null || record.expiresAtMs > now()) &&
        (master === undefined || record.masterSae === (record.masterSae === caller ? caller : master)) &&
        (master === undefined || record.masterSae !== caller || record.slaveSaes.includes(master)) &&
        policy.rulesFor([caller, record.masterSae === caller ? record.slaveSaes[0]! : record.masterSae]) !== undefined,
    );
    return there ? undefined : new KeyRefusal('not-found', NOT_FOUND);
  }

  /** Each application gets all of its keys or none; those that may be handed out leave the vault in one step. */
  async #hand(tx: VaultTransaction, handings: readonly Handing[]): Promise<Outcome<DeliveredKey[]>[]> {
    const all = handings.flatMap(({ records }) => records);
    if (all.length === 0) return handings.map(() => ({ answer: [] }));
    const known = await labelsOf(tx, all);
    const labels = new Map(all.map((record, i) => [record, known[i]!]));
    const allows = allowance(this.#options.policy, this.#options.context());
    const refusals = handings.map((handing) => this.#mayNotLeave(handing, labels, allows));
    const leaving = handings.filter((_, i) => refusals[i] === undefined);
    const secrets = await tx.keys.deliver(
      leaving.flatMap(({ caller, records }) => records.map(({ keyId }) => ({ keyId, saeId: caller }))),
    );
    let next = 0;
    return handings.map(({ records }, i) => {
      const refused = refusals[i];
      if (refused) return { refused };
      const answer = records.map((record) => ({
        keyId: record.keyId,
        key: secrets[next++]!,
        labels: labels.get(record)!,
      }));
      return { answer };
    });
  }

  #mayNotLeave(
    { caller, records }: Handing,
    labels: ReadonlyMap<KeyRecord, BlockLabels>,
    allows: (pair: PolicyPair, labels: BlockLabels) => boolean,
  ): KeyRefusal | undefined {
    for (const record of records) {
      const told = labels.get(record)!;
      for (const slave of caller === record.masterSae ? record.slaveSaes : [caller]) {
        // Key that never leaves its site rests on nothing that a policy asks about.
        if (!isLocalKey(told) && !allows([record.masterSae, slave], told))
          return new KeyRefusal('not-found', NOT_FOUND);
      }
      const alarm = this.#options.alarms.freshOn(told.originLinks);
      if (alarm)
        return new KeyRefusal('alarm', `the link ${alarm.link} is under alarm: ${alarm.reason}`, RETRY_AFTER_S);
    }
    return undefined;
  }
}

/** Whether a pair may have key of such labels now. Keys of one block have the same: it is decided about once. */
function allowance(policy: Policy, context: DecisionContext): (pair: PolicyPair, labels: BlockLabels) => boolean {
  const decided = new Map<BlockLabels, Map<string, boolean>>();
  return (pair, labels) => {
    const known = decided.get(labels) ?? new Map<string, boolean>();
    decided.set(labels, known);
    const name = pairName(pair);
    const allowed = known.get(name) ?? decide(policy, pair, labels, context).allowed;
    known.set(name, allowed);
    return allowed;
  };
}

/** Of each key as a whole: one that lies across two blocks is as good as the worse of both. */
async function labelsOf(tx: VaultTransaction, records: readonly KeyRecord[]): Promise<BlockLabels[]> {
  const parts = await tx.labelsOf(records);
  return parts.map((known) => (known.length > 1 ? joinLabels(known, known[0]!.routes) : known[0]!));
}
