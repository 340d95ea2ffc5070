import type { SecretBytes } from '@skykey/bits';
import type { Keyring } from './keyring.ts';

/** What is known about the origin of key bytes, and travels with them. */
export interface BlockLabels {
  /** Quantum links that the secrecy of the bytes rests on. An alarm on any of them poisons the block. */
  readonly originLinks: readonly string[];
  /**
   * When the material of each origin link was made, in the order of `originLinks`. Absent: `createdAtMs` for each.
   * A relay joins links of different age, and an alarm on one must not condemn what the other made earlier.
   */
  readonly originTimesMs?: readonly number[];
  /** Every way the bytes came, each the nodes from end to end, end points included; k ways: combined from k shares. */
  readonly routes: readonly (readonly string[])[];
  /** Where those nodes stand: ISO 3166-1 alpha-2, `ORBIT` for satellites; empty when not configured. */
  readonly jurisdictions: readonly string[];
  readonly epsSec: number;
  readonly epsCor: number;
  /** Name of the security proof, or `couriered`. */
  readonly proof: string;
  /** Whether the photons were simulated: then the secrecy is, too. */
  readonly simulated: boolean;
  readonly createdAtMs: number;
  /** After this nothing of it is reserved or delivered as key any more; null: never by age. Authentication lanes ignore it. */
  readonly expiresAtMs: number | null;
}

export interface NewBlock {
  /** Unique for ever. */
  readonly blockId: string;
  readonly labels: BlockLabels;
  /** At most 1 GiB. */
  readonly bytes: SecretBytes;
}

/** A block without its bytes. `poisoned` says that an alarm has taken what was still undelivered. */
export interface BlockRecord {
  readonly blockId: string;
  readonly state: 'held' | 'released' | 'discarded';
  readonly poisoned: boolean;
  readonly bytes: number;
  readonly labels: BlockLabels;
  readonly changedAtMs: number;
}

/** Bytes `from` (inclusive) to `to` (exclusive) of a block go to the end of `lane`, or to position `at` beyond it. */
export interface Cut {
  readonly lane: string;
  readonly from: number;
  readonly to: number;
  /**
   * Position in the lane, not before its end. What lies between is a gap: it is never handed out. Both ends need
   * it when one of them never got an earlier block, so that positions mean the same bytes at both again.
   */
  readonly at?: number;
  /**
   * For an authentication lane that exists: its hash point moves to the first 16 bytes of this cut, and what lies before
   * is no longer used. The first cut of a lane brings its hash point anyway.
   */
  readonly point?: boolean;
}

/** `bytes` bytes of a lane from position `offset` on. */
export interface Range {
  readonly lane: string;
  readonly offset: number;
  readonly bytes: number;
}

export interface PoisonReport {
  /** Undelivered key bits that nobody gets any more: overwritten at once, or in steps by `keys.expire`. */
  readonly bits: number;
  /** Keys voided that were reserved or assigned. */
  readonly keys: number;
  /** Blocks concerned. */
  readonly blocks: number;
}

/** `master`: the side whose SAE asked first; it allocates. `slave`: the side that fetches by key id. */
export type KeyRole = 'master' | 'slave';

/**
 * Life of one key copy. DELIVERED and ERASED are one transaction here, so DELIVERED is never found at rest: a copy that
 * was read out is gone. The bytes of a key are overwritten with the last copy that is open (RESERVED or ASSIGNED).
 */
export type KeyState = 'RESERVED' | 'ASSIGNED' | 'ERASED' | 'VOIDED';

/** What one SAE of this site gets of a key. */
export interface KeyCopy {
  readonly saeId: string;
  readonly state: KeyState;
  readonly reservedAtMs: number;
  readonly assignedAtMs: number | null;
  /** When it was delivered (ERASED) or voided (VOIDED). */
  readonly closedAtMs: number | null;
}

/** A key with its copies at this site, or the tombstone of one; never its bytes. */
export interface KeyRecord extends Range {
  /** UUID, lower case. */
  readonly keyId: string;
  readonly role: KeyRole;
  readonly masterSae: string;
  /** Every SAE that the master shares the key with, wherever it is. */
  readonly slaveSaes: readonly string[];
  /** What it was reserved for; empty when it was not said. */
  readonly purpose: string;
  /** Process that reserved or registered it. */
  readonly owner: string;
  /** After this it is not delivered any more: the earliest of its blocks' `expiresAtMs`. */
  readonly expiresAtMs: number | null;
  /** By SAE id. */
  readonly copies: readonly KeyCopy[];
}

