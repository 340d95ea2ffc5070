import { checkTag, tag } from '@skykey/distill';
import type { BlockLabels, Cut, VaultTransaction } from '@skykey/vault';
import { KmeError } from '../error.ts';
import { keyLane, peerLane, wayOf } from '../lanes.ts';
import { ascii } from '../peer/frame.ts';
import { fromHex, toHex } from '../peer/message.ts';
import { malformed, Reader, Writer } from '../peer/wire.ts';
import { isJoinBlock, wasRefused } from './join.ts';
import { isLinkBlock } from './link-block.ts';

/*
 * End-to-end confirmation of a block between its two ends, before any of it is used: a node between them that lied, or a
 * bit that flipped on the way, is found here. Blocks of a quantum link between two sites are confirmed like joined ones:
 * key of both kinds goes into the same lanes, whose places the two ends must agree about.
 *
 * The message cannot be authenticated with lanes that the first block has yet to fill, so it authenticates itself: the
 * first 48 bytes of the block are hash point and two pads, used for nothing else, and each end's tag over the rest
 * convinces the other. Whoever does not hold the block cannot make one; the nodes of the route held it, but they are trusted anyway.
 *
 * End a (whose name sorts first) asks, end b answers and releases first. It keeps its answer, so a asks again until it has
 * it. Lane positions are agreed in the same exchange: when one end never released an earlier block (an alarm came between),
 * its lanes are shorter, and both go on behind the longer one. When a site has no authentication lane at all yet, or its
 * hash point is not the other's, the block brings the hash points for both.
 *
 * Who cannot prove that he holds the block changes nothing: neither a question with a wrong tag nor a refusal, which bears
 * none, destroys it at once. Only when end a has been refused so often that this is no accident does it go on without.
 */

/** Bytes at the head of a joined block that confirm it and are then overwritten: hash point, pad of a, pad of b. */
export const CONFIRMATION_BYTES = 48;
/** One part in this many of a block goes to each of the two authentication lanes. */
const AUTHENTICATION_PART = 16;
const GRAIN_BYTES = 16;

/** How both ends cut a joined block of `bytes` bytes: one sixteenth for tags each way, the rest halved into keys. */
export function joinCuts(bytes: number, siteA: string, siteB: string, way: string): Cut[] {
  const whole = (size: number): number => Math.floor(size / GRAIN_BYTES) * GRAIN_BYTES;
  const body = bytes - CONFIRMATION_BYTES;
  const forTags = whole(body / AUTHENTICATION_PART);
  const forKeys = whole((body - 2 * forTags) / 2);
  const lanes = [
    { lane: peerLane(siteA, siteB), size: forTags },
    { lane: peerLane(siteB, siteA), size: forTags },
    { lane: keyLane(siteA, siteB, way), size: forKeys },
    { lane: keyLane(siteB, siteA, way), size: forKeys },
  ];
  let from = CONFIRMATION_BYTES;
  return lanes.map(({ lane, size }) => {
    const cut = { lane, from, to: from + size };
    from = cut.to;
    return cut;
  });
}

/**
 * The two ends of a block: a asks, b answers. Which is which follows from their names, so that of two ends one always
 * asks: questions crossing each other would give the same places of the lanes to different blocks.
 */
export function endsOf(labels: BlockLabels): readonly [string, string] {
  const [first = '', last = ''] = [labels.routes[0]?.[0], labels.routes[0]?.at(-1)];
  return first < last ? [first, last] : [last, first];
}

/** Refusals on record after which end a gives a block up. */
const MAX_REFUSALS = 20;

export const isConfirmedBlock = (blockId: string): boolean => isJoinBlock(blockId) || isLinkBlock(blockId);

/** What end a keeps of its question, and end b of what it answered. */
interface Asked {
  readonly question: string;
  readonly refusals?: number;
}

/** What end b says. `later`: the block is not there yet. `refused`: it is not the same, or is gone. */
export type Confirmation = 'confirmed' | 'later' | 'refused';
const STATUS: readonly Confirmation[] = ['confirmed', 'later', 'refused'];

