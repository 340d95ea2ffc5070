import { equalBytes, SecretBytes } from '@skykey/bits';
import { checkTag, tag } from '@skykey/distill';
import { type BlockLabels, type Range, type Vault, VaultError } from '@skykey/vault';
import { relayBlockId } from './confirm.ts';
import { KmeError } from './error.ts';
import { linkLane, relayLane } from './lanes.ts';
import { fromHex, toHex } from './message.ts';
import { ascii } from './peer.ts';
import { malformed, Reader, Writer } from './wire.ts';

/*
 * The satellite as trusted node. It shares key k_A with station a and k_B with station b. It announces to both that the
 * two belong together, and gives b the exclusive or k_A ⊕ k_B; b takes k_B off and has k_A, which is what a has. Every
 * byte of k_A and k_B is used for this once. Who listens learns k_A ⊕ k_B, which tells nothing of k_A while k_B is secret.
 *
 * What the satellite knows: everything. It has held both keys in the clear, so whoever reads its memory reads the key that
 * the stations share. It is a trusted node, and is named in the route of the block.
 */

/** Sizes relayed are multiples of this, so that both stations cut alike. */
const GRAIN_BYTES = 64;
/** Less than this waits for the next pass: a block this small would leave hardly any pads. */
const MINIMUM_BYTES = 2048;
const MAXIMUM_BYTES = 1 << 20;
/** Pads of a link that relaying leaves for the link's own sessions. */
const PADS_KEPT = 6;

export interface RelayLinkEnd {
  readonly linkId: string;
  /** Site of the station at the other end. */
  readonly stationId: string;
}

/** What the satellite remembers of a relay (`vault.recallAll('relay/')`). `waiting`: links not yet acknowledged. */
export interface RelayRecord {
  readonly relayId: string;
  readonly utcMs: number;
  readonly route: readonly string[];
  readonly bits: number;
  readonly waiting: readonly string[];
}

interface Announcement {
  readonly relayId: string;
  readonly linkId: string;
  readonly route: readonly string[];
  readonly range: Range;
  readonly labels: BlockLabels;
  /** k_A ⊕ k_B for the last station of the route, nothing for the first. */
  readonly mask: Uint8Array;
  /** Pads of the link for the tag of this message and for that of its acknowledgement. */
  readonly pad: number;
  readonly acknowledgementPad: number;
}

/**
 * Satellite: relays as much as both links have in store, at most 1 MiB at a time. In one transaction the key leaves the
 * lanes and the two announcements enter the outbox (topics `relay/<link>`): whatever is killed when, either nothing has
 * happened, or the key is gone here and the announcements get there. Returns undefined when there is too little.
 * Throws KmeError `kme/no-pads` when a link has too few pads left.
 */
export function announceRelay(options: {
  readonly vault: Vault;
  readonly relayId: string;
  readonly satelliteId: string;
  readonly linkA: RelayLinkEnd;
  readonly linkB: RelayLinkEnd;
  readonly utcMs: number;
}): RelayRecord | undefined {
  const { vault, relayId, satelliteId, linkA, linkB, utcMs } = options;
  const links = [linkA, linkB];
  return vault.atomically(() => {
    const inStore = links.map(({ linkId }) => vault.run(relayLane(linkId), MINIMUM_BYTES));
    const bytes = Math.floor(Math.min(...inStore, MAXIMUM_BYTES) / GRAIN_BYTES) * GRAIN_BYTES;
    if (bytes < MINIMUM_BYTES) return undefined;
    for (const { linkId } of links) {
      if (vault.pads(linkLane(linkId)).left() < 2 + PADS_KEPT) {
        throw new KmeError('kme/no-pads', `too little key is left on ${linkId} to authenticate a relay`);
      }
    }
    const ranges = links.map(({ linkId }) => vault.reserve(relayLane(linkId), bytes));
    const route = [linkA.stationId, satelliteId, linkB.stationId];
    const labels = joinLabels(
      ranges.flatMap((range) => vault.labels(range)),
      route,
    );
    const [keyA, keyB] = ranges.map((range) => vault.take(range)) as [SecretBytes, SecretBytes];
    const mask = keyA.open((a) => keyB.open((b) => a.map((byte, i) => byte ^ b[i]!)));
    keyA.wipe();
    keyB.wipe();
    links.forEach(({ linkId }, i) => {
      const common = { relayId, linkId, route, range: ranges[i]!, labels };
      announce(vault, { ...common, mask: i === 0 ? new Uint8Array(0) : mask });
    });
    const record = { relayId, utcMs, route, bits: bytes * 8, waiting: links.map(({ linkId }) => linkId) };
    vault.remember(`relay/${relayId}`, record);
    return record;
  });
}

