import type { SecretBytes } from '@skykey/bits';

/** What is known about the origin of key bytes, and travels with them. */
export interface BlockLabels {
  /** Quantum links that the secrecy of the bytes rests on. An alarm on any of them poisons the block. */
  readonly originLinks: readonly string[];
  /**
   * When the material of each origin link was made, in the order of `originLinks`. Absent: `createdAtMs` for each.
   * A relay joins links of different age, and an alarm on one must not condemn what the other made earlier.
   */
  readonly originTimesMs?: readonly number[];
  /** Nodes that have seen the bytes, end points included, in order. */
  readonly route: readonly string[];
  readonly epsSec: number;
  readonly epsCor: number;
  /** Name of the security proof, or `couriered`. */
  readonly proof: string;
  /** Whether the photons were simulated: then the secrecy is, too. */
  readonly simulated: boolean;
  readonly createdAtMs: number;
}

export interface NewBlock {
  /** Unique for ever. */
  readonly blockId: string;
  readonly labels: BlockLabels;
  readonly bytes: SecretBytes;
}

/** A block without its bytes. `poisoned` says that an alarm has overwritten what was still undelivered. */
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
  /** Undelivered key bits overwritten. */
  readonly bits: number;
  /** Keys voided that were reserved or assigned. */
  readonly keys: number;
  /** Blocks concerned. */
  readonly blocks: number;
}

/** `master`: the side whose SAE asked first; it allocates. `slave`: the side that fetches by key id. */
export type KeyRole = 'master' | 'slave';

/**
 * Life of one key copy. DELIVERED and ERASED are one transaction here, so DELIVERED is never found at rest: a key
 * whose bytes were read out is a key whose bytes are gone.
 */
export type KeyState = 'RESERVED' | 'ASSIGNED' | 'ERASED' | 'VOIDED';

/** One key copy, or the tombstone of one; never its bytes. */
export interface KeyRecord extends Range {
  /** UUID, lower case. */
  readonly keyId: string;
  readonly masterSae: string;
  readonly slaveSae: string;
  readonly role: KeyRole;
  readonly state: KeyState;
  readonly reservedAtMs: number;
  readonly assignedAtMs: number | null;
  /** When it was delivered (ERASED) or voided (VOIDED). */
  readonly closedAtMs: number | null;
}

export interface KeyRequest {
  readonly lane: string;
  /** Bytes of each key. */
  readonly bytes: number;
  /** One UUID per key wanted. */
  readonly keyIds: readonly string[];
  readonly masterSae: string;
  readonly slaveSae: string;
}

/** Keys of one request with their places: what one side tells the other. */
export interface KeyBatch {
  readonly lane: string;
  readonly bytes: number;
  readonly masterSae: string;
  readonly slaveSae: string;
  readonly keys: readonly { readonly keyId: string; readonly offset: number }[];
}

export interface Counters {
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

export interface VaultOptions {
  /** Path of the file; made when missing. Beside it lies `<path>-wal` while the vault is open. */
  readonly path: string;
  /** UTC, milliseconds. */
  readonly now: () => number;
  /** Upper limit of the file, in pages of 4,096 bytes. Beyond it everything that needs room is `vault/disk-full`. */
  readonly maxPages?: number;
}
