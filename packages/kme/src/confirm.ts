import { checkTag, tag } from '@skykey/distill';
import type { BlockLabels, Cut, Vault } from '@skykey/vault';
import { KmeError } from './error.ts';
import { keyLane, peerLane } from './lanes.ts';
import { fromHex, toHex } from './message.ts';
import { ascii } from './peer.ts';
import { malformed, Reader, Writer } from './wire.ts';

/*
 * End-to-end confirmation of a relayed block between its two stations, before any of it is used: a satellite that lied,
 * or a bit that flipped on the way, is found here.
 *
 * The message cannot be authenticated with lanes that the first block has yet to fill, so it authenticates itself: the
 * first 48 bytes of the block are hash point and two pads, used for nothing else, and each station's tag over the rest
 * convinces the other. Whoever does not hold the block cannot make one; the satellite holds it, but it is trusted anyway.
 *
 * Station a (first of the route) asks, station b answers and releases first. It keeps its answer, so a asks again until
 * it has it. Lane positions are agreed in the same exchange: when one station never released an earlier block (an alarm
 * came between), its lanes are shorter, and both go on behind the longer one. When a station has no authentication lane
 * at all yet, the block brings the hash points for both.
 */

/** Bytes at the head of a relayed block that confirm it and are then overwritten: hash point, pad of a, pad of b. */
export const CONFIRMATION_BYTES = 48;
/** One part in this many of a block goes to each of the two authentication lanes. */
const AUTHENTICATION_PART = 16;
const GRAIN_BYTES = 16;
const RELAY_PREFIX = 'relay:';

export const relayBlockId = (relayId: string): string => `${RELAY_PREFIX}${relayId}`;
export const isRelayBlock = (blockId: string): boolean => blockId.startsWith(RELAY_PREFIX);

/** How both stations cut a relayed block of `bytes` bytes: one sixteenth for tags each way, the rest halved into keys. */
export function relayCuts(bytes: number, siteA: string, siteB: string): Cut[] {
  const whole = (size: number): number => Math.floor(size / GRAIN_BYTES) * GRAIN_BYTES;
  const body = bytes - CONFIRMATION_BYTES;
  const forTags = whole(body / AUTHENTICATION_PART);
  const forKeys = whole((body - 2 * forTags) / 2);
  const lanes = [
    { lane: peerLane(siteA, siteB), size: forTags },
    { lane: peerLane(siteB, siteA), size: forTags },
    { lane: keyLane(siteA, siteB), size: forKeys },
    { lane: keyLane(siteB, siteA), size: forKeys },
  ];
  let from = CONFIRMATION_BYTES;
  return lanes.map(({ lane, size }) => {
    const cut = { lane, from, to: from + size };
    from = cut.to;
    return cut;
  });
}

/** First and last station of the route: a and b. */
export function stations(labels: BlockLabels): readonly [string, string] {
  return [labels.route[0] ?? '', labels.route.at(-1) ?? ''];
}

/** What station b says. `later`: the block is not there yet. `refused`: it is not the same, or is gone. */
export type Confirmation = 'confirmed' | 'later' | 'refused';
const STATUS: readonly Confirmation[] = ['confirmed', 'later', 'refused'];

/**
 * Station a: the question about a block it holds. It is made once and kept: two different questions under one pad would
 * tell the hash point. Throws VaultError `vault/poisoned` when an alarm has emptied the block.
 */
export function askConfirmation(vault: Vault, blockId: string): Uint8Array {
  const memory = `confirm/${blockId}`;
  return vault.atomically(() => {
    const kept = vault.recall(memory) as { question: string } | undefined;
    if (kept) return fromHex(kept.question);
    const head = new Writer().raw(ascii('SKC1')).text(blockId);
    for (const { lane } of cutsOf(vault, blockId)) head.u53(vault.length(lane));
    const signed = head.finish();
    const question = new Writer()
      .raw(signed)
      .raw(confirmationTag(vault, blockId, 'a', [signed]))
      .finish();
    vault.remember(memory, { question: toHex(question) });
    return question;
  });
}

/**
 * Station b: answers, and releases the block when the question proves that station a has the same. A block that differs
 * is discarded. Returns what was decided; `news` is false when it was decided before.
 */
