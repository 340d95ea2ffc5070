import { SecretBytes } from '@skykey/bits';
import { type BlockLabels, VaultError, type VaultTransaction } from '@skykey/vault';
import { KmeError } from '../error.ts';
import { keyLane, wayOf } from '../lanes.ts';
import { MAX_JOIN_BYTES, type PeerAnswer, type PeerMessage, shorten, type WayRange } from '../peer/message.ts';
import { JOIN_GRAIN_BYTES } from './join.ts';
import { joinLabels, routeFrom } from './labels.ts';

/*
 * Key that came to two sites by k routes without a common node between: the exclusive or of one piece by each. Nodes of
 * k - 1 routes together lack one piece, and that is a one-time pad over all they know. The site that leads the lanes of
 * its direction cuts the pieces and tells the other where; both checked each piece with each other when it came
 * (`confirm.ts`), so there is nothing more to compare.
 */

/** Less than this waits. */
export const LEAST_COMBINED_BYTES = 1024;

type CombineMessage = PeerMessage & { readonly kind: 'combine' };

/** What the leader has yet to tell: durable before it is told, kept until it is answered. */
export interface Combination {
  readonly combineId: string;
  readonly peer: string;
  readonly way: string;
  readonly parts: readonly WayRange[];
  readonly at: number;
}

const PREFIX = 'combining/';
const combineBlockId = (leader: string, combineId: string): string => `combine:${leader}:${combineId}`;

/**
 * Leader: combines as much as it has by every one of `ways` until `targetBytes` of the combination wait, and takes it
 * down as a Combination to be told. Undefined when there is nothing to do, or too little, or when one is under way still.
 */
export async function combineWays(
  tx: VaultTransaction,
  options: {
    readonly combineId: string;
    readonly self: string;
    readonly peer: string;
    readonly ways: readonly string[];
    readonly targetBytes: number;
  },
): Promise<Combination | undefined> {
  const { combineId, self, peer, ways, targetBytes } = options;
  const way = [...ways].sort().join('+');
  // One at a time: the next one's place is known when this one is there, or is not.
  if ((await combinations(tx)).some((other) => other.peer === peer && other.way === way)) return undefined;
  const combined = keyLane(self, peer, way);
  const lanes = ways.map((part) => keyLane(self, peer, part));
  let bytes = Math.min(MAX_JOIN_BYTES, targetBytes - (await tx.available(combined)));
  for (const lane of lanes) bytes = Math.min(bytes, await tx.run(lane, LEAST_COMBINED_BYTES));
  bytes = Math.floor(bytes / JOIN_GRAIN_BYTES) * JOIN_GRAIN_BYTES;
  if (bytes < LEAST_COMBINED_BYTES) return undefined;
  const parts: WayRange[] = [];
  for (const [i, lane] of lanes.entries()) {
    const { offset } = await tx.reserve(lane, bytes);
    parts.push({ way: ways[i]!, offset, bytes });
  }
  const labels = await combinedLabels(tx, self, peer, parts);
  if (typeof labels === 'string')
    throw new KmeError('kme/argument', `${ways.join(' and ')} cannot be combined: ${labels}`);
  const at = await tx.length(combined);
  await holdCombined(tx, { leader: self, follower: peer, combineId, parts, labels });
  const combination = { combineId, peer, way, parts, at };
  await tx.remember(`${PREFIX}${combineId}`, combination);
  return combination;
}

/** Combinations still to be told, or to be told again. */
export async function combinations(tx: VaultTransaction): Promise<Combination[]> {
  return (await tx.recallAll(PREFIX)).map(({ value }) => value as Combination);
}

export function combineMessage({ combineId, parts, at }: Combination): CombineMessage {
  return { kind: 'combine', combineId, parts, at };
}

/** Leader: the other end has answered. Accepted: the combined key is there to be used; refused: it is erased. */
export async function settleCombine(
  tx: VaultTransaction,
  self: string,
  { combineId, peer, way, at }: Combination,
  answer: PeerAnswer,
): Promise<void> {
  if (answer.status === 'later') return;
  const blockId = combineBlockId(self, combineId);
  if (answer.status === 'accepted') await release(tx, blockId, keyLane(self, peer, way), at);
  else await tx.discard(blockId);
  await tx.forget(`${PREFIX}${combineId}`);
}