/**
 * End a: the question about a block it holds. It is made once and kept: two different questions under one pad would
 * tell the hash point. Throws VaultError `vault/poisoned` when an alarm has emptied the block.
 */
export async function askConfirmation(tx: VaultTransaction, blockId: string): Promise<Uint8Array> {
  const memory = `confirm/${blockId}`;
  const kept = (await tx.recall(memory)) as Asked | undefined;
  if (kept) return fromHex(kept.question);
  const head = new Writer().raw(ascii('SKC1')).text(blockId);
  for (const { lane } of await cutsOf(tx, blockId)) head.u53(await tx.length(lane));
  const signed = head.finish();
  const question = new Writer()
    .raw(signed)
    .raw(await confirmationTag(tx, blockId, 'a', [signed]))
    .finish();
  await tx.remember(memory, { question: toHex(question) });
  return question;
}

/**
 * End b, `self`: answers, and releases the block when the question proves that end a has the same. `news` is false when
 * it was decided before; `forged` when the question does not prove itself, which changes nothing.
 */
export async function answerConfirmation(
  tx: VaultTransaction,
  self: string,
  message: Uint8Array,
): Promise<{
  readonly answer: Uint8Array;
  readonly blockId: string;
  readonly outcome: Confirmation;
  readonly news: boolean;
  readonly forged: boolean;
}> {
  const signed = message.subarray(0, -16);
  const received = message.subarray(-16);
  const input = new Reader(signed).magic('SKC1');
  const blockId = input.text();
  const wanted = Array.from({ length: 4 }, () => input.u53());
  input.end();
  if (!isConfirmedBlock(blockId)) throw malformed('only blocks of joins and links are confirmed');
  const decide = (outcome: Confirmation, news = false, forged = false) => ({
    ...{ answer: plainAnswer(outcome, blockId), blockId, outcome, news, forged },
  });
  const block = await tx.block(blockId);
  if (!block) return decide((await wasRefused(tx, blockId)) ? 'refused' : 'later');
  // One's own question, thrown back, says nothing of the other end.
  if (endsOf(block.labels)[1] !== self) throw new KmeError('kme/not-for-us', `${self} asks about ${blockId} itself`);
  const memory = `confirm/${blockId}`;
  const given = (await tx.recall(memory)) as { question: string; answer: string } | undefined;
  if (given) {
    if (given.question !== toHex(message)) return decide('refused');
    return { ...decide('confirmed'), answer: fromHex(given.answer) };
  }
  if (block.state !== 'held') return decide('refused');
  if (block.poisoned) {
    await tx.discard(blockId);
    return decide('refused', true);
  }
  if (!checkTag(await confirmationTag(tx, blockId, 'a', [signed]), received)) return decide('refused', false, true);
  const cuts = await cutsOf(tx, blockId);
  const lengths: number[] = [];
  for (const { lane } of cuts) lengths.push(await tx.length(lane));
  // A hash point that lies beyond what end a has is not that of end a.
  let newPoints = false;
  for (const i of [0, 1]) {
    newPoints ||= lengths[i] === 0 || wanted[i]! <= ((await tx.pads(cuts[i]!.lane).pointAt()) ?? 0);
  }
  const placement = {
    positions: lengths.map((length, i) => Math.max(length, wanted[i]!)),
    newPoints,
  };
  // What the other end has not got is of no use here.
  for (const [i, { lane }] of cuts.entries()) await tx.burnFrom(lane, wanted[i]!);
  const head = new Writer().raw(ascii('SKC2')).u8(STATUS.indexOf('confirmed')).text(blockId);
  for (const position of placement.positions) head.u53(position);
  head.u8(placement.newPoints ? 1 : 0);
  for (const length of lengths) head.u53(length);
  const signedAnswer = head.finish();
  const answer = new Writer()
    .raw(signedAnswer)
    .raw(await confirmationTag(tx, blockId, 'b', [signedAnswer, received]))
    .finish();
  await tx.release(blockId, place(cuts, placement));
  await tx.remember(memory, { question: toHex(message), answer: toHex(answer) });
  return { ...decide('confirmed', true), answer };
}

