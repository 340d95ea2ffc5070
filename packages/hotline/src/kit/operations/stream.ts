import { createPublicKey } from 'node:crypto';
import type { Direction, Lane } from '../../secret/lanes.ts';
import { recordOrigin } from '../../session/record.ts';
import { beyondOf, encodeAck, encodeHolding, highestOf, readAck, readHolding } from '../../stream/ack.ts';
import { Inbox } from '../../stream/inbox.ts';
import { Outbox } from '../../stream/outbox.ts';
import { encodeSignedHead, readSignedHead, recordBytes, verifySignedHead } from '../../stream/signed-head.ts';
import { encodeHead, readHead, Transcript } from '../../stream/transcript.ts';
import { briefly, bytesOf, type Hex, hexOf } from '../hex.ts';
import { must } from './lanes.ts';

export interface EntryInput {
  readonly direction: Direction;
  readonly lane: Lane;
  readonly number: number;
  readonly digest: Hex;
  readonly commitment: Hex | null;
}

interface PartiesInput {
  readonly conversationId: string;
  readonly desks: readonly [string, string];
}

function transcriptOf(origin: Hex, entries: readonly EntryInput[]): Transcript {
  const transcript = new Transcript(bytesOf(origin));
  transcript.add(
    entries.map(({ digest, commitment, ...entry }) => ({
      ...entry,
      digest: bytesOf(digest),
      commitment: commitment === null ? null : bytesOf(commitment),
    })),
  );
  return transcript;
}

export const STREAM = {
  'stream/ack'({ ack }: { readonly ack: Hex }) {
    const read = readAck(bytesOf(ack));
    if (hexOf(encodeAck(read)) !== hexOf(bytesOf(ack))) throw new Error('an ack has two encodings');
    return { cumulative: read.cumulative, beyond: beyondOf(read), highest: highestOf(read) };
  },

  'stream/holding'({ holding }: { readonly holding: Hex }) {
    const read = readHolding(bytesOf(holding));
    if (hexOf(encodeHolding(read)) !== hexOf(bytesOf(holding))) throw new Error('a holding has two encodings');
    return { next: read.next, held: read.held };
  },

  /** An ack comes to a sender that holds `state` (written as a holding). `sent`: what it adds and sends before. */
  'stream/acknowledge'({
    state,
    add,
    sent,
    ack,
  }: {
    readonly state: Hex | null;
    readonly add: number;
    readonly sent: boolean;
    readonly ack: Hex;
  }) {
    const outbox = new Outbox({ state: state === null ? null : bytesOf(state) });
    for (let i = 0; i < add; i++) must(() => void outbox.add());
    if (sent) outbox.due(0, add);
    const { confirmed, state: after } = outbox.acknowledge(readAck(bytesOf(ack)));
    return { confirmed, state: hexOf(after) };
  },

  /** Numbers come to a receiver, then a holding, then one number. */
  'stream/accept'({
    numbers,
    holding,
    number,
  }: {
    readonly numbers: readonly number[];
    readonly holding: Hex | null;
    readonly number: number;
  }) {
    const inbox = new Inbox(null);
    for (const before of numbers) must(() => void inbox.accept(before));
    const settled = holding === null ? null : inbox.lose(readHolding(bytesOf(holding)));
    const accepted = inbox.accept(number);
    return {
      lost: settled ? { numbers: settled.lost, released: settled.released } : null,
      kind: accepted.kind,
      released: accepted.kind === 'new' ? accepted.released : [],
      ack: hexOf(encodeAck(inbox.ack)),
      state: hexOf(inbox.state),
    };
  },

  'stream/transcript'({ origin, entries }: { readonly origin: Hex; readonly entries: readonly EntryInput[] }) {
    return { head: hexOf(encodeHead(transcriptOf(origin, entries).head())) };
  },

  'stream/head'({ head }: { readonly head: Hex }) {
    const { origin, chains } = readHead(bytesOf(head));
    return { origin: hexOf(origin), chains: chains.map(({ hash, ...chain }) => ({ ...chain, hash: hexOf(hash) })) };
  },

  'stream/compare'({
    origin,
    entries,
    head,
  }: {
    readonly origin: Hex;
    readonly entries: readonly EntryInput[];
    readonly head: Hex;
  }) {
    const comparison = transcriptOf(origin, entries).compare(readHead(bytesOf(head)));
    return comparison.kind === 'mismatch' ? { kind: 'mismatch' } : comparison;
  },

  /** Where the transcript of what is said on the record begins. */
  'stream/record-origin'({ origin }: { readonly origin: Hex }) {
    return { origin: hexOf(recordOrigin(bytesOf(origin))) };
  },

  /** What both desks sign. */
  'stream/signed-bytes'({ head, ...parties }: PartiesInput & { readonly head: Hex }) {
    return { bytes: hexOf(recordBytes(parties, readHead(bytesOf(head)))) };
  },

  /** Body of a notice `signature`. */
  'stream/signed-read'({ signed }: { readonly signed: Hex }) {
    const read = readSignedHead(bytesOf(signed));
    if (hexOf(encodeSignedHead(read)) !== hexOf(bytesOf(signed))) throw new Error('a signed head has two encodings');
    const { head, signatures } = read;
    return {
      head: hexOf(encodeHead(head)),
      signatures: signatures.map(({ deskId, signature }) => ({ deskId, signature: briefly(signature) })),
    };
  },

  /** Both have signed. `keys`: public keys by desk id, SubjectPublicKeyInfo (DER). */
  'stream/signed-verify'({
    signed,
    keys,
    ...parties
  }: PartiesInput & { readonly signed: Hex; readonly keys: Readonly<Record<string, Hex>> }) {
    const pinned = Object.entries(keys).map(
      ([desk, key]) =>
        [desk, createPublicKey({ key: Buffer.from(bytesOf(key)), format: 'der', type: 'spki' })] as const,
    );
    verifySignedHead(parties, readSignedHead(bytesOf(signed)), new Map(pinned));
    return { signedBy: pinned.map(([desk]) => desk) };
  },
};
