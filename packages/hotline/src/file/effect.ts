import type { FileId } from './id.ts';
import type { FileMessage } from './message.ts';

/**
 * What a transfer asks of its host. Effects are carried out in their order: what comes after a `keep` rests on it. A
 * crash between two of them loses nothing, because each may be carried out twice.
 */
export type FileEffect =
  /** Seal the message into its lane (`laneOf`) and send it; for a chunk, answer `FileSender.chunkSent` once it has left. */
  | { readonly kind: 'send'; readonly fileId: FileId; readonly message: FileMessage }
  /** Read `bytes` at `offset` of the file that is being sent and answer `chunkRead`, or `chunkUnreadable`. */
  | {
      readonly kind: 'read';
      readonly fileId: FileId;
      readonly index: number;
      readonly offset: number;
      readonly bytes: number;
    }
  /** Write `plaintext` at `offset` of the partial file; answer `written` once it is durable, or `writeFailed` and why. */
  | {
      readonly kind: 'write';
      readonly fileId: FileId;
      readonly index: number;
      readonly offset: number;
      readonly plaintext: Uint8Array;
    }
  /** Make `FileReceiver.state()` durable before the effects after this one. */
  | { readonly kind: 'keep'; readonly fileId: FileId }
  /** Hash the whole partial file and answer `verified`. */
  | { readonly kind: 'verify'; readonly fileId: FileId }
  /** The file is whole: give it its name and show it. Does nothing when that was done before. */
  | { readonly kind: 'deliver'; readonly fileId: FileId }
  /** Delete the partial file, if there is one. */
  | { readonly kind: 'discard'; readonly fileId: FileId };