export interface KeyRequest {
  readonly lane: string;
  /** Bytes of each key. */
  readonly bytes: number;
  /** One UUID per key wanted. */
  readonly keyIds: readonly string[];
  readonly masterSae: string;
  readonly slaveSaes: readonly string[];
  /** Keeps keys of different uses apart (`stock`): say, those set aside for a key stream. Default ''. */
  readonly purpose?: string;
  /** SAEs of this site that get a copy. Default: the master. */
  readonly holders?: readonly string[];
}

/** Keys of one request with their places: what one side tells the other. */
export interface KeyBatch {
  readonly lane: string;
  readonly bytes: number;
  readonly masterSae: string;
  readonly slaveSaes: readonly string[];
  readonly keys: readonly { readonly keyId: string; readonly offset: number }[];
  readonly purpose?: string;
  /** SAEs of this site that get a copy. Default: all of `slaveSaes`. */
  readonly holders?: readonly string[];
}

export interface Counters {
  /** Copies handed to SAEs. */
  readonly deliveredKeys: number;
  readonly voidedKeys: number;
  readonly poisonedBits: number;
}

export interface JournalEntry {
  readonly utcMs: number;
  readonly severity: 'info' | 'warning' | 'alarm';
  /** What happened, in words for people. Never a key. */
  readonly text: string;
}

/** A message that must reach somebody, however often this process is killed. */
export interface OutboxEntry {
  readonly id: number;
  readonly topic: string;
  readonly body: Uint8Array;
  readonly createdAtMs: number;
}

/**
 * Wegman–Carter key of a lane as distillation asks for it (`AuthenticationKeys` of @skykey/distill): the hash point is
 * recycled, a pad never.
 */
export interface PadKeys {
  hashKey(): Promise<SecretBytes>;
  nextPad(): Promise<number>;
  look(index: number): Promise<SecretBytes | undefined>;
  pad(index: number): Promise<SecretBytes>;
}

/** Small durable documents, each call its own transaction. */
export interface Notebook {
  remember(name: string, value: unknown): Promise<void>;
  recall(name: string): Promise<unknown>;
  /** Everything whose name begins with `prefix`, by name. */
  recallAll(prefix: string): Promise<{ name: string; value: unknown }[]>;
  forget(name: string): Promise<void>;
}

/** One file, for one process. */
export interface SqlitePlace {
  readonly kind: 'sqlite';
  /** Path of the file; made when missing, with the mode that the process's umask leaves. Beside it lies `<path>-wal` while the vault is open. */
  readonly path: string;
  /** Upper limit of the file, in pages of 4,096 bytes. Beyond it everything that needs room is `vault/disk-full`. */
  readonly maxPages?: number;
  /**
   * Starts the next group of transactions. With `setImmediate` all requests of one turn of the event loop share one write
   * to the disk; default: `queueMicrotask`.
   */
  readonly defer?: (run: () => void) => void;
}

/** A schema of a PostgreSQL database (14 or later), for any number of processes. */
export interface PostgresPlace {
  readonly kind: 'postgres';
  /** `postgres://user:password@host:port/database`, with what libpq's URIs may have besides. */
  readonly connection: string;
  /** Name of the vault: its schema. 1 to 48 characters of a-z, 0-9 and _, a letter first. */
  readonly name: string;
  /** Connections of this process; default 8. */
  readonly connections?: number;
}

export interface VaultOptions {
  readonly store: SqlitePlace | PostgresPlace;
  /** Keys that the key bytes are sealed under; kept apart from the store, of this vault alone. */
  readonly keyring: Keyring;
  /** UTC, milliseconds. Processes on one vault must agree about it to well within `leaseMs`. */
  readonly now: () => number;
  /** So many random bytes, from a cryptographic generator: nonces and the vault's identity. */
  readonly random: (bytes: number) => Uint8Array;
  /** Name of this process, alike after a restart and unlike that of any other process on the vault. */
  readonly processId: string;
  /** After so long without `heartbeat` the keys that this process reserved may be voided. Default 30,000. */
  readonly leaseMs?: number;
}
