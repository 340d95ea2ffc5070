import { SecretBytes } from '@skykey/bits';
import { VaultError, type VaultTransaction } from '@skykey/vault';
import { KmeError } from '../error.ts';
import { keyLane } from '../lanes.ts';
import {
  decodeMessage,
  encodeMessage,
  type JoinMessage,
  MAX_JOIN_BYTES,
  type PeerAnswer,
  type PeerMessage,
  shorten,
} from '../peer/message.ts';
import { hiddenBy, joinLabels, notYounger, routeFrom } from './labels.ts';

/*
 * A trusted node joins two of its links. It shares key k_L with its neighbour on the left and k_R with that on the right;
 * it tells both that the two belong together, and gives the right one the exclusive or k_L ⊕ k_R; who takes k_R off has
 * k_L, which is what the left one has. Every byte of k_L and k_R is used for this once. Who listens learns k_L ⊕ k_R, which
 * tells nothing of k_L while k_R is secret. Either link may itself have been made by joining: so routes of any length come
 * about, one node at a time.
 *
 * What the node in the middle knows: everything. It has held both keys in the clear, so it stands in the route. Only key
 * that came by several routes without a common node is out of its reach (`combine.ts`).
 */

/** Sizes of joins and combinations are multiples of this, so that both ends cut alike. */
export const JOIN_GRAIN_BYTES = 64;
/** Less than this waits: a block this small would leave hardly any pads. */
export const LEAST_JOIN_BYTES = 2048;
const JOIN_PREFIX = 'join:';

export interface JoinEnd {
  readonly node: string;
  /** By which way this node has key with it; `direct` for a quantum link. */
  readonly way: string;
}

/** What a middle node remembers of a join (`recallAll('joining/')`). `waiting`: ends that have not answered yet. */
export interface JoinRecord {
  readonly joinId: string;
  readonly utcMs: number;
  readonly route: readonly string[];
  readonly bits: number;
  readonly waiting: readonly string[];
}

export const joinBlockId = (middle: string, joinId: string): string => `${JOIN_PREFIX}${middle}:${joinId}`;
export const isJoinBlock = (blockId: string): boolean => blockId.startsWith(JOIN_PREFIX);

/** Outbox topic of joins for a node. */
const joinTopic = (node: string): string => `join/${node}`;

/**
 * Node in the middle: joins as much as it has with both ends, but for `keepBytes` of each. In one transaction the key leaves the
 * lanes and the two messages enter the outbox: whatever is killed when, either nothing has happened, or the key is gone
 * here and the messages get there. Undefined when there is too little. Throws KmeError `kme/argument`.
 */
export async function joinEnds(
  tx: VaultTransaction,
  options: {
    readonly joinId: string;
    readonly self: string;
    readonly left: JoinEnd;
    readonly right: JoinEnd;
    readonly utcMs: number;
    readonly keepBytes?: number;
  },
): Promise<JoinRecord | undefined> {
  const { joinId, self, left, right, utcMs, keepBytes = 0 } = options;
  const ends = [left, right];
  const lanes = ends.map(({ node, way }) => keyLane(self, node, way));
  let most = MAX_JOIN_BYTES;
  for (const lane of lanes) {
    most = Math.min(most, await tx.run(lane, LEAST_JOIN_BYTES), (await tx.available(lane)) - keepBytes);
  }
  const bytes = Math.floor(most / JOIN_GRAIN_BYTES) * JOIN_GRAIN_BYTES;
  if (bytes < LEAST_JOIN_BYTES) return undefined;
  const ranges = [await tx.reserve(lanes[0]!, bytes), await tx.reserve(lanes[1]!, bytes)] as const;
  const parts = [await tx.labels(ranges[0]), await tx.labels(ranges[1])] as const;
  const route = [left.node, self, right.node] as const;
  const labels = joinLabels(parts.flat(), [throughRoute(parts[0], parts[1], route)]);
  const leftKey = await tx.take(ranges[0]);
  const rightKey = await tx.take(ranges[1]);
  const mask = leftKey.open((a) => rightKey.open((b) => a.map((byte, i) => byte ^ b[i]!)));
  leftKey.wipe();
  rightKey.wipe();
  for (const [i, { node, way }] of ends.entries()) {
    const range = { way, offset: ranges[i]!.offset, bytes };
    const message = { kind: 'join' as const, joinId, route, range, labels, mask: i === 0 ? new Uint8Array(0) : mask };
    await tx.outbox.add(joinTopic(node), encodeMessage(message, self, node));
  }
  const record = { joinId, utcMs, route, bits: bytes * 8, waiting: ends.map(({ node }) => node) };
  await tx.remember(`joining/${joinId}`, record);
  return record;
}

