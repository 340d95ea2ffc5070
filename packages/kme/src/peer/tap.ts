/** What anybody on a public line can read of the messages between nodes: they are authenticated, not encrypted. */
import { KmeError } from '../error.ts';
import { startsWith } from './frame.ts';
import { decodeMessage, type PeerMessage } from './message.ts';
import { Reader } from './wire.ts';

export type Overheard =
  | { readonly kind: 'frame'; readonly from: string; readonly to: string; readonly messages: readonly PeerMessage[] }
  /** A joined block is in use at both ends from now on; `positions` are those of its `joinCuts` in their lanes. */
  | { readonly kind: 'confirmed'; readonly blockId: string; readonly positions: readonly number[] }
  /** Questions, answers and refusals that tell nothing of keys. */
  | { readonly kind: 'other' };

const TAG_BYTES = 16;
const CUTS = 4;
/** Beyond what any node sends. */
const LIMIT = 2 ** 21;

/** Reads one message or answer off the line. Whether it is authentic only its receiver can know. */
export function overhear(bytes: Uint8Array): Overheard {
  if (startsWith(bytes, 'SKQ2')) {
    const input = new Reader(bytes.subarray(0, -TAG_BYTES)).magic('SKQ2');
    const [from, to] = [input.text(), input.text()];
    input.u53();
    const list = new Reader(input.bytes(LIMIT));
    input.end();
    const messages = Array.from({ length: list.u32() }, () => decodeMessage(list.bytes(LIMIT), from, to));
    list.end();
    return { kind: 'frame', from, to, messages };
  }
  if (startsWith(bytes, 'SKC2')) {
    const input = new Reader(bytes).magic('SKC2');
    // 0 is `confirmed` (`relay/confirm.ts`).
    if (input.u8() !== 0) return { kind: 'other' };
    return { kind: 'confirmed', blockId: input.text(), positions: Array.from({ length: CUTS }, () => input.u53()) };
  }
  if (['SKC1', 'SKA2', 'SKR1'].some((magic) => startsWith(bytes, magic))) return { kind: 'other' };
  throw new KmeError('kme/malformed', 'this is no message between nodes');
}
