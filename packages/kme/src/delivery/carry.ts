import { SecretBytes } from '@skykey/bits';
import type { BlockLabels, KeyRecord, Vault, VaultTransaction } from '@skykey/vault';
import { CARRIED_LANE } from '../lanes.ts';
import { decide, type PolicyPair } from '../network/policy.ts';
import type { Registry } from '../network/registry.ts';
import { MAX_CARRIED_BYTES, type PeerMessage } from '../peer/message.ts';
import type { Peer } from '../peer/peer.ts';
import { joinLabels } from '../relay/labels.ts';
import { type DeliveredKey, type KeyDemand, KeyRefusal } from '../service.ts';
import { fits, usableWays, type WaysOptions } from './ways.ts';

/*
 * One key for applications at several sites (ETSI GS QKD 014, additional_slave_SAE_IDs; its Annex B): no two sites have
 * the same key of any link, so this site makes one at random and carries it to each of the others under a one-time pad of
 * key that it shares with that site. It costs as much key as there are other sites, and is as secret as the weakest of the
 * pads: its labels say so.
 */

export interface CarryOptions {
  readonly vault: Vault;
  readonly registry: Registry;
  readonly random: (bytes: number) => Uint8Array;
  readonly uuid: () => string;
  readonly pairs: readonly PolicyPair[];
  readonly peerOf: (site: string) => Peer;
  readonly waysFor: (demand: KeyDemand['demand']) => WaysOptions;
  readonly count: (tx: VaultTransaction, demand: KeyDemand) => Promise<void>;
  readonly deliver: (tx: VaultTransaction, caller: string, records: readonly KeyRecord[]) => Promise<DeliveredKey[]>;
}

export interface CarryRequest extends KeyDemand {
  readonly keyIds: readonly string[];
  /** Whether the master gets its copy at once. */
  readonly deliver: boolean;
}

type CarryMessage = PeerMessage & { readonly kind: 'carry' };

/**
 * Makes the keys durable at every site or at none, then delivers. Pads, keys and this site's reservation are one
 * transaction; a crash after it voids the keys here, and those told of them are told to void theirs.
 */
export async function carryKeys(options: CarryOptions, request: CarryRequest): Promise<DeliveredKey[]> {
  const { vault, peerOf, count, deliver } = options;
  const { master, keyIds } = request;
  try {
    const messages = await vault.atomically(async (tx) => {
      await count(tx, request);
      return prepare(tx, options, request);
    });
    await Promise.all(
      messages.map(({ site, message }) =>
        peerOf(site).request({
          wholeStore: true,
          build: async () => message,
          settle: async (_, answer) => {
            if (answer.status !== 'accepted')
              throw new KeyRefusal('unreachable', `${site} refused the keys: ${answer.reason}`, 10);
          },
        }),
      ),
    );
    return await vault.atomically(async (tx) => {
      await tx.keys.assign(keyIds);
      return request.deliver ? deliver(tx, master, (await tx.keys.find(keyIds)) as KeyRecord[]) : [];
    });
  } catch (error) {
    // Some sites may have taken the keys in, and nobody knows whether a transaction that was not acknowledged is done:
    // burned here, and the next flush has the others burn them, too.
    await vault.atomically((tx) => tx.keys.void(keyIds));
    throw error;
  }
}

async function prepare(
  tx: VaultTransaction,
  { registry, random, uuid, pairs, waysFor }: CarryOptions,
  { master, slaves, bytes, keyIds, demand, deliver }: CarryRequest,
): Promise<{ site: string; message: CarryMessage }[]> {
  const size = bytes * keyIds.length;
  if (size > MAX_CARRIED_BYTES) {
    throw new KeyRefusal(
      'argument',
      `keys for several sites have at most ${MAX_CARRIED_BYTES * 8} bits together, not ${size * 8}`,
    );
  }
  const sites = new Map<string, string[]>();
  for (const slave of slaves) {
    const site = registry.siteOf(slave)!;
    sites.set(site, [...(sites.get(site) ?? []), slave]);
  }
  const local = sites.get(registry.siteId) ?? [];
  sites.delete(registry.siteId);
  const content = random(size);
  const messages: { site: string; message: CarryMessage }[] = [];
  const padLabels: BlockLabels[] = [];
  const padRoutes: (readonly (readonly string[])[])[] = [];
  for (const [site, there] of sites) {
    const concerned = pairs.filter(([, slave]) => there.includes(slave));
    const { ways, refused } = await usableWays(tx, registry.siteId, site, concerned, waysFor(demand));
    const way = ways.find((usable) => fits(usable, size) > 0);
    if (ways.length === 0 && refused !== undefined && demand) throw new KeyRefusal('demand', refused);
    if (!way) throw new KeyRefusal('short', `not enough key is shared with ${site} to carry keys there`, 10);
    const range = await tx.reserve(way.lane, size);
    const labels = await tx.labels(range);
    padLabels.push(...labels);
    padRoutes.push(labels[0]!.routes);
    const pad = await tx.take(range);
    const ciphertext = pad.open((key) => key.map((byte, i) => byte ^ content[i]!));
    pad.wipe();
    const message: CarryMessage = {
      kind: 'carry',
      ...{ masterSae: master, slaveSaes: slaves, bytes, keyIds, ciphertext },
      pad: { way: way.way, offset: range.offset, bytes: size },
      labels: labels[0]!,
    };
    messages.push({ site, message });
  }
  const labelsTo = (site: string): BlockLabels =>
    joinLabels(padLabels, carriedRoutes(registry.siteId, site, padRoutes));
  const own =
    messages.length > 0 ? labelsTo(messages[0]!.site) : localLabels(registry.siteId, waysFor(demand).context.nowMs);
  // What each pad allows by itself, all of them together may not.
  for (const pair of pairs) {
    const { policy, context } = waysFor(demand);
    const there = registry.siteOf(pair[1])!;
    if (messages.length === 0) {
      if (demand?.routeType !== 'relayed' && (demand?.minPaths ?? 1) === 1) continue;
      throw new KeyRefusal('demand', `a key that never leaves ${registry.siteId} takes no way at all`);
    }
    const decision = decide(policy, pair, there === registry.siteId ? own : labelsTo(there), context);
    if (!decision.allowed) throw new KeyRefusal('demand', decision.why);
  }
  const secret = SecretBytes.adopt(content);
  const copies = { labels: own, secret, keyIds, bytes, master, slaves, holders: [master, ...local] };
  await keepCarried(tx, { ...copies, name: uuid(), purpose: deliver ? 'carried' : 'named' });
  secret.wipe();
  return messages.map(({ site, message }) => ({ site, message: { ...message, labels: labelsTo(site) } }));
}

