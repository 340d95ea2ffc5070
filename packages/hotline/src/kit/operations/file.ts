import { FileCipher, openFile, sealFile } from '../../file/chunked.ts';
import { decodeFileMessage, encodeFileMessage, type FileMessageLane } from '../../file/message.ts';
import { fileNameFrom, isFileName } from '../../file/name.ts';
import { decodeOffer, encodeOffer, fileContext } from '../../file/offer.ts';
import { briefly, bytesOf, type Hex, hexOf, secretOf, shown } from '../hex.ts';

export interface FileInput {
  readonly key: Hex;
  readonly conversationId: Hex;
  readonly fileId: Hex;
  /** SHA-256 of the plaintext. */
  readonly sha256: Hex;
}

function contextOf({ conversationId, fileId, sha256 }: FileInput): Uint8Array {
  return fileContext(bytesOf(conversationId), { fileId, sha256: bytesOf(sha256) });
}

export const FILE = {
  'file/seal'({ salt, plaintext, ...file }: FileInput & { readonly salt: Hex; readonly plaintext: Hex }) {
    const cipher = FileCipher.create(secretOf(file.key), bytesOf(salt), contextOf(file));
    return { encrypted: briefly(Buffer.concat([...sealFile(cipher, [bytesOf(plaintext)])])) };
  },

  'file/open'({ encrypted, ...file }: FileInput & { readonly encrypted: Hex }) {
    return {
      plaintext: briefly(Buffer.concat([...openFile(secretOf(file.key), contextOf(file), bytesOf(encrypted))])),
    };
  },

  'file/chunk'({
    prefix,
    index,
    sealed,
    ...file
  }: FileInput & { readonly prefix: Hex; readonly index: number; readonly sealed: Hex }) {
    const cipher = FileCipher.open(secretOf(file.key), bytesOf(prefix), contextOf(file));
    return { plaintext: briefly(cipher.openChunk(index, bytesOf(sealed))) };
  },

  'file/offer'({ offer }: { readonly offer: Hex }) {
    const read = decodeOffer(bytesOf(offer));
    if (shown(encodeOffer(read)) !== hexOf(bytesOf(offer))) throw new Error('an offer has two encodings');
    const { fileId, name, bytes, sha256, prefix, key } = read;
    return { fileId, name, bytes, sha256: hexOf(sha256), prefix: hexOf(prefix), key: shown(key) };
  },

  'file/message'({ lane, bytes }: { readonly lane: FileMessageLane; readonly bytes: Hex }) {
    const message = decodeFileMessage(bytesOf(bytes), lane);
    if (hexOf(encodeFileMessage(message)) !== hexOf(bytesOf(bytes))) throw new Error('a message has two encodings');
    return message.kind === 'chunk' ? { ...message, sealed: briefly(message.sealed) } : message;
  },

  /** What a sender makes of a name, and whether a receiver takes it as it is. */
  'file/name'({ name }: { readonly name: string }) {
    return { name: fileNameFrom(name), taken: isFileName(name) };
  },
};
