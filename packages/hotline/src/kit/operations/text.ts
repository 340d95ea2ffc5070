import { readEmergencyFile } from '../../sealed/emergency-file.ts';
import { EmergencyPad } from '../../sealed/emergency-pad.ts';
import { type EmergencyPlan, encodePlan, readPlan } from '../../sealed/emergency-record.ts';
import type { NamedKey } from '../../sealed/key.ts';
import {
  commitmentOf,
  digestOf,
  hybridText,
  keyNeedOf,
  openSealedText,
  readText,
  type Sealing,
  sealText,
  type TextMessage,
} from '../../sealed/payload.ts';
import type { Route } from '../../sealed/route.ts';
import { bytesOf, type Hex, hexOf, secretOf, shown } from '../hex.ts';
import { must, mustNot } from './lanes.ts';

export interface WordsInput {
  readonly text: string;
  readonly author: string;
  readonly sentAtMs: number;
  readonly salt: Hex | null;
}

export interface MessageInput extends WordsInput {
  readonly number: number;
  readonly id: string;
}

export interface KeyInput {
  readonly keyId: string;
  readonly key: Hex;
}

interface PadInput {
  readonly route: Route;
  readonly plan: EmergencyPlan;
  readonly keys: readonly KeyInput[];
  readonly state: Hex | null;
  readonly witnessOffset: number;
}

function wordsOf({ text, author, sentAtMs, salt }: WordsInput) {
  return { text, author, sentAtMs, salt: salt === null ? null : bytesOf(salt) };
}

function messageOf(message: MessageInput): TextMessage {
  return { number: message.number, id: message.id, words: wordsOf(message) };
}

function keysOf(keys: readonly KeyInput[]): NamedKey[] {
  return keys.map(({ keyId, key }) => ({ keyId, key: secretOf(key) }));
}

function shownWords({ text, author, sentAtMs, salt }: TextMessage['words']): WordsInput {
  return { text, author, sentAtMs, salt: salt && hexOf(salt) };
}

function shownMessage({ number, id, words }: TextMessage): MessageInput {
  return { number, id, ...shownWords(words) };
}

function padOf(role: 'sender' | 'receiver', { route, plan, keys, state, witnessOffset }: PadInput): EmergencyPad {
  const kept = state === null ? null : bytesOf(state);
  return new EmergencyPad({ route, role, plan, keys: keysOf(keys), state: kept, witnessOffset });
}

export const TEXT = {
  /** The content of a record of the text lane, and what the transcript holds of it. */
  'text/write'({ sealing, ...message }: MessageInput & { readonly sealing: Sealing }) {
    const own = messageOf(message);
    const commitment = commitmentOf(own);
    return {
      ...(sealing === 'hybrid' ? { payload: hexOf(hybridText(own)) } : {}),
      pad: keyNeedOf(own),
      digest: hexOf(digestOf(sealing, own)),
      commitment: commitment && hexOf(commitment),
    };
  },

  'text/read'({ payload }: { readonly payload: Hex }) {
    const read = readText(bytesOf(payload));
    if (read.sealing === 'hybrid') return { sealing: 'hybrid', ...shownMessage(read.message) };
    const { number, id, onRecord, keyIds, need, ciphertext, tag } = read;
    return { sealing: 'sealed', number, id, onRecord, keyIds, need, ciphertext: hexOf(ciphertext), tag: hexOf(tag) };
  },

  'pad/seal'(input: { readonly route: Route; readonly message: MessageInput; readonly keys: readonly KeyInput[] }) {
    return { payload: hexOf(sealText(input.route, messageOf(input.message), keysOf(input.keys))) };
  },

  'pad/open'(input: { readonly route: Route; readonly payload: Hex; readonly keys: readonly KeyInput[] }) {
    const read = readText(bytesOf(input.payload));
    if (read.sealing !== 'sealed') throw new Error('this vector is of a text without a pad');
    return shownMessage(openSealedText(input.route, read, keysOf(input.keys)));
  },

  'pad/plan'({ plan }: { readonly plan: Hex }) {
    return readPlan(bytesOf(plan));
  },

  /** What a courier brings. */
  'pad/file'({ file }: { readonly file: Hex }) {
    const { conversationId, provenance, pads } = readEmergencyFile(bytesOf(file));
    const shownKeys = (keys: readonly NamedKey[]) => keys.map(({ keyId, key }) => ({ keyId, key: shown(key) }));
    return {
      ...{ conversationId, provenance },
      pads: [pads[1], pads[2]].map(({ plan, keys }) => ({ blockBytes: plan.blockBytes, keys: shownKeys(keys) })),
    };
  },

  'pad/emergency-seal'({ words, ...pad }: PadInput & { readonly words: WordsInput }) {
    const { number, record, state } = padOf('sender', pad).seal(wordsOf(words));
    return { plan: hexOf(encodePlan(pad.plan)), number, record: hexOf(record), state: hexOf(state) };
  },

  'pad/emergency-open'(
    input: PadInput & { readonly opened: readonly Hex[]; readonly refused: readonly Hex[]; readonly record: Hex },
  ) {
    const pad = padOf('receiver', input);
    for (const before of input.opened) must(() => pad.open(bytesOf(before)));
    for (const before of input.refused) mustNot(() => pad.open(bytesOf(before)));
    const { number, words, missing, state } = pad.open(bytesOf(input.record));
    return { number, ...shownWords(words), missing, state: hexOf(state) };
  },
};
