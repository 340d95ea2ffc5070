/**
 * Files between two desks: encrypted chunk by chunk (`chunked.ts`), offered with a key of their own (`offer.ts`), pulled
 * by the receiver, resumed after any interruption. Machines without I/O: messages, answers of the disk and the time in,
 * effects out (`effect.ts`).
 */
export { CHUNK_BYTES, chunkCount, encryptedBytes, FILE_KEY_BYTES, SALT_BYTES } from './chunked.ts';
export type { FileEffect } from './effect.ts';
export { type FileHashes, FirstPass, MAX_FILE_BYTES } from './first-pass.ts';
export { FILE_ID_BYTES, type FileId } from './id.ts';
export {
  type CancelReason,
  decodeFileMessage,
  encodeFileMessage,
  type FileMessage,
  type FileMessageLane,
  laneOf,
  type PauseReason,
  type RefuseReason,
} from './message.ts';
export { fileNameFrom, isFileName } from './name.ts';
export { decodeOffer, encodeOffer, type FileFacts, type FileOffer, makeOffer, type OfferParts } from './offer.ts';
export { FileReceiver, type FileReceiverOptions } from './receiver.ts';
export type { ReceiverStage } from './receiver-state.ts';
export { FileSender, type FileSenderOptions, type SenderStage } from './sender.ts';
export { FileTransfers, type FileTransfersOptions, MAX_OFFERS, MAX_UNDER_WAY } from './transfers.ts';