function announce(vault: Vault, content: Omit<Announcement, 'pad' | 'acknowledgementPad'>): void {
  const pads = vault.pads(linkLane(content.linkId));
  const point = pads.point();
  const own = pads.useNext();
  const theirs = pads.useNext();
  const signed = encode({ ...content, pad: own.index, acknowledgementPad: theirs.index });
  const sealed = tag(point, own.pad, [signed], `skykey-relay/1 announce ${content.linkId}`);
  const id = vault.outbox.add(`relay/${content.linkId}`, new Writer().raw(signed).raw(sealed).finish());
  // The acknowledgement is known in advance: what comes back is compared with it, and its pad is needed no more.
  const expected = acknowledge(content, point, theirs.pad);
  vault.remember(`acknowledgement/${id}`, {
    relayId: content.relayId,
    linkId: content.linkId,
    expected: toHex(expected),
  });
  for (const secret of [point, own.pad, theirs.pad]) secret.wipe();
}

/**
 * Satellite: takes an announcement out of the outbox when its acknowledgement is authentic. Returns whether it was;
 * otherwise the announcement stays and is sent again.
 */
export function settleRelay(vault: Vault, outboxId: number, acknowledgement: Uint8Array): boolean {
  return vault.atomically(() => {
    const memory = `acknowledgement/${outboxId}`;
    const waiting = vault.recall(memory) as { relayId: string; linkId: string; expected: string } | undefined;
    if (!waiting || !equalBytes(fromHex(waiting.expected), acknowledgement)) return false;
    vault.outbox.remove(outboxId);
    vault.forget(memory);
    const record = vault.recall(`relay/${waiting.relayId}`) as RelayRecord;
    vault.remember(`relay/${waiting.relayId}`, {
      ...record,
      waiting: record.waiting.filter((linkId) => linkId !== waiting.linkId),
    });
    return true;
  });
}

/**
 * Station: accepts an announcement from the satellite of one of its links and holds the shared block as `relay:<id>`, until
 * both stations have confirmed it. The same announcement once more changes nothing and is acknowledged again. `refused`
 * (by an alarm, or because the bytes were used otherwise) is acknowledged too: there is no sense in sending it again.
 * Throws KmeError `kme/malformed`, `kme/not-for-us`, `kme/forged`, or `kme/not-yet` when this station has yet to release
 * the link's block; nothing has changed then.
 */
export function acceptRelay(options: {
  readonly vault: Vault;
  readonly stationId: string;
  readonly linkId: string;
  readonly announcement: Uint8Array;
}): {
  readonly acknowledgement: Uint8Array;
  readonly relayId: string;
  readonly news: 'held' | 'known' | 'refused';
  readonly reason?: string;
} {
  const { vault, stationId, linkId, announcement } = options;
  const signed = announcement.subarray(0, -16);
  const received = announcement.subarray(-16);
  const content = decode(signed);
  const { relayId, route } = content;
  if (content.linkId !== linkId || (route[0] !== stationId && route[2] !== stationId)) {
    throw new KmeError(
      'kme/not-for-us',
      `an announcement on ${content.linkId} for ${route.join(', ')} came to ${stationId} on ${linkId}`,
    );
  }
  const memory = `relayed/${relayId}`;
  return vault.atomically(() => {
    const known = vault.recall(memory) as { tag: string; acknowledgement: string } | undefined;
    if (known) {
      if (known.tag !== toHex(received)) throw new KmeError('kme/forged', `there was another relay ${relayId}`);
      return { acknowledgement: fromHex(known.acknowledgement), relayId, news: 'known' as const };
    }
    const acknowledgement = verify(vault, content, signed, received);
    vault.remember(memory, { tag: toHex(received), acknowledgement: toHex(acknowledgement) });
    try {
      vault.atomically(() => hold(vault, content, stationId));
      return { acknowledgement, relayId, news: 'held' as const };
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      if (error.code === 'vault/missing') throw new KmeError('kme/not-yet', error.message, { cause: error });
      if (!['vault/poisoned', 'vault/taken', 'vault/corrupt', 'vault/known'].includes(error.code)) throw error;
      return { acknowledgement, relayId, news: 'refused' as const, reason: error.message };
    }
  });
}

