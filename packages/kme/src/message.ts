import type { KeyBatch } from '@skykey/vault';
import { keyLane } from './lanes.ts';
import { malformed, Reader, Writer } from './wire.ts';

/** What one KME tells the other. Each is a request; the answer is accepted or refused. */
export type PeerMessage =
  /** Keys that the sender has reserved: the receiver claims the same bytes and keeps them for its SAE. */
  | { readonly kind: 'assign'; readonly batch: KeyBatch }
  /** Keys that shall never be delivered. */
  | { readonly kind: 'void'; readonly batch: KeyBatch }
  /** A quantum link was dropped, or taken back into service. */
  | {
      readonly kind: 'alarm';
      readonly link: string;
      readonly state: 'dropped' | 'open';
      readonly reason: string;
      /** When; the message may be late. Key that the link made after it was dropped is not concerned. */
      readonly atMs: number;
    };

export type PeerAnswer = { readonly accepted: true } | { readonly accepted: false; readonly reason: string };

/** Most keys in one message. */
export const MAX_BATCH = 1024;
const MAX_REASON_BYTES = 2_000;
const KINDS = ['assign', 'void', 'alarm'] as const;

/** Canonical bytes of a message. The lane is not among them: it follows from the direction. */
export function encodeMessage(message: PeerMessage): Uint8Array {
  const out = new Writer().u8(KINDS.indexOf(message.kind));
  if (message.kind === 'alarm') {
    return out
      .text(message.link)
      .u8(message.state === 'dropped' ? 1 : 0)
      .f64(message.atMs)
      .text(message.reason)
      .finish();
  }
  const { bytes, masterSae, slaveSae, keys } = message.batch;
  out.text(masterSae).text(slaveSae).u32(bytes).u32(keys.length);
  for (const { keyId, offset } of keys) out.raw(uuidBytes(keyId)).u53(offset);
  return out.finish();
}

/** Throws KmeError `kme/malformed`. `from` and `to` are the sites of sender and receiver. */
export function decodeMessage(bytes: Uint8Array, from: string, to: string): PeerMessage {
  const input = new Reader(bytes);
  const kind = KINDS[input.u8()];
  if (!kind) throw malformed('its kind is unknown');
  if (kind === 'alarm') {
    const link = input.text();
    const state = input.u8();
    if (state > 1) throw malformed('a link is dropped or open');
    const atMs = input.f64();
    const reason = input.text(MAX_REASON_BYTES);
    input.end();
    return { kind, link, state: state === 1 ? 'dropped' : 'open', reason, atMs };
  }
  const masterSae = input.text();
  const slaveSae = input.text();
  const keyBytes = input.u32();
  const count = input.u32();
  if (keyBytes < 1 || count < 1 || count > MAX_BATCH) throw malformed(`${count} keys of ${keyBytes} bytes`);
  const keys = Array.from({ length: count }, () => ({ keyId: uuidText(input.raw(16)), offset: input.u53() }));
  input.end();
  return { kind, batch: { lane: keyLane(from, to), bytes: keyBytes, masterSae, slaveSae, keys } };
}

export function encodeAnswer(answer: PeerAnswer): Uint8Array {
  return new Writer()
    .u8(answer.accepted ? 1 : 0)
    .text(answer.accepted ? '' : answer.reason)
    .finish();
}

export function decodeAnswer(bytes: Uint8Array): PeerAnswer {
  const input = new Reader(bytes);
  const accepted = input.u8();
  const reason = input.text(MAX_REASON_BYTES);
  input.end();
  if (accepted > 1) throw malformed('an answer is accepted or refused');
  return accepted === 1 ? { accepted: true } : { accepted: false, reason };
}

/** A sentence cut to what fits into a message. */
export function shorten(reason: string): string {
  return reason.toWellFormed().slice(0, 400);
}

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));

function uuidBytes(uuid: string): Uint8Array {
  return fromHex(uuid.replaceAll('-', ''));
}

function uuidText(bytes: Uint8Array): string {
  const hex = toHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