/** From end to end through the middle. Key that came by several routes at once cannot be joined any further. */
function throughRoute(
  left: readonly { readonly routes: readonly (readonly string[])[] }[],
  right: readonly { readonly routes: readonly (readonly string[])[] }[],
  [leftEnd, middle, rightEnd]: readonly [string, string, string],
): readonly string[] {
  const one = (parts: typeof left, from: string, to: string): readonly string[] => {
    const routes = parts.flatMap(({ routes }) => routes);
    const route = routes[0] && routeFrom(routes[0], from);
    const same = routes.every(
      (other) => other.length === route?.length && routeFrom(other, from)?.every((n, i) => n === route[i]),
    );
    if (!route || route.at(-1) !== to || !same || parts.some((part) => part.routes.length > 1)) {
      throw new KmeError(
        'kme/argument',
        `the key between ${from} and ${to} did not come by one route, so it cannot be joined`,
      );
    }
    return route;
  };
  const route = [...one(left, leftEnd, middle), ...one(right, middle, rightEnd).slice(1)];
  if (new Set(route).size < route.length) {
    throw new KmeError('kme/argument', `the route ${route.join(', ')} would meet a node twice`);
  }
  return route;
}

type DiscardMessage = PeerMessage & { readonly kind: 'discard' };

/** What a node has yet to hear about joins. */
export interface JoinNews {
  readonly outboxId: number;
  readonly message: JoinMessage | DiscardMessage;
}

/** Joins, and blocks that came to nothing, that a node has yet to hear of, oldest first. */
export async function joinsFor(tx: VaultTransaction, self: string, node: string): Promise<JoinNews[]> {
  const entries = await tx.outbox.list(joinTopic(node));
  return entries.map(({ id, body }) => ({
    outboxId: id,
    message: decodeMessage(body, self, node) as JoinNews['message'],
  }));
}

/** Has a node hear, after the joins that it has yet to hear of, that a block will never be confirmed. */
export async function tellDiscard(tx: VaultTransaction, self: string, node: string, blockId: string): Promise<void> {
  await tx.outbox.add(joinTopic(node), encodeMessage({ kind: 'discard', blockId }, self, node));
}

/**
 * Node in the middle: an end has answered. Whatever it said but `later`, there is no sense in telling it again. When it has
 * refused its half, the other end need not keep its own.
 */
export async function settleJoin(
  tx: VaultTransaction,
  { self, node }: { readonly self: string; readonly node: string },
  { outboxId, message }: JoinNews,
  answer: PeerAnswer,
): Promise<void> {
  if (answer.status === 'later') return;
  await tx.outbox.remove(outboxId);
  if (message.kind === 'discard') return;
  const { joinId, route } = message;
  const name = `joining/${joinId}`;
  const record = (await tx.recall(name)) as JoinRecord | undefined;
  if (record) await tx.remember(name, { ...record, waiting: record.waiting.filter((other) => other !== node) });
  const other = route[0] === node ? route[2] : route[0];
  if (answer.status === 'refused') await tellDiscard(tx, self, other, joinBlockId(self, joinId));
}

