import type { SecretBytes } from '@skykey/bits';
import { CHUNK_BYTES } from '../chunked.ts';
import type { FileEffect } from '../effect.ts';
import type { FileBody, FileMessage } from '../message.ts';
import type { FileOffer } from '../offer.ts';
import { FileReceiver } from '../receiver.ts';
import { FileSender } from '../sender.ts';
import { CONVERSATION, firstPass, offerOf } from './day.ts';

export const START = new Uint8Array(8).fill(0x51);

/** One machine of either kind for `file`, driven by hand. */
export function senderOf(
  file: Uint8Array,
  more: Partial<ConstructorParameters<typeof FileSender>[0]> = {},
): { sender: FileSender; offer: FileOffer } {
  const offer = more.offer ?? offerOf(file);
  const sender = new FileSender({
    conversationId: CONVERSATION,
    offer,
    hashes: firstPass(file),
    start: START,
    ...more,
  });
  return { sender, offer };
}

export function receiverOf(
  file: Uint8Array,
  more: Partial<ConstructorParameters<typeof FileReceiver>[0]> = {},
): { receiver: FileReceiver; offer: FileOffer } {
  const offer = offerOf(file);
  const { key, ...facts } = offer;
  const options = { conversationId: CONVERSATION, facts, key: copyOf(key), start: START, ...more };
  return { receiver: new FileReceiver(options), offer };
}

export function copyOf(key: SecretBytes): SecretBytes {
  return key.slice(0, key.length);
}

let next = 0;

/** `body` as the peer would say it, with an id that no message had before. */
export function said(offer: FileOffer, body: FileBody, number: number = next++): FileMessage {
  return { ...body, fileId: offer.fileId, id: { start: 'feedfeedfeedfeed', number } };
}

/** Effects in short: `send:request`, `write` … */
export function kindsOf(effects: readonly FileEffect[]): string[] {
  return effects.map((effect) => (effect.kind === 'send' ? `send:${effect.message.kind}` : effect.kind));
}

/** What is sent, without ids. */
export function sentBy(effects: readonly FileEffect[]): FileBody[] {
  return effects.flatMap((effect) => {
    if (effect.kind !== 'send') return [];
    const { fileId: _, id: __, ...body } = effect.message;
    return [body];
  });
}

export function chunkOf(file: Uint8Array, index: number): Uint8Array {
  return file.slice(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
}
