/**
 * Keys that come from and go to key management systems of other makers (ETSI GS QKD 020), in the vault of this KME. They
 * lie in the lane of carried keys: no other site has them there. What such a key is worth is what the network file says of
 * the link between the two sites.
 */
import { SecretBytes } from '@skykey/bits';
import {
  type Admission,
  CARRIED_LANE,
  type DeliveredKey,
  decide,
  type Etsi020,
  type ExportedKeys,
  type ImportedKey,
  type ImportedKeys,
  type KeyDemand,
  KeyRefusal,
  type Kme,
  type LinkAlarm,
  type NetworkLink,
  type Policy,
  type Topology,
  type VoidOutcome,
} from '@skykey/kme';
import { type BlockLabels, type KeyRecord, type Vault, VaultError, type VaultTransaction } from '@skykey/vault';
import { NodeError } from '../error.ts';

/** Until the foreign system has said that its application can fetch the key; then it is the initiator's. */
const EXPORT_LIMIT_MS = 10_000;
const POLL_MS = 20;
const RETRY_AFTER_S = 10;

export interface ForeignKeysOptions {
  readonly vault: Vault;
  readonly registry: Kme['registry'];
  readonly policy: Policy;
  readonly topology: Topology;
  readonly alarms: () => Promise<readonly LinkAlarm[]>;
  readonly uuid: () => string;
  readonly random: (bytes: number) => Uint8Array;
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

/** A key cannot be looked at without being taken: it is taken, looked at, and what was done is undone. */
class Looked extends Error {}

export class ForeignKeys implements ImportedKeys {
  readonly #options: ForeignKeysOptions;

  constructor(options: ForeignKeysOptions) {
    this.#options = options;
  }

  /** Throws NodeError unless the network says what keys of this KME are worth, and knows its applications. */
  check(kmeId: string, saes: readonly string[]): void {
    const { registry } = this.#options;
    const refuse = (problem: string): NodeError => new NodeError('node/network', `etsi020: ${problem}`);
    if (registry.siteOfKme(kmeId) === undefined) {
      throw refuse(`the foreign KME ${kmeId} is not in the network: list it in "kmes" without a peerUrl`);
    }
    if (!this.#link(kmeId)) {
      throw refuse(
        `the network has no link between ${registry.siteOfKme(kmeId)} and ${registry.siteId}: list one, whose proof and epsilons say what keys of ${kmeId} are worth`,
      );
    }
    const stranger = saes.find((sae) => registry.kmeOf(sae) !== kmeId);
    if (stranger !== undefined)
      throw refuse(`${stranger} is no application of ${kmeId} in the network: list it in "saes"`);
  }

  // From a foreign system

  async admit({
    from,
    initiator,
    targets,
  }: {
    from: string;
    initiator: string;
    targets: readonly string[];
  }): Promise<Admission> {
    const { registry, policy } = this.#options;
    if (targets.some((target) => !registry.isKnown(target))) return 'unknown-target';
    if (targets.some((target) => registry.kmeOf(target) === from)) return 'pass-back';
    // Keys of foreign systems end here: this network carries none of them on.
    if (targets.some((target) => !registry.isLocal(target))) return 'no-route';
    if (registry.kmeOf(initiator) !== from) return 'unauthorized';
    const labels = this.#labels(from, null);
    const allowed = targets.every(
      (target) => decide(policy, [initiator, target], labels, { nowMs: this.#options.now() }).allowed,
    );
    return allowed ? 'welcome' : 'unauthorized';
  }

  async hold(keys: readonly ImportedKey[]): Promise<void> {
    try {
      await this.#refuseUnderAlarm(keys.map(({ from }) => from));
      await this.#options.vault.atomically(async (tx) => {
        const known = await tx.keys.find(keys.map(({ keyId }) => keyId));
        const fresh: ImportedKey[] = [];
        for (const [i, key] of keys.entries()) {
          const record = known[i];
          if (record === undefined) fresh.push(key);
          else await this.#checkSame(tx, record, key);
        }
        for (const group of Map.groupBy(fresh, groupOf).values()) await this.#keep(tx, group);
      });
    } catch (error) {
      throw asRefusal(error);
    } finally {
      for (const { key } of keys) key.wipe();
    }
  }

