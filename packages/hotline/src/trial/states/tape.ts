/**
 * What the search notes while the shipped code runs: every derivation of keys with what went into it, and which private
 * half belongs to which public one. It is shared by all copies of the code that `opened.ts` loads.
 */

/** One run of the combiner: hexadecimal throughout. */
export interface Derivation {
  readonly id: string;
  readonly number: number;
  readonly root: string;
  readonly kem: string | null;
  readonly ecdh: string | null;
  readonly psk: string | null;
  readonly qkd: readonly string[] | null;
  /** Private halves by which an attacker could make `kem` and `ecdh` himself. */
  readonly kemSeed: string | undefined;
  readonly scalars: readonly (string | undefined)[];
  /** What both desks have to see alike. */
  readonly context: string;
  /** Every secret of the epoch by name. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Does it again with other bytes in the place of what an attacker does not know; gives the secrets by name. */
  readonly again: (change: {
    readonly root?: Uint8Array;
    readonly kem?: Uint8Array;
    readonly ecdh?: Uint8Array;
    readonly psk?: Uint8Array;
    readonly qkd?: Uint8Array;
  }) => Readonly<Record<string, string>>;
}

export interface Tape {
  /** The newest random bytes that a desk has drawn, hexadecimal. */
  lastDrawn: string;
  readonly kemSeeds: Map<string, string>;
  readonly scalars: Map<string, string>;
  readonly derived: Map<string, Derivation>;
  /** Told once for each epoch. */
  onEpoch: (derivation: Derivation) => void;
  /** Two derivations came to one epoch by different ways. */
  onQuarrel: (why: string) => void;
  /** Results of slow primitives by what went into them. */
  readonly memo: Map<string, { readonly a: Uint8Array; readonly b?: Uint8Array }>;
}

export const tape: Tape = {
  lastDrawn: '',
  kemSeeds: new Map(),
  scalars: new Map(),
  derived: new Map(),
  onEpoch: () => {},
  onQuarrel: () => {},
  memo: new Map(),
};

/** Another search begins: nothing of an earlier one counts. */
export function rewind(): void {
  tape.lastDrawn = '';
  tape.kemSeeds.clear();
  tape.scalars.clear();
  tape.derived.clear();
  tape.memo.clear();
}
