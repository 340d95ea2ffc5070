import { HotlineError } from '../../error.ts';
import { EpochSecrets } from '../../secret/combiner.ts';
import { Epoch } from '../../secret/epoch.ts';
import type { Direction, Lane } from '../../secret/lanes.ts';
import { ReceivingChain, SendingChain } from '../../secret/ratchet.ts';
import { sealRecord } from '../../secret/record.ts';
import { briefly, bytesOf, type Hex, hexOf, secretOf, shown } from '../hex.ts';

interface SealInput {
  /** First chain key of lane and direction, 32 bytes. */
  readonly chain: Hex;
  readonly lane: Lane;
  readonly direction: Direction;
  readonly epochId: Hex;
  /** Of the record; those before it are passed over. */
  readonly counter: number;
  readonly plaintext: Hex;
}

interface OpenInput {
  /** The 64 bytes of section 3. */
  readonly epoch: Hex;
  readonly ownId: string;
  readonly peerId: string;
  /** Opened before, in this order. */
  readonly opened: readonly Hex[];
  /** Refused before. */
  readonly refused: readonly Hex[];
  readonly record: Hex;
}

/** Records `from` to `to`, one after the other, that came at a time. */
interface Run {
  readonly from: number;
  readonly to: number;
  readonly atMs: number;
}

interface ReceiveInput {
  readonly chain: Hex;
  readonly opened: readonly Run[];
  /** Counters of forgeries that came then. */
  readonly forged: readonly number[];
  readonly counter: number;
  readonly atMs: number;
  /** Whether the record proves authentic. */
  readonly authentic: boolean;
}

interface SendInput {
  readonly chain: Hex;
  /** Sizes of the records before, bytes. */
  readonly sent: readonly { readonly records: number; readonly bytes: number }[];
  readonly bytes: number;
}

export const LANES = {
  'record/seal'({ chain, lane, direction, epochId, counter, plaintext }: SealInput) {
    const sending = new SendingChain(secretOf(chain));
    for (let before = 1; before < counter; before++) sending.next(0).key.wipe();
    const messageKey = sending.next(0);
    const [key, commitment] = [shown(messageKey.key), hexOf(messageKey.commitment)];
    const record = sealRecord(lane, direction, bytesOf(epochId), messageKey, bytesOf(plaintext));
    return { key, commitment, record: briefly(record) };
  },

  'record/open'({ epoch, ownId, peerId, opened, refused, record }: OpenInput) {
    const secrets = new EpochSecrets(secretOf(epoch));
    const desk = new Epoch({ ownId, peerId, number: 1, secrets, nowMs: 0 });
    for (const before of opened) must(() => desk.open(bytesOf(before), 0));
    for (const before of refused) mustNot(() => desk.open(bytesOf(before), 0));
    const { lane, counter, plaintext } = desk.open(bytesOf(record), 0);
    return { lane, counter, plaintext: briefly(plaintext), highest: desk.highest(lane) };
  },

  'chain/receive'({ chain, opened, forged, counter, atMs, authentic }: ReceiveInput) {
    const receiving = new ReceivingChain(secretOf(chain));
    for (const run of opened) {
      for (let n = run.from; n <= run.to; n++) must(() => receiving.open(n, run.atMs, () => true));
    }
    for (const n of forged) mustNot(() => receiving.open(n, atMs, () => null));
    const material = receiving.open(counter, atMs, (key, commitment) =>
      authentic ? { key: shown(key), commitment: hexOf(commitment) } : null,
    );
    return { ...material, highest: receiving.highest, skippedKeys: receiving.kept.skipped };
  },

  'chain/send'({ chain, sent, bytes }: SendInput) {
    const sending = new SendingChain(secretOf(chain));
    for (const size of sent) {
      for (let n = 0; n < size.records; n++) must(() => sending.next(size.bytes).key.wipe());
    }
    const { counter, key, commitment } = sending.next(bytes);
    return { counter, key: shown(key), commitment: hexOf(commitment) };
  },
};

/** What comes before the step that a vector is about must not be taken for its outcome. */
export function must(step: () => void): void {
  try {
    step();
  } catch (cause) {
    throw new Error('a step before that of the vector was refused', { cause });
  }
}

export function mustNot(step: () => void): void {
  try {
    step();
  } catch (error) {
    if (error instanceof HotlineError) return;
    throw error;
  }
  throw new Error('a step before that of the vector was not refused');
}