/**
 * End of a route: takes what a node in the middle has joined and holds it as `join:<node>:<id>`, until both ends have
 * confirmed that they have the same. What is known already is accepted once more.
 */
export async function acceptJoin(
  tx: VaultTransaction,
  { nowMs, ...ends }: { readonly self: string; readonly from: string; readonly nowMs: number },
  message: JoinMessage,
): Promise<PeerAnswer> {
  const answer = await takeJoin(tx, ends, message);
  // The other end may hold its half: whoever asks for ours shall hear that it never comes, and not wait for it.
  if (answer.status === 'refused') await tx.remember(refusalOf(joinBlockId(ends.from, message.joinId)), nowMs);
  return answer;
}

const REFUSALS: readonly string[] = [
  'vault/missing',
  'vault/poisoned',
  'vault/taken',
  'vault/corrupt',
  'vault/argument',
];

const REFUSED = 'refused/';
const refusalOf = (blockId: string): string => `${REFUSED}${blockId}`;

/** Whether this end has refused its half of a join for good. */
export async function wasRefused(tx: VaultTransaction, blockId: string): Promise<boolean> {
  return (await tx.recall(refusalOf(blockId))) !== undefined;
}

/** Nobody asks any more about a block that was refused, once the other end has given it up or the time for it is over. */
export async function forgetRefusal(tx: VaultTransaction, blockId: string): Promise<void> {
  await tx.forget(refusalOf(blockId));
}

export async function forgetRefusalsBefore(tx: VaultTransaction, beforeMs: number): Promise<void> {
  for (const { name, value } of await tx.recallAll(REFUSED)) if ((value as number) < beforeMs) await tx.forget(name);
}

async function takeJoin(
  tx: VaultTransaction,
  { self, from }: { readonly self: string; readonly from: string },
  message: JoinMessage,
): Promise<PeerAnswer> {
  const { joinId, route, range, labels, mask } = message;
  const [left, middle, right] = route;
  const refused = (reason: string): PeerAnswer => ({ status: 'refused', reason });
  if (middle !== from || (left !== self && right !== self) || left === right) {
    return refused(`a join of ${route.join(', ')} came from ${from} to ${self}`);
  }
  const [whole, ...more] = labels.routes;
  if (!whole || more.length > 0 || whole[0] !== left || whole.at(-1) !== right || !whole.includes(middle)) {
    return refused('the labels do not tell the one route from end to end');
  }
  const isRight = right === self;
  if (mask.length !== (isRight ? range.bytes : 0)) return refused('the mask is for the other end');
  const blockId = joinBlockId(middle, joinId);
  if (await tx.block(blockId)) return { status: 'accepted' };
  try {
    return await tx.atomically(async () => {
      const place = { lane: keyLane(from, self, range.way), offset: range.offset, bytes: range.bytes };
      await tx.reserveAt(place);
      const known = await tx.labels(place);
      const hidden = hiddenBy(labels, known);
      if (hidden) {
        await tx.burn(place);
        return refused(hidden);
      }
      const own = await tx.take(place);
      const shared = isRight ? own.open((bytes) => SecretBytes.adopt(bytes.map((byte, i) => byte ^ mask[i]!))) : own;
      await tx.hold({ blockId, labels: notYounger(labels, known), bytes: shared });
      own.wipe();
      shared.wipe();
      return { status: 'accepted' };
    });
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    // The block that the range lies in is released by the next session of the link: the message comes again. Not so when
    // there is key beyond it: then this end never got the block, an alarm having come between, and has a gap there.
    const isToCome = range.offset + range.bytes > (await tx.length(keyLane(from, self, range.way)));
    if (error.code === 'vault/missing' && isToCome) return { status: 'later', reason: shorten(error.message) };
    if (!REFUSALS.includes(error.code)) throw error;
    return refused(shorten(error.message));
  }
}
