import { createHash } from 'node:crypto';
import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { isUuid, UUID_BYTES, uuidBytes, uuidText } from '../secret/uuid.ts';
import { blockOf, MAX_BLOCK_BYTES, padNeed, padNeedOfBlock, type Words, wordsOf } from './block.ts';
import type { KeyNeed, NamedKey } from './key.ts';
import { areKeysFor, openWithPad, PAD_TAG_BYTES, sealWithPad } from './one-time-pad.ts';
import { checkRoute, type Route } from './route.ts';

/**
 * What a record of the text lane carries. Kind, number, id and flags first, alike for both kinds:
 *
 *   kind (1) ‖ number (8) ‖ id (16) ‖ flags (1: bit 0 on the record) ‖
 *     hybrid text, kind 1:  n (2) ‖ block (n)
 *     sealed text, kind 2:  k (1) ‖ key ids (16 k) ‖ n (2) ‖ ciphertext (n) ‖ tag (16)
 *
 * A sealed text is encrypted twice: by the one-time pad here and by the lane around it. Whoever stole the pad, or broke the
 * lane, has nothing.
 */
export type Sealing = 'hybrid' | 'sealed';

export interface TextMessage {
  /** 1, 2, 3 … per direction. */
  readonly number: number;
  /** 16 random bytes, written as a UUID: tells this message from another that came to the same number. */
  readonly id: string;
  readonly words: Words;
}

/** A sealed text whose keys are not there yet. Nothing of it is believed before `openSealedText`. */
export interface SealedText {
  readonly sealing: 'sealed';
  readonly number: number;
  readonly id: string;
  readonly onRecord: boolean;
  /** In the order in which their bytes are used. */
  readonly keyIds: readonly string[];
  readonly need: KeyNeed;
  /** Everything before the ciphertext, as it came. */
  readonly header: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly tag: Uint8Array;
}

export interface HybridText {
  readonly sealing: 'hybrid';
  readonly message: TextMessage;
}

const KIND: Readonly<Record<Sealing, number>> = { hybrid: 1, sealed: 2 };
const ON_RECORD = 1;
const CONTEXT = 'skykey/hotline/sealed/2';

/** Keys to draw for `sealText`. */
export function keyNeedOf({ words }: TextMessage): KeyNeed {
  const bytes = (text: string): number => new TextEncoder().encode(text).length;
  return padNeed(bytes(words.text), bytes(words.author), words.salt !== null);
}

/** Throws HotlineError `hotline/bad-argument`, `hotline/too-long` as `blockOf`. */
export function hybridText(message: TextMessage): Uint8Array {
  const block = blockOf(message.words);
  const payload = opening('hybrid', message).u16(block.length).raw(block).finish();
  block.fill(0);
  return payload;
}

/**
 * Seals with keys of `keyNeedOf`, which are overwritten whatever happens: a message that is sealed again takes other keys.
 * Throws HotlineError `hotline/no-key` for other keys, else as `blockOf`.
 */
export function sealText(route: Route, message: TextMessage, keys: readonly NamedKey[]): Uint8Array {
  const keyIds = keys.map(({ keyId }) => keyId);
  try {
    checkRoute(route);
    const block = blockOf(message.words);
    const need = keyNeedOf(message);
    if (!areKeysFor(need, keyIds, keys) || !keyIds.every(isUuid)) {
      throw new HotlineError(
        'hotline/no-key',
        `the key manager delivered other keys than asked for (${need.count} of ${need.bytesPerKey} bytes, each id once)`,
        { burntKeyIds: keyIds },
      );
    }
    const header = opening('sealed', message).u8(keyIds.length);
    for (const keyId of keyIds) header.raw(uuidBytes(keyId));
    const headerBytes = header.u16(block.length).finish();
    const [ciphertext, tag] = sealWithPad(
      keys.map(({ key }) => key),
      CONTEXT,
      route,
      headerBytes,
      block,
    );
    block.fill(0);
    return new Writer().raw(headerBytes).raw(ciphertext).raw(tag).finish();
  } finally {
    for (const { key } of keys) key.wipe();
  }
}