  async settle(from: string, keyIds: readonly string[]): Promise<('relayed' | 'pending' | 'failed')[]> {
    const records = await this.#find(keyIds);
    // What is held can be fetched at once: its targets are applications of this site.
    return records.map((record) => {
      const own = record !== undefined && this.#isFrom(record, from);
      return own && record.copies.every(({ state }) => state === 'ASSIGNED' || state === 'ERASED')
        ? 'relayed'
        : 'failed';
    });
  }

  async void(from: string, keyIds: readonly string[]): Promise<VoidOutcome[]> {
    return this.#void(keyIds, (record) => this.#isFrom(record, from));
  }

  async #keep(tx: VaultTransaction, keys: readonly ImportedKey[]): Promise<void> {
    const { keyId, key, from, initiator, targets, expiresAtMs } = keys[0]!;
    const bytes = key.length;
    const content = new Uint8Array(bytes * keys.length);
    keys.forEach((each, i) => void each.key.open((part) => content.set(part, i * bytes)));
    const start = await this.#release(tx, `imported:${keyId}`, this.#labels(from, expiresAtMs), content);
    const places = keys.map((each, i) => ({ keyId: each.keyId, offset: start + i * bytes }));
    const batch = {
      lane: CARRIED_LANE,
      bytes,
      masterSae: initiator,
      slaveSaes: [...targets],
      keys: places,
      purpose: 'named',
    };
    await tx.keys.register([{ ...batch, holders: [...targets] }]);
  }