/**
 * End a: acts on the answer. Releases on `confirmed`; on a refusal it asks again, until there are so many on record that
 * it discards the block and returns `refused`. An answer that does not prove itself throws KmeError `kme/forged` and
 * changes nothing: the question is asked again.
 */
export async function settleConfirmation(
  tx: VaultTransaction,
  blockId: string,
  question: Uint8Array,
  answer: Uint8Array,
): Promise<Confirmation> {
  const input = new Reader(answer).magic('SKC2');
  const outcome = STATUS[input.u8()];
  if (!outcome || input.text() !== blockId) throw malformed('it answers another question');
  const placement =
    outcome === 'confirmed'
      ? { positions: Array.from({ length: 4 }, () => input.u53()), newPoints: input.u8() !== 0 }
      : undefined;
  const theirs = placement && Array.from({ length: 4 }, () => input.u53());
  const received = placement && input.raw(16);
  input.end();
  if (outcome === 'later') return outcome;
  const memory = `confirm/${blockId}`;
  if (!placement || !theirs || !received) {
    const kept = (await tx.recall(memory)) as Asked | undefined;
    const refusals = (kept?.refusals ?? 0) + 1;
    if (kept && refusals < MAX_REFUSALS) {
      await tx.remember(memory, { ...kept, refusals });
      return 'later';
    }
    await tx.forget(memory);
    await tx.discard(blockId);
    return 'refused';
  }
  const expected = await confirmationTag(tx, blockId, 'b', [answer.subarray(0, -16), question.subarray(-16)]);
  if (!checkTag(expected, received))
    throw new KmeError('kme/forged', `the confirmation of ${blockId} is not authentic`);
  await tx.forget(memory);
  const cuts = await cutsOf(tx, blockId);
  let free = true;
  for (const [i, { lane }] of cuts.entries()) free &&= placement.positions[i]! >= (await tx.length(lane));
  if (!free) {
    // There is no use for a block whose place is taken, nor for what has taken it: the other end has the block there.
    for (const [i, { lane }] of cuts.entries()) await tx.burnFrom(lane, placement.positions[i]!);
    await tx.discard(blockId);
    return 'refused';
  }
  for (const [i, { lane }] of cuts.entries()) await tx.burnFrom(lane, theirs[i]!);
  await tx.release(blockId, place(cuts, placement));
  return 'confirmed';
}

/** Where both ends put the parts of a block. */
interface Placement {
  readonly positions: readonly number[];
  /** Whether the authentication lanes take their hash points from this block. */
  readonly newPoints: boolean;
}

function place(cuts: readonly Cut[], { positions, newPoints }: Placement): Cut[] {
  return cuts.map((cut, i) => ({ ...cut, at: positions[i]!, point: newPoints && i < 2 }));
}

function plainAnswer(outcome: Confirmation, blockId: string): Uint8Array {
  return new Writer().raw(ascii('SKC2')).u8(STATUS.indexOf(outcome)).text(blockId).finish();
}

async function cutsOf(tx: VaultTransaction, blockId: string): Promise<Cut[]> {
  const { labels } = (await tx.block(blockId))!;
  const [siteA, siteB] = endsOf(labels);
  return joinCuts(await tx.heldBytes(blockId), siteA, siteB, wayOf(labels.routes));
}

/** Tag of end a or b over its message and the block. The point serves both, each has a pad of its own. */
async function confirmationTag(
  tx: VaultTransaction,
  blockId: string,
  side: 'a' | 'b',
  messages: readonly Uint8Array[],
): Promise<Uint8Array> {
  const block = await tx.readHeld(blockId);
  const point = block.slice(0, 16);
  const pad = side === 'a' ? block.slice(16, 32) : block.slice(32, 48);
  try {
    return block.open((bytes) =>
      tag(point, pad, [...messages, bytes.subarray(CONFIRMATION_BYTES)], `skykey-relay/2 confirm ${side}`),
    );
  } finally {
    for (const secret of [block, point, pad]) secret.wipe();
  }
}