export function answerConfirmation(
  vault: Vault,
  message: Uint8Array,
): { readonly answer: Uint8Array; readonly blockId: string; readonly outcome: Confirmation; readonly news: boolean } {
  const signed = message.subarray(0, -16);
  const received = message.subarray(-16);
  const input = new Reader(signed).magic('SKC1');
  const blockId = input.text();
  const wanted = Array.from({ length: 4 }, () => input.u53());
  input.end();
  if (!isRelayBlock(blockId)) throw malformed('only relayed blocks are confirmed');
  return vault.atomically(() => {
    const decide = (outcome: Confirmation, news: boolean) => ({
      answer: plainAnswer(outcome, blockId),
      blockId,
      outcome,
      news,
    });
    const memory = `confirm/${blockId}`;
    const given = vault.recall(memory) as { question: string; answer: string } | undefined;
    if (given) {
      if (given.question !== toHex(message)) return decide('refused', false);
      return { ...decide('confirmed', false), answer: fromHex(given.answer) };
    }
    const block = vault.block(blockId);
    if (!block) return decide('later', false);
    if (block.state !== 'held') return decide('refused', false);
    if (block.poisoned || !checkTag(confirmationTag(vault, blockId, 'a', [signed]), received)) {
      vault.discard(blockId);
      return decide('refused', true);
    }
    const cuts = cutsOf(vault, blockId);
    const lengths = cuts.map(({ lane }) => vault.length(lane));
    const placement = {
      positions: lengths.map((length, i) => Math.max(length, wanted[i]!)),
      newPoints: [0, 1].some((i) => lengths[i] === 0 || wanted[i] === 0),
    };
    // What the other station has not got is of no use here.
    cuts.forEach(({ lane }, i) => {
      if (wanted[i]! < lengths[i]!) vault.burnTo(lane, lengths[i]!);
    });
    const head = new Writer().raw(ascii('SKC2')).u8(STATUS.indexOf('confirmed')).text(blockId);
    for (const position of placement.positions) head.u53(position);
    head.u8(placement.newPoints ? 1 : 0);
    const signedAnswer = head.finish();
    const answer = new Writer()
      .raw(signedAnswer)
      .raw(confirmationTag(vault, blockId, 'b', [signedAnswer, received]))
      .finish();
    vault.release(blockId, place(cuts, placement));
    vault.remember(memory, { question: toHex(message), answer: toHex(answer) });
    return { answer, blockId, outcome: 'confirmed' as const, news: true };
  });
}

/**
 * Station a: acts on the answer; releases on `confirmed`, discards on `refused`. An answer that does not prove itself
 * throws KmeError `kme/forged` and changes nothing: the question is asked again.
 */
export function settleConfirmation(
  vault: Vault,
  blockId: string,
  question: Uint8Array,
  answer: Uint8Array,
): Confirmation {
  const input = new Reader(answer).magic('SKC2');
  const outcome = STATUS[input.u8()];
  if (!outcome || input.text() !== blockId) throw malformed('it answers another question');
  const placement =
    outcome === 'confirmed'
      ? { positions: Array.from({ length: 4 }, () => input.u53()), newPoints: input.u8() !== 0 }
      : undefined;
  const received = placement && input.raw(16);
  input.end();
  if (outcome === 'later') return outcome;
  return vault.atomically(() => {
    vault.forget(`confirm/${blockId}`);
    const cuts = cutsOf(vault, blockId);
    if (placement && received) {
      const expected = confirmationTag(vault, blockId, 'b', [answer.subarray(0, -16), question.subarray(-16)]);
      if (!checkTag(expected, received))
        throw new KmeError('kme/forged', `the confirmation of ${blockId} is not authentic`);
      if (cuts.every(({ lane }, i) => placement.positions[i]! >= vault.length(lane))) {
        vault.release(blockId, place(cuts, placement));
        return 'confirmed';
      }
    }
    // A refusal proves nothing, and need not: it can only stop. Nor is there use for a block whose place is taken.
    vault.discard(blockId);
    return 'refused';
  });
}

/** Where both stations put the parts of a block. */
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

function cutsOf(vault: Vault, blockId: string): Cut[] {
  const [siteA, siteB] = stations(vault.block(blockId)!.labels);
  return relayCuts(vault.heldBytes(blockId), siteA, siteB);
}

/** Tag of station a or b over its message and the block. The point serves both, each has a pad of its own. */
function confirmationTag(vault: Vault, blockId: string, side: 'a' | 'b', messages: readonly Uint8Array[]): Uint8Array {
  const block = vault.readHeld(blockId);
  const point = block.slice(0, 16);
  const pad = side === 'a' ? block.slice(16, 32) : block.slice(32, 48);
  try {
    return block.open((bytes) =>
      tag(point, pad, [...messages, bytes.subarray(CONFIRMATION_BYTES)], `skykey-relay/1 confirm ${side}`),
    );
  } finally {
    for (const secret of [block, point, pad]) secret.wipe();
  }
}