  async #checkSame(tx: VaultTransaction, record: KeyRecord, key: ImportedKey): Promise<void> {
    const same =
      this.#isFrom(record, key.from) &&
      record.masterSae === key.initiator &&
      JSON.stringify([...record.slaveSaes].sort()) === JSON.stringify([...key.targets].sort());
    const open = record.copies.find(({ state }) => state === 'ASSIGNED');
    const alike =
      same && (open === undefined || (await look(tx, record.keyId, open.saeId, (kept) => sameBytes(kept, key.key))));
    if (!alike) throw new KeyRefusal('argument', `the key id ${record.keyId} is taken by another key`);
  }

  // To a foreign system

  /** The port of ETSI GS QKD 020 for keys that go there. */
  readonly exports: ExportedKeys = {
    lend: async (keyIds) => {
      const found = await this.#find(keyIds);
      const lent: SecretBytes[] = [];
      try {
        for (const [i, record] of found.entries()) {
          const state = record?.copies[0]?.state;
          if (!record || (state !== 'RESERVED' && state !== 'ASSIGNED')) {
            throw new KeyRefusal('not-found', `the key ${keyIds[i]} is gone`);
          }
          const copy = await this.#options.vault.atomically((tx) =>
            look(
              tx,
              record.keyId,
              record.masterSae,
              (kept) => SecretBytes.adopt(kept.open((bytes) => bytes.slice())),
              state === 'RESERVED',
            ),
          );
          lent.push(copy);
        }
        return lent;
      } catch (error) {
        for (const secret of lent) secret.wipe();
        throw asRefusal(error);
      }
    },
    release: async (keyIds) => {
      await this.#options.vault.atomically(async (tx) => {
        const found = await tx.keys.find(keyIds);
        await tx.keys.assign(keyIds.filter((_, i) => found[i]?.copies[0]?.state === 'RESERVED'));
      });
    },
    void: (keyIds) => this.#void(keyIds, (record) => this.#options.registry.isLocal(record.masterSae)),
  };

  /**
   * Makes keys, has the foreign system take them, and delivers the master's copies when it has said that its application
   * can fetch them; else they are void at both ends. The policies of this network have been asked about the pair, not yet
   * about the key.
   */
  async send(demand: KeyDemand, etsi020: Etsi020): Promise<DeliveredKey[]> {
    const { registry, policy, uuid, random, now } = this.#options;
    const { master, slaves, count, bytes } = demand;
    const kmeId = registry.kmeOf(slaves[0]!)!;
    const foreign = etsi020.to(kmeId);
    if (!foreign) throw new KeyRefusal('unreachable', `there is no line to ${kmeId}`, RETRY_AFTER_S);
    const rules = policy.rulesFor([master, slaves[0]!]);
    if (!rules || bytes * 8 < rules.keyBits.min || bytes * 8 > rules.keyBits.max) {
      throw new KeyRefusal(
        'argument',
        `keys of ${master} and ${slaves[0]} have from ${rules?.keyBits.min} to ${rules?.keyBits.max} bits`,
      );
    }
    const labels = this.#labels(kmeId, null);
    const decision = decide(policy, [master, slaves[0]!], labels, { nowMs: now(), demand: demand.demand });
    if (!decision.allowed) throw new KeyRefusal('demand', decision.why);
    await this.#refuseUnderAlarm([kmeId]).catch((error: unknown) => Promise.reject(asRefusal(error)));
    const keyIds = Array.from({ length: count }, () => uuid().toLowerCase());
    const { vault } = this.#options;
    try {
      await vault.atomically(async (tx) => {
        const content = random(bytes * count);
        await this.#release(tx, `exported:${keyIds[0]}`, labels, content);
        const common = { lane: CARRIED_LANE, bytes, masterSae: master, slaveSaes: slaves, purpose: 'exported' };
        await tx.keys.reserve([{ ...common, keyIds, holders: [master] }]);
      });
      await foreign.offer({ keyIds, initiator: master, targets: slaves });
      await this.#untilReleased(etsi020, kmeId, keyIds);
      const secrets = await vault.atomically((tx) =>
        tx.keys.deliver(keyIds.map((keyId) => ({ keyId, saeId: master }))),
      );
      return keyIds.map((keyId, i) => ({ keyId, key: secrets[i]!, labels }));
    } catch (error) {
      await vault.atomically((tx) => tx.keys.void(keyIds)).catch(() => undefined);
      await foreign.void(keyIds).catch(() => undefined);
      throw asRefusal(error);
    }
  }

  async #untilReleased(etsi020: Etsi020, kmeId: string, keyIds: readonly string[]): Promise<void> {
    const { now, pause } = this.#options;
    const foreign = etsi020.to(kmeId)!;
    for (const limitMs = now() + EXPORT_LIMIT_MS; ; await pause(POLL_MS)) {
      await etsi020.tick();
      const states = await Promise.all(keyIds.map((keyId) => foreign.state(keyId)));
      if (states.every((state) => state === 'released')) return;
      const ended = states.find(
        (state) => state === 'refused' || state === 'voided' || state === 'split' || state === 'voiding',
      );
      if (ended || now() >= limitMs) {
        const why = ended ? `refused the keys (${ended})` : `did not take the keys within ${EXPORT_LIMIT_MS / 1000} s`;
        throw new KeyRefusal('unreachable', `${kmeId} ${why}`, RETRY_AFTER_S);
      }
    }
  }

  // Both

  /** Puts bytes into the lane, overwrites them here, and returns where they lie. */
  async #release(tx: VaultTransaction, blockId: string, labels: BlockLabels, content: Uint8Array): Promise<number> {
    const secret = SecretBytes.adopt(content);
    try {
      const start = await tx.length(CARRIED_LANE);
      await tx.hold({ blockId, labels, bytes: secret });
      await tx.release(blockId, [{ lane: CARRIED_LANE, from: 0, to: content.length }]);
      return start;
    } finally {
      secret.wipe();
    }
  }

  async #void(keyIds: readonly string[], isOwn: (record: KeyRecord) => boolean): Promise<VoidOutcome[]> {
    return this.#options.vault.atomically(async (tx) => {
      const records = await tx.keys.find(keyIds);
      const outcomes = records.map((record): VoidOutcome => {
        if (!record || record.lane !== CARRIED_LANE || !isOwn(record)) return 'absent';
        return record.copies.some(({ state }) => state === 'ERASED') ? 'delivered' : 'voided';
      });
      await tx.keys.void(keyIds.filter((_, i) => outcomes[i] === 'voided'));
      return outcomes;
    });
  }

  #find(keyIds: readonly string[]): Promise<(KeyRecord | undefined)[]> {
    return this.#options.vault.atomically((tx) => tx.keys.find(keyIds));
  }

  /** A key of a foreign initiator is here only because its own KME sent it. */
  #isFrom(record: KeyRecord, from: string): boolean {
    return record.lane === CARRIED_LANE && this.#options.registry.kmeOf(record.masterSae) === from;
  }

  #link(kmeId: string): NetworkLink | undefined {
    const { registry, topology } = this.#options;
    const ends = [registry.siteOfKme(kmeId), registry.siteId];
    return topology.links.find((link) => link.ends.every((end) => ends.includes(end)));
  }

  #labels(kmeId: string, expiresAtMs: number | null): BlockLabels {
    const { registry, topology, now } = this.#options;
    const { id, proof, epsSec, epsCor, simulated } = this.#link(kmeId)!;
    const route = [registry.siteOfKme(kmeId)!, registry.siteId].sort();
    return {
      ...{ originLinks: [id], routes: [route], jurisdictions: topology.jurisdictions(route), proof, epsSec, epsCor },
      ...{ simulated, createdAtMs: now(), expiresAtMs },
    };
  }

  async #refuseUnderAlarm(kmeIds: readonly string[]): Promise<void> {
    const links = new Set(kmeIds.map((kmeId) => this.#link(kmeId)?.id));
    const alarm = (await this.#options.alarms()).find(({ link }) => links.has(link));
    if (alarm) throw new KeyRefusal('alarm', `the link ${alarm.link} is under alarm: ${alarm.reason}`, RETRY_AFTER_S);
  }
}

/** Reads an SAE's copy and leaves everything as it was. `assign`: the copy is still RESERVED. */
async function look<T>(
  tx: VaultTransaction,
  keyId: string,
  saeId: string,
  read: (secret: SecretBytes) => T,
  assign = false,
): Promise<T> {
  let seen: { value: T } | undefined;
  await tx
    .atomically(async () => {
      if (assign) await tx.keys.assign([keyId]);
      const [secret] = await tx.keys.deliver([{ keyId, saeId }]);
      seen = { value: read(secret!) };
      secret!.wipe();
      throw new Looked();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Looked)) throw error;
    });
  return seen!.value;
}

const groupOf = ({ key, from, initiator, targets, expiresAtMs }: ImportedKey): string =>
  JSON.stringify([key.length, from, initiator, targets, expiresAtMs]);

function sameBytes(a: SecretBytes, b: SecretBytes): boolean {
  return (
    a.length === b.length && a.open((x) => b.open((y) => x.reduce((all, byte, i) => all | (byte ^ y[i]!), 0) === 0))
  );
}

function asRefusal(error: unknown): Error {
  if (error instanceof KeyRefusal) return error;
  if (error instanceof VaultError && error.code === 'vault/known') {
    return new KeyRefusal('argument', 'the key id is taken by another key');
  }
  if (error instanceof VaultError && (error.code === 'vault/state' || error.code === 'vault/expired')) {
    return new KeyRefusal('not-found', error.message);
  }
  return new KeyRefusal('unavailable', 'the key store is not available', RETRY_AFTER_S);
}
