import { SecretBytes } from '@skykey/bits';
import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { FILE_KEY_BYTES, FileCipher, PREFIX_BYTES } from './chunked.ts';
import { type FileHashes, refuseFileLength } from './first-pass.ts';
import { bytesOfHex, FILE_ID_BYTES, type FileId, hexOf, isFileId } from './id.ts';
import { fileNameFrom, isFileName } from './name.ts';

/** What may be shown and kept of an offered file. */
export interface FileFacts {
  readonly fileId: FileId;
  /** Passes `isFileName`. */
  readonly name: string;
  /** Length of the plaintext, 0 to 2^32 - 1. */
  readonly bytes: number;
  /** SHA-256 of the plaintext, 32 bytes. */
  readonly sha256: Uint8Array;
  /** Salt and commitment, 56 bytes: the head of the encrypted file (`chunked.ts`). */
  readonly prefix: Uint8Array;
}

/** What one desk says to the other about a file. It holds the key: only an encrypted lane may carry it. */
export interface FileOffer extends FileFacts {
  /** 32 random bytes, for this file alone. Whoever holds the offer wipes it. */
  readonly key: SecretBytes;
}

const VERSION = 1;
const SHA256_BYTES = 32;
const CONVERSATION_ID_BYTES = 16;
const CONTEXT_LABEL = new TextEncoder().encode('skykey/file/v1');

/**
 * The context of the key derivation: "skykey/file/v1" ‖ conversation id (16) ‖ file id (16) ‖ SHA-256 of the plaintext
 * (32). A chunk therefore opens in its own conversation and its own file only, and another content under the same id
 * and key would have other keys and nonces.
 */
export function fileContext(conversationId: Uint8Array, facts: Pick<FileFacts, 'fileId' | 'sha256'>): Uint8Array {
  if (conversationId.length !== CONVERSATION_ID_BYTES) {
    throw new HotlineError(
      'hotline/bad-argument',
      `the id of a conversation has 16 bytes here, not ${conversationId.length}`,
    );
  }
  return new Writer().raw(CONTEXT_LABEL).raw(conversationId).raw(bytesOfHex(facts.fileId)).raw(facts.sha256).finish();
}

/** Everything a new offer is made of; the random values are handed in, fresh for this file. */
export interface OfferParts {
  /** 16 bytes. */
  readonly conversationId: Uint8Array;
  /** 16 random bytes. */
  readonly fileId: Uint8Array;
  /** As the person's disk or browser names it; made safe here. */
  readonly name: string;
  readonly hashes: FileHashes;
  /** 32 random bytes; the offer keeps it, and whoever holds the offer wipes it. */
  readonly key: SecretBytes;
  /** 24 random bytes. */
  readonly salt: Uint8Array;
}

export function makeOffer(parts: OfferParts): FileOffer {
  if (parts.fileId.length !== FILE_ID_BYTES) {
    throw new HotlineError('hotline/bad-argument', `the id of a file has 16 bytes, not ${parts.fileId.length}`);
  }
  const fileId = hexOf(parts.fileId);
  const { bytes, sha256 } = parts.hashes;
  const cipher = FileCipher.create(parts.key, parts.salt, fileContext(parts.conversationId, { fileId, sha256 }));
  const prefix = cipher.prefix;
  cipher.wipe();
  return { fileId, name: fileNameFrom(parts.name), bytes, sha256, prefix, key: parts.key };
}

/**
 * 01 ‖ file id (16) ‖ length u32 ‖ SHA-256 (32) ‖ salt (24) ‖ commitment (32) ‖ key (32) ‖ name (u8 length ‖ UTF-8).
 * The result holds the key: seal it, then wipe it.
 */
export function encodeOffer(offer: FileOffer): SecretBytes {
  if (!isFileId(offer.fileId) || !isFileName(offer.name)) {
    throw new HotlineError('hotline/bad-argument', 'this offer has no proper file id or name: make it with makeOffer');
  }
  refuseFileLength(offer.bytes);
  const head = new Writer().u8(VERSION).raw(bytesOfHex(offer.fileId)).u32(offer.bytes);
  head.raw(offer.sha256).raw(offer.prefix);
  return SecretBytes.adopt(offer.key.open((key) => head.raw(key).name(offer.name).finish()));
}

/**
 * Reads an offer and believes nothing. Throws HotlineError `hotline/malformed`, also for a name that could deceive: an
 * honest desk has made it safe. `bytes` holds the key and stays the caller's to overwrite.
 */
export function decodeOffer(bytes: Uint8Array): FileOffer {
  const reader = new Reader(bytes, 'the offer of a file');
  const version = reader.u8();
  if (version !== VERSION) {
    throw reader.refuse(`it is of version ${version}, this desk reads version ${VERSION}: bring both to one version`);
  }
  const fileId = hexOf(reader.raw(FILE_ID_BYTES));
  const length = reader.u32();
  const sha256 = reader.raw(SHA256_BYTES);
  const prefix = reader.raw(PREFIX_BYTES);
  const key = SecretBytes.adopt(reader.raw(FILE_KEY_BYTES));
  try {
    const name = reader.name();
    reader.end();
    if (!isFileName(name)) throw reader.refuse('the name in it holds characters that could deceive whoever reads it');
    return { fileId, name, bytes: length, sha256, prefix, key };
  } catch (error) {
    key.wipe();
    throw error;
  }
}
