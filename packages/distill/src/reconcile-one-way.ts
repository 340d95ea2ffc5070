import { type Bits, get, zeros } from '@skykey/bits';
import { countDifferences } from './differences.ts';
import { DistillError } from './error.ts';
import { frameOf } from './ldpc/frame.ts';
import { decodeOneWay, encodeOneWay, type OneWayOptions } from './ldpc/one-way.ts';
import { expectCount } from './line.ts';
import type { Opening, ReconciliationLine } from './reconcile.ts';
import { countBits, nothingToReconcile, type Reconciliation } from './report.ts';

/**
 * Error correction in one message (`ldpc/one-way.ts`) as two parties that have a way back do it: Bob names the frames that
 * failed, and Alice discloses those whole. A failed frame so stays in the key, and the estimate stays about all of it:
 * frames left out would be frames chosen by their errors. Its bits count as leaked, so that nothing secret rests on them.
 *
 * What Bob says is one bit a frame, no function of the errors alone since tags are not linear, and how many bits he corrected.
 */

/** Alice's side. `errorRate` and its spread are hers. Throws what `Line` and `encodeOneWay` throw; then nothing was sent. */
export async function reconcileOneWayAlice(
  line: ReconciliationLine,
  key: Bits,
  { errorRate, ...options }: OneWayOptions & { readonly errorRate: number },
): Promise<Reconciliation> {
  if (!key.length) return nothingToReconcile('ldpc');
  const start = line.bytes;
  const sent = encodeOneWay(key, errorRate, options);
  await line.send({ type: 'syndromes', message: sent.message });
  const { failed } = await line.receive('decoded');
  expectCount('answers about frames', failed.length, sent.frames);
  let leakedBits = sent.leakedBits;
  for (const f of marked(failed)) {
    const bits = frameOf(key, failed.length, f);
    await line.send({ type: 'frames', bits });
    leakedBits += bits.length;
  }
  const { corrected } = await line.receive('reconciled');
  if (corrected > key.length) {
    throw new DistillError('distill/protocol', `the peer corrected ${corrected} bits of ${key.length}`);
  }
  return outcomeOf(key.length, failed, leakedBits, corrected, line.bytes - start);
}

/**
 * Bob's side: the same, and the corrected key. `opening`: Alice's first message, where it is there already. Throws what `Line`
 * and `decodeOneWay` throw.
 */
export async function reconcileOneWayBob(
  line: ReconciliationLine,
  key: Bits,
  errorRate: number,
  opening?: Opening<'syndromes'>,
): Promise<Reconciliation & { readonly key: Bits }> {
  if (!key.length) return { ...nothingToReconcile('ldpc'), key };
  const start = opening?.start ?? line.bytes;
  const { message } = opening?.message ?? (await line.receive('syndromes'));
  const found = decodeOneWay(key, message, errorRate);
  try {
    const failed = zeros(found.frames);
    for (const f of found.failedFrames) failed.bytes[f >> 3]! |= 1 << (f & 7);
    await line.send({ type: 'decoded', failed });
    let { leakedBits } = found;
    for (const f of found.failedFrames) {
      const own = frameOf(found.key, found.frames, f);
      const { bits } = await line.receive('frames');
      expectCount('bits of a disclosed frame', bits.length, own.length);
      own.bytes.set(bits.bytes);
      leakedBits += bits.length;
    }
    const corrected = countDifferences(key, found.key);
    await line.send({ type: 'reconciled', corrected });
    return { ...outcomeOf(key.length, failed, leakedBits, corrected, line.bytes - start), key: found.key };
  } catch (error) {
    found.key.bytes.fill(0);
    throw error;
  }
}

function outcomeOf(
  keyBits: number,
  failed: Bits,
  leakedBits: number,
  corrected: number,
  messageBytes: number,
): Reconciliation {
  const failedFrames = marked(failed).length;
  return {
    method: 'ldpc',
    leakedBits,
    tagAnswers: failed.length,
    announcedBits: failed.length + countBits(keyBits),
    messageBits: 8 * messageBytes,
    // There and back; once more where frames were disclosed.
    roundTrips: failedFrames ? 2 : 1,
    frames: failed.length,
    failedFrames,
    corrected,
  };
}

function marked(failed: Bits): number[] {
  const frames: number[] = [];
  for (let f = 0; f < failed.length; f++) if (get(failed, f)) frames.push(f);
  return frames;
}