/** Follower: combines the same pieces. What is known already is accepted once more. */
export async function acceptCombine(
  tx: VaultTransaction,
  { self, from }: { readonly self: string; readonly from: string },
  { combineId, parts, at }: CombineMessage,
): Promise<PeerAnswer> {
  const refused = (reason: string): PeerAnswer => ({ status: 'refused', reason });
  const blockId = combineBlockId(from, combineId);
  if (await tx.block(blockId)) return { status: 'accepted' };
  if (parts.some(({ bytes }) => bytes !== parts[0]!.bytes)) return refused('the pieces differ in length');
  try {
    return await tx.atomically(async () => {
      for (const { way, offset, bytes } of parts) {
        await tx.reserveAt({ lane: keyLane(from, self, way), offset, bytes });
      }
      const labels = await combinedLabels(tx, from, self, parts);
      if (typeof labels === 'string') {
        for (const { way, offset, bytes } of parts) await tx.burn({ lane: keyLane(from, self, way), offset, bytes });
        return refused(labels);
      }
      await holdCombined(tx, { leader: from, follower: self, combineId, parts, labels });
      await release(tx, blockId, keyLane(from, self, wayOf(labels.routes)), at);
      return { status: 'accepted' };
    });
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    if (error.code === 'vault/missing' && (await isToCome(tx, from, self, parts))) {
      return { status: 'later', reason: shorten(error.message) };
    }
    const refusals = ['vault/missing', 'vault/poisoned', 'vault/taken', 'vault/corrupt', 'vault/argument'];
    if (!refusals.includes(error.code)) throw error;
    return refused(shorten(error.message));
  }
}

/** Whether a lane has yet to reach one of the pieces; a piece before its end that is not there lies in a gap, and never comes. */
async function isToCome(
  tx: VaultTransaction,
  leader: string,
  follower: string,
  parts: readonly WayRange[],
): Promise<boolean> {
  for (const { way, offset, bytes } of parts) {
    if (offset + bytes > (await tx.length(keyLane(leader, follower, way)))) return true;
  }
  return false;
}

/** Labels of the whole, or why the pieces must not be combined. Both ends look at the labels that they hold themselves. */
async function combinedLabels(
  tx: VaultTransaction,
  leader: string,
  follower: string,
  parts: readonly WayRange[],
): Promise<BlockLabels | string> {
  const pieces: BlockLabels[][] = [];
  for (const { way, offset, bytes } of parts) {
    pieces.push(await tx.labels({ lane: keyLane(leader, follower, way), offset, bytes }));
  }
  const routes: (readonly string[])[] = [];
  const met = new Set<string>();
  for (const labels of pieces) {
    // Every block of one piece came by the same way, which the lane's name says.
    for (const route of labels[0]?.routes ?? []) {
      const told = routeFrom(route, leader);
      if (!told || told.at(-1) !== follower) return 'a piece is not key of these two sites';
      for (const node of told.slice(1, -1)) {
        if (met.has(node)) return `two of the ways go through ${node}`;
        met.add(node);
      }
      routes.push(told);
    }
  }
  if (routes.filter((route) => route.length === 2).length > 1) return 'two of the ways are one and the same link';
  return joinLabels(pieces.flat(), routes);
}

async function holdCombined(
  tx: VaultTransaction,
  options: {
    readonly leader: string;
    readonly follower: string;
    readonly combineId: string;
    readonly parts: readonly WayRange[];
    readonly labels: BlockLabels;
  },
): Promise<void> {
  const { leader, follower, combineId, parts, labels } = options;
  const sum = new Uint8Array(parts[0]!.bytes);
  for (const { way, offset, bytes } of parts) {
    const piece = await tx.take({ lane: keyLane(leader, follower, way), offset, bytes });
    piece.open((content) => {
      for (let i = 0; i < sum.length; i++) sum[i]! ^= content[i]!;
    });
    piece.wipe();
  }
  const whole = SecretBytes.adopt(sum);
  await tx.hold({ blockId: combineBlockId(leader, combineId), labels, bytes: whole });
  whole.wipe();
}

async function release(tx: VaultTransaction, blockId: string, lane: string, at: number): Promise<void> {
  const bytes = await tx.heldBytes(blockId);
  await tx.release(blockId, [{ lane, from: 0, to: bytes, at }]);
}
