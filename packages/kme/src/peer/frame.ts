import { checkTag, tag } from '@skykey/distill';
import { VaultError, type VaultTransaction } from '@skykey/vault';
import { KmeError } from '../error.ts';
import { peerLane } from '../lanes.ts';
import { decodeMessage, type PeerMessage } from './message.ts';
import { malformed, Reader, Writer } from './wire.ts';

export const TAG_BYTES = 16;
/** What the messages of one frame may take together; one alone may take as much again. */
export const FRAME_BYTES = 320 * 1024;
export const MAX_PAYLOAD_BYTES = 2 * FRAME_BYTES + 4_096;
/** Messages in one frame, hence under one tag. */
export const MAX_MESSAGES = 128;
/** Pads that everything but alarms and voids leaves, and all but one of them voids do: the reserve that traffic cannot spend. */
export const PADS_KEPT = 5;
/** Answers kept for requests that come again: of the last so many pads, one each. */
export const KEPT_ANSWERS = 16;

/** How many pads must stay after a frame of such messages, or after the answer to it. */
export function padsKept(messages: readonly PeerMessage[]): number {
  if (messages.some(({ kind }) => kind === 'alarm')) return 0;
  return messages.every(({ kind }) => kind === 'void' || kind === 'burn') ? PADS_KEPT - 1 : PADS_KEPT;
}

export interface Request {
  readonly from: string;
  readonly to: string;
  readonly pad: number;
  readonly messages: readonly PeerMessage[];
  readonly signed: Uint8Array;
  readonly tag: Uint8Array;
  readonly frame: Uint8Array;
}

/** Throws KmeError `kme/malformed`. Whether it is authentic is another question. */
export function readRequest(frame: Uint8Array): Request {
  const signed = frame.subarray(0, -TAG_BYTES);
  const input = new Reader(signed).magic('SKQ2');
  const head = { from: input.text(), to: input.text(), pad: input.u53() };
  const payload = input.bytes(MAX_PAYLOAD_BYTES);
  input.end();
  const messages = readList(payload).map((bytes) => decodeMessage(bytes, head.from, head.to));
  return { ...head, messages, signed, tag: frame.subarray(-TAG_BYTES), frame };
}

/** Seals messages under the next pad of `from`. */
export async function sealRequest(
  tx: VaultTransaction,
  from: string,
  to: string,
  messages: readonly Uint8Array[],
): Promise<Uint8Array> {
  const pads = tx.pads(peerLane(from, to));
  const { index, pad } = await pads.useNext();
  const head = new Writer().raw(ascii('SKQ2')).text(from).text(to).u53(index);
  const signed = head.bytes(writeList(messages)).finish();
  const point = await pads.point();
  const sealed = tag(point, pad, [signed], `skykey-kme/2 request ${from}>${to}`);
  point.wipe();
  pad.wipe();
  return new Writer().raw(signed).raw(sealed).finish();
}

/** Uses up pad `index` of what `from` says to `to` for a tag that is right. A wrong one throws, and undoes it with the transaction. */
export async function spendPad(
  tx: VaultTransaction,
  [from, to]: readonly [string, string],
  { kind, index }: { readonly kind: 'request' | 'answer'; readonly index: number },
  signed: readonly Uint8Array[],
  received: Uint8Array,
): Promise<void> {
  const pads = tx.pads(peerLane(from, to));
  const point = await pads.point();
  let pad: Awaited<ReturnType<typeof pads.use>>;
  try {
    pad = await pads.use(index);
  } catch (error) {
    if (!(error instanceof VaultError && error.code === 'vault/taken')) throw error;
    throw new KmeError('kme/replayed', `the pad of message ${index} was used before`, { cause: error });
  }
  const expected = tag(point, pad, signed, `skykey-kme/2 ${kind} ${from}>${to}`);
  point.wipe();
  pad.wipe();
  if (!checkTag(expected, received))
    throw new KmeError('kme/forged', `the tag of message ${index} is not the one expected`);
}

export function writeList(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Writer().u32(parts.length);
  for (const part of parts) out.bytes(part);
  return out.finish();
}

export function readList(bytes: Uint8Array): Uint8Array[] {
  const input = new Reader(bytes);
  const count = input.u32();
  if (count < 1 || count > MAX_MESSAGES) throw malformed(`${count} messages in one frame`);
  const parts = Array.from({ length: count }, () => input.bytes(MAX_PAYLOAD_BYTES));
  input.end();
  return parts;
}

/** A sentence for whoever is entitled to nothing better; the code of a KmeError stands before it. */
export function refusal(refused: unknown): Uint8Array {
  const code = refused instanceof KmeError ? `${refused.code}: ` : '';
  const reason = `${code}${sentence(refused)}`.toWellFormed().slice(0, 400);
  return new Writer().raw(ascii('SKR1')).text(reason, 4_000).finish();
}

export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Whether a message begins with these four letters. */
export const startsWith = (bytes: Uint8Array, magic: string): boolean =>
  bytes.length >= 4 && ascii(magic).every((byte, i) => bytes[i] === byte);

export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
