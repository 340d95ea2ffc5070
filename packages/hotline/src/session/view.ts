import { type Agreed, phraseOf } from '../secret/index.ts';
import type { LinePermissions, LineReserve, LineView } from '../state/index.ts';
import type { SessionEmergency } from './emergency.ts';
import type { SessionCall, SessionFile } from './ports.ts';
import type { SessionRecord } from './record.ts';

/** What protects the words that are sent now. */
export interface SessionSafety {
  /** Six words to read aloud; null before the first agreement. */
  readonly phrase: string | null;
  readonly inputs: { readonly qkd: boolean; readonly kem: boolean; readonly ecdh: boolean; readonly courier: boolean };
  readonly renewedUtcMs: number | null;
  readonly qkdKeyIds: readonly string[];
  readonly provenance: readonly string[];
  /** All that earlier keys put in is lost: a store was made anew or restored. Stands until the next start. */
  readonly chainBroken: boolean;
}

export interface SessionView {
  readonly line: LineView;
  readonly may: LinePermissions;
  readonly reserve: LineReserve;
  readonly safety: SessionSafety;
  readonly call: SessionCall | null;
  /** Speech by one-time pad that is left of what the policy allows on this day, and of the pools. */
  readonly padSpeech: { readonly minutesPerDay: number; readonly leftMs: number };
  readonly files: readonly SessionFile[];
  readonly record: SessionRecord;
  /** Null while there is no pad. */
  readonly emergency: SessionEmergency | null;
  /** Texts of this desk that the other does not keep yet. */
  readonly waitingTexts: number;
}

/** Before the first agreement. */
export const NO_SAFETY: SessionSafety = {
  phrase: null,
  inputs: { qkd: false, kem: false, ecdh: false, courier: false },
  renewedUtcMs: null,
  qkdKeyIds: [],
  provenance: [],
  chainBroken: false,
};

/** `wasBroken`: the chain of keys was, since the last start. */
export function safetyOf(agreed: Agreed, nowMs: number, wasBroken: boolean): SessionSafety {
  const without = new Set(agreed.removed.map(({ input }) => input));
  return {
    phrase: phraseOf(agreed.safety),
    inputs: {
      qkd: !without.has('qkd'),
      kem: !without.has('kem'),
      ecdh: !without.has('ecdh'),
      courier: !without.has('psk'),
    },
    renewedUtcMs: nowMs,
    qkdKeyIds: agreed.qkd.map(({ keyId }) => keyId),
    provenance: [...new Set(agreed.qkd.map(({ provenance }) => provenance))],
    chainBroken: wasBroken || agreed.rootLost,
  };
}
