import type { KeyObject } from 'node:crypto';
import type { FileHashes } from '../file/index.ts';
import type { Sealing } from '../sealed/index.ts';
import type { NamedKey } from '../sealed/key.ts';

/**
 * What a session is handed in. It knows no socket, disk, clock or chance of its own, so that the same code runs at a site
 * and in a simulation that loses messages and pulls plugs.
 */
export interface SessionPorts {
  readonly store: SessionStore;
  readonly keys: KeySource;
  readonly files: FileShelf;
  /** To the other desk, over a line that may lose, double, reorder or alter it. Never waits. */
  readonly post: (bytes: Uint8Array) => void;
  readonly random: (bytes: number) => Uint8Array;
  /** Milliseconds of UTC; may be set back, which costs time and nothing else. */
  readonly nowMs: () => number;
  /** Something to show has changed. Told after it is durable. */
  readonly tell: (news: SessionNews) => void;
}

/** Durable memory of one session, sealed at rest by whoever hands it in. */
export interface SessionStore {
  /** All names that begin with `session/`. */
  load(): Promise<ReadonlyMap<string, Uint8Array>>;
  /** All of it or nothing; resolves when it would survive a power cut. */
  commit(changes: Changes): Promise<void>;
}

export interface Changes {
  /** null deletes. */
  readonly puts: ReadonlyMap<string, Uint8Array | null>;
  /** New or changed messages and files, by `id`. */
  readonly messages: readonly SessionMessage[];
  readonly files: readonly SessionFile[];
}

/** A key of the key manager, handed over: the session overwrites it. */
export interface SessionKey extends NamedKey {
  /** Where it comes from, the same words at both sites: "direct", "via micius". 1 to 255 bytes of UTF-8. */
  readonly provenance: string;
}

/**
 * The key manager of this site, ETSI GS QKD 014 in production: each key is delivered once on each side, and after an alarm
 * none that was made before it. Both reject when they cannot deliver all that was asked, with a sentence for people, and
 * must not wait for ever.
 */
export interface KeySource {
  draw(bytesPerKey: number, count: number): Promise<readonly SessionKey[]>;
  /** In this order. */
  fetch(keyIds: readonly string[]): Promise<readonly SessionKey[]>;
}

/**
 * Contents of files at this site. A file that is sent is there under its id before it is offered, and is discarded when its
 * transfer has ended: nothing reads it any more.
 */
export interface FileShelf {
  /** `bytes` at `offset` of a file that is sent, and how long it is now. Rejects when it cannot be read. */
  read(fileId: string, offset: number, bytes: number): Promise<{ plaintext: Uint8Array; fileBytes: number }>;
  /** Durable when it resolves. Rejects with a sentence: with HotlineError `hotline/no-room` when the disk is full. */
  write(fileId: string, offset: number, plaintext: Uint8Array): Promise<void>;
  /** SHA-256 of a file that was received, `bytes` long; rejects when it cannot be read. */
  digest(fileId: string, bytes: number): Promise<Uint8Array>;
  /** It is whole: whoever asks may have it from now on. Twice is once. */
  deliver(fileId: string): Promise<void>;
  /** What there is of it goes; twice is once. */
  discard(fileId: string): Promise<void>;
  /** A first pass over a file that is sent, after a start. */
  hashes(fileId: string): Promise<FileHashes>;
}

/** Keys that sign the record, ML-DSA-65, made for this alone. */
export interface SigningKeys {
  readonly privateKey: KeyObject;
  /** The other desk's, pinned: whose public key this is was settled by people. */
  readonly peerKey: KeyObject;
}

/** A text as people see it. */
export interface SessionMessage {
  /** `sent/7`, `received/7`. */
  readonly id: string;
  readonly direction: 'sent' | 'received';
  readonly number: number;
  readonly text: string;
  readonly utcMs: number;
  /** `waiting`: kept here until the line lets it go. `sent`: on its way. `delivered`: the other desk keeps it. `refused`: it never left. */
  readonly state: 'waiting' | 'sent' | 'delivered' | 'refused';
  readonly reason: string | null;
  readonly sealing: Sealing;
  /** Ids of the keys of its one-time pad; never the keys. */
  readonly keyIds: readonly string[];
  readonly onRecord: boolean;
  /** Numbers right before this one that never arrived. */
  readonly missed: number;
  readonly author: string;
  /** First bytes of what crossed the network, hexadecimal. */
  readonly ciphertextPreview: string;
  /** By the emergency pad, while the line was shut. */
  readonly emergency?: true;
}

/** A file on its way, as people see it. */
export interface SessionFile {
  readonly id: string;
  readonly direction: 'sent' | 'received';
  readonly name: string;
  readonly bytes: number;
  readonly doneBytes: number;
  readonly utcMs: number;
  readonly state: 'offered' | 'running' | 'paused' | 'done' | 'refused' | 'changed' | 'cancelled';
  readonly reason: string | null;
  readonly sha256: string | null;
}

/** A call, as people see it. */
export interface SessionCall {
  readonly id: string;
  readonly direction: 'outgoing' | 'incoming';
  readonly kind: 'voice' | 'video';
  /** `sealed`: voice by one-time pad, which ends when there is no more of it. */
  readonly sealing: Sealing;
  readonly state: 'ringing' | 'connecting' | 'running' | 'reconnecting' | 'ended';
  readonly reason: string | null;
  readonly startedUtcMs: number | null;
  readonly rekeySeconds: number;
}

export type SessionNews =
  | { readonly kind: 'state' }
  | { readonly kind: 'message'; readonly message: SessionMessage }
  | { readonly kind: 'file'; readonly file: SessionFile }
  | { readonly kind: 'call'; readonly call: SessionCall }
  /** For the page of the other person's browser: an offer, answer or candidate. */
  | { readonly kind: 'call-signal'; readonly callId: string; readonly signal: string }
  /** Media stop now. */
  | { readonly kind: 'call-stop'; readonly reason: string }
  /** Key of this link since then is not to be used; the host tells the key manager. */
  | { readonly kind: 'quarantine'; readonly link: string; readonly sinceMs: number }
  /** For the operator's journal: refusals, keys that were lost. */
  | { readonly kind: 'journal'; readonly text: string };