/** Checks the tag of an announcement and makes that of its acknowledgement; both pads are spent. */
function verify(vault: Vault, content: Announcement, signed: Uint8Array, received: Uint8Array): Uint8Array {
  const pads = vault.pads(linkLane(content.linkId));
  try {
    const point = pads.point();
    const theirs = pads.use(content.pad);
    const own = pads.use(content.acknowledgementPad);
    const expected = tag(point, theirs, [signed], `skykey-relay/1 announce ${content.linkId}`);
    const acknowledgement = acknowledge(content, point, own);
    for (const secret of [point, theirs, own]) secret.wipe();
    if (checkTag(expected, received)) return acknowledgement;
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    if (error.code === 'vault/missing') throw new KmeError('kme/not-yet', error.message, { cause: error });
    if (error.code !== 'vault/taken') throw error;
  }
  throw new KmeError(
    'kme/forged',
    `the announcement of relay ${content.relayId} on ${content.linkId} is not authentic`,
  );
}

function hold(vault: Vault, content: Announcement, stationId: string): void {
  vault.reserveAt(content.range);
  const own = vault.take(content.range);
  const isLast = content.route[2] === stationId;
  if (content.mask.length !== (isLast ? content.range.bytes : 0)) throw malformed('the mask is for the other station');
  const shared = isLast ? own.open((bytes) => SecretBytes.adopt(bytes.map((byte, i) => byte ^ content.mask[i]!))) : own;
  vault.hold({ blockId: relayBlockId(content.relayId), labels: content.labels, bytes: shared });
  own.wipe();
  shared.wipe();
}

function acknowledge(
  content: Pick<Announcement, 'relayId' | 'linkId'>,
  point: SecretBytes,
  pad: SecretBytes,
): Uint8Array {
  const signed = new Writer().raw(ascii('SKY1')).text(content.relayId).text(content.linkId).finish();
  const sealed = tag(point, pad, [signed], `skykey-relay/1 acknowledge ${content.linkId}`);
  return new Writer().raw(signed).raw(sealed).finish();
}

function encode(content: Announcement): Uint8Array {
  const { relayId, linkId, route, range, labels, mask, pad, acknowledgementPad } = content;
  const out = new Writer()
    .raw(ascii('SKX1'))
    .text(relayId)
    .text(linkId)
    .texts(route)
    .u53(pad)
    .u53(acknowledgementPad)
    .u53(range.offset)
    .u53(range.bytes)
    .texts(labels.originLinks);
  for (const timeMs of labels.originTimesMs!) out.f64(timeMs);
  out
    .f64(labels.epsSec)
    .f64(labels.epsCor)
    .text(labels.proof)
    .u8(labels.simulated ? 1 : 0)
    .f64(labels.createdAtMs);
  return out.bytes(mask).finish();
}

function decode(signed: Uint8Array): Announcement {
  const input = new Reader(signed).magic('SKX1');
  const relayId = input.text(64);
  const linkId = input.text();
  const route = input.texts(3);
  const pad = input.u53();
  const acknowledgementPad = input.u53();
  const range = { lane: relayLane(linkId), offset: input.u53(), bytes: input.u53() };
  const originLinks = input.texts(16);
  const originTimesMs = originLinks.map(() => input.f64());
  const labels = {
    originLinks,
    originTimesMs,
    route,
    epsSec: input.f64(),
    epsCor: input.f64(),
    proof: input.text(1_000),
    simulated: input.u8() !== 0,
    createdAtMs: input.f64(),
  };
  const mask = input.bytes(MAXIMUM_BYTES);
  input.end();
  if (route.length !== 3 || range.bytes > MAXIMUM_BYTES || range.bytes < MINIMUM_BYTES)
    throw malformed('route or size are wrong');
  return { relayId, linkId, route, range, labels, mask, pad, acknowledgementPad };
}

/** Labels of key made from several blocks: the weakest of each. */
function joinLabels(parts: readonly BlockLabels[], route: readonly string[]): BlockLabels {
  const times = new Map<string, number>();
  for (const { originLinks, originTimesMs, createdAtMs } of parts) {
    originLinks.forEach((link, i) => {
      times.set(link, Math.min(times.get(link) ?? Number.POSITIVE_INFINITY, originTimesMs?.[i] ?? createdAtMs));
    });
  }
  const sum = (of: (part: BlockLabels) => number): number => parts.reduce((total, part) => total + of(part), 0);
  return {
    originLinks: [...times.keys()],
    originTimesMs: [...times.values()],
    route,
    // Failure probabilities of independent proofs add up at most.
    epsSec: sum((part) => part.epsSec),
    epsCor: sum((part) => part.epsCor),
    proof: [...new Set(parts.map(({ proof }) => proof))].join(' + ').slice(0, 200),
    simulated: parts.some(({ simulated }) => simulated),
    createdAtMs: Math.min(...parts.map(({ createdAtMs }) => createdAtMs)),
  };
}