/**
 * The routes of a key that several pads carried: whoever has one pad has the key. So it is shared by as many ways as the
 * pad that has fewest, and each of these goes over all nodes that stand in its place on any pad's way: whoever lacks one
 * of them lacks a share of every pad.
 */
function carriedRoutes(
  self: string,
  end: string,
  pads: readonly (readonly (readonly string[])[])[],
): readonly (readonly string[])[] {
  const count = Math.min(...pads.map((routes) => routes.length));
  const between = Array.from({ length: count }, () => new Set<string>());
  for (const routes of pads) {
    routes.forEach((route, i) => {
      for (const node of route.slice(1, -1)) between[i % count]!.add(node);
    });
  }
  return between.map((nodes) => [self, ...nodes, end]);
}

/** Stores keys that lie in no common lane, RESERVED for `holders`. */
async function keepCarried(
  tx: VaultTransaction,
  options: {
    readonly name: string;
    readonly labels: BlockLabels;
    readonly secret: SecretBytes;
    readonly keyIds: readonly string[];
    readonly bytes: number;
    readonly master: string;
    readonly slaves: readonly string[];
    readonly holders: readonly string[];
    readonly purpose: string;
  },
): Promise<void> {
  const { name, labels, secret, keyIds, bytes, master, slaves, holders, purpose } = options;
  const blockId = `carried:${name}`;
  await tx.hold({ blockId, labels, bytes: secret });
  await tx.release(blockId, [{ lane: CARRIED_LANE, from: 0, to: secret.length }]);
  const common = { lane: CARRIED_LANE, bytes, masterSae: master, slaveSaes: slaves, purpose };
  await tx.keys.reserve([{ ...common, keyIds, holders }]);
}

/**
 * The site of slaves: takes carried keys in. What is known already as exactly this is accepted once more; throws VaultError
 * `vault/known` for ids that were voided meanwhile, or that are those of other keys.
 */
export async function acceptCarried(
  tx: VaultTransaction,
  options: { readonly padLane: string; readonly holders: readonly string[] },
  { masterSae, slaveSaes, bytes, keyIds, pad, ciphertext, labels }: CarryMessage,
): Promise<void> {
  const known = await tx.keys.find(keyIds);
  const isThis = (key: KeyRecord | undefined): boolean =>
    key?.lane === CARRIED_LANE &&
    key.bytes === bytes &&
    key.masterSae === masterSae &&
    key.role === 'slave' &&
    JSON.stringify(key.slaveSaes) === JSON.stringify(slaveSaes) &&
    key.copies.every(({ state }) => state !== 'VOIDED');
  if (known.every(isThis)) return;
  const place = { lane: options.padLane, offset: pad.offset, bytes: pad.bytes };
  await tx.reserveAt(place);
  const key = await tx.take(place);
  const content = key.open((own) => own.map((byte, i) => byte ^ ciphertext[i]!));
  key.wipe();
  const secret = SecretBytes.adopt(content);
  const blockId = `carried:${keyIds[0]}`;
  await tx.hold({ blockId, labels, bytes: secret });
  secret.wipe();
  const start = await tx.length(CARRIED_LANE);
  await tx.release(blockId, [{ lane: CARRIED_LANE, from: 0, to: content.length }]);
  const keys = keyIds.map((keyId, i) => ({ keyId, offset: start + i * bytes }));
  const batch = { lane: CARRIED_LANE, bytes, masterSae, slaveSaes, keys, purpose: 'named', holders: options.holders };
  await tx.keys.register([batch]);
}

/** Key that never leaves its site takes no way at all. */
export const isLocalKey = ({ routes }: Pick<BlockLabels, 'routes'>): boolean =>
  routes.length === 1 && routes[0]!.length === 1;

/** It rests on no link either. */
function localLabels(siteId: string, nowMs: number): BlockLabels {
  return {
    ...{ originLinks: [], routes: [[siteId]], jurisdictions: [], epsSec: 0, epsCor: 0 },
    ...{ proof: 'local', simulated: false, createdAtMs: nowMs, expiresAtMs: null },
  };
}