/** Takes the content of a record of the text lane apart. Throws HotlineError `hotline/malformed`. */
export function readText(payload: Uint8Array): HybridText | SealedText {
  const reader = new Reader(payload, 'the text');
  const kind = reader.u8();
  const number = reader.u64();
  if (number < 1) throw reader.refuse('its number is 0; the first is 1');
  const id = uuidText(reader.raw(UUID_BYTES));
  const flags = reader.u8();
  if (flags > ON_RECORD) throw reader.refuse(`its flags ${flags} have no meaning in this version`);
  const onRecord = flags === ON_RECORD;
  if (kind === KIND.hybrid) {
    const block = reader.raw(blockBytesOf(reader));
    reader.end();
    try {
      return { sealing: 'hybrid', message: { number, id, words: wordsOf(block, onRecord) } };
    } finally {
      block.fill(0);
    }
  }
  if (kind !== KIND.sealed) throw reader.refuse(`there is no kind ${kind} of text in this version`);
  const keyIds = Array.from({ length: reader.u8() }, () => uuidText(reader.raw(UUID_BYTES)));
  if (new Set(keyIds).size !== keyIds.length) throw reader.refuse('it names a key twice');
  const blockBytes = blockBytesOf(reader);
  const need = padNeedOfBlock(blockBytes)!;
  if (need.count !== keyIds.length)
    throw reader.refuse(`it names ${keyIds.length} keys where its length takes ${need.count}`);
  const header = payload.slice(0, reader.at);
  const ciphertext = reader.raw(blockBytes);
  const tag = reader.raw(PAD_TAG_BYTES);
  reader.end();
  return { sealing: 'sealed', number, id, onRecord, keyIds, need, header, ciphertext, tag };
}

/**
 * The message, opened with the keys that it names; they are overwritten whatever happens. HotlineError `hotline/forged`
 * when it was not sealed with these keys for this route and number, `hotline/malformed` for authentic content that no
 * desk writes; both name the keys as burnt.
 */
export function openSealedText(route: Route, sealed: SealedText, keys: readonly NamedKey[]): TextMessage {
  const { number, id, onRecord, keyIds, need, header, ciphertext, tag } = sealed;
  let block: Uint8Array | null = null;
  try {
    checkRoute(route);
    if (areKeysFor(need, keyIds, keys)) {
      block = openWithPad(
        keys.map(({ key }) => key),
        CONTEXT,
        route,
        header,
        ciphertext,
        tag,
      );
    }
    if (!block) {
      throw new HotlineError(
        'hotline/forged',
        `text ${number} was altered on its way or is not from ${route.sender}; its keys are used up`,
      );
    }
    return { number, id, words: wordsOf(block, onRecord) };
  } catch (error) {
    if (!(error instanceof HotlineError)) throw error;
    throw new HotlineError(error.code, error.message, { cause: error, burntKeyIds: keys.map(({ keyId }) => keyId) });
  } finally {
    block?.fill(0);
    for (const { key } of keys) key.wipe();
  }
}

/**
 * What the transcript holds of a message, the same at both desks and for every time it is sealed: SHA-256 of kind, number,
 * id and flags and, for a hybrid text, of its block; the random id keeps a short text from being guessed. Of a sealed text
 * no hash is taken: its tag proves it already, and a hash would say to an unbounded computer which text it was.
 */
export function digestOf(sealing: Sealing, message: TextMessage): Uint8Array {
  const block = sealing === 'hybrid' ? blockOf(message.words) : new Uint8Array(0);
  const bytes = new Writer().name('skykey/hotline/text/2').raw(opening(sealing, message).finish()).long(block).finish();
  block.fill(0);
  const digest = sha256(bytes);
  bytes.fill(0);
  return digest;
}

/**
 * On the record: SHA-256 of the words under their salt, so that whoever is shown words and salt can check the signed
 * transcript, and nobody else learns them from it, as far as SHA-256 holds. Off the record: null.
 */
export function commitmentOf(message: TextMessage): Uint8Array | null {
  if (message.words.salt === null) return null;
  const block = blockOf(message.words);
  const bytes = new Writer().name('skykey/hotline/words/2').u64(message.number).long(block).finish();
  block.fill(0);
  const commitment = sha256(bytes);
  bytes.fill(0);
  return commitment;
}

function opening(sealing: Sealing, { number, id, words }: TextMessage): Writer {
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new HotlineError('hotline/bad-argument', `the number of a message must be 1 or higher, not ${number}`);
  }
  if (!isUuid(id)) throw new HotlineError('hotline/bad-argument', 'the id of a message must be a UUID in lower case');
  return new Writer()
    .u8(KIND[sealing])
    .u64(number)
    .raw(uuidBytes(id))
    .u8(words.salt === null ? 0 : ON_RECORD);
}

function blockBytesOf(reader: Reader): number {
  const bytes = reader.u16();
  if (bytes > MAX_BLOCK_BYTES || !padNeedOfBlock(bytes)) throw reader.refuse(`no text has a block of ${bytes} bytes`);
  return bytes;
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
