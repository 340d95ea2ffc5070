import type { SecretBytes } from '@skykey/bits';
import type { Lane } from '../secret/lanes.ts';
import type { FreshAgreement, LinePermissions, LinePolicy, LineState } from '../state/index.ts';
import type { SessionPorts, SigningKeys } from './ports.ts';
import type { Steps } from './steps.ts';

/** What does not change in the life of a session. */
export interface SessionOptions {
  /** 1 to 64 printable ASCII characters without space each; both pinned at both sites. */
  readonly ownId: string;
  readonly peerId: string;
  /** For people; the same at both sites. */
  readonly ownName: string;
  readonly peerName: string;
  /** UUID. */
  readonly conversationId: string;
  /** Couriered secret, at least 32 bytes, lent for the life of the session. */
  readonly psk: SecretBytes;
  readonly suites: { readonly own: readonly string[]; readonly peer: readonly string[] };
  readonly policy: LinePolicy;
  /** Null where nobody has made keys for it: this desk cannot go on the record then. */
  readonly signing: SigningKeys | null;
  /** A pad that a courier brought (`makeEmergencyFile`), overwritten here; null when there is none. */
  readonly emergencyPad: Uint8Array | null;
  /** The store is a copy from the past (its witness says so). */
  readonly restored: boolean;
}

/** What the rooms of a session share. */
export interface SessionContext {
  readonly options: SessionOptions;
  readonly ports: SessionPorts;
  readonly steps: Steps;
  /** The line as it stands. */
  readonly line: () => LineState;
  readonly may: (padBits?: number) => LinePermissions;
  /** The agreement that would make the line better; null when none is wanted. */
  readonly wanted: () => FreshAgreement | null;
  /**
   * Seals and posts once this step is durable. False while there is no epoch, or its keys are spent: then nothing was
   * used up, and it is to be tried again after the next agreement.
   */
  readonly seal: (lane: Lane, plaintext: Uint8Array) => boolean;
  /**
   * Within a step: so many bits are about to be drawn, and leave the count of the pool at once. False when they would be of
   * those that the policy keeps for authentication: then nothing may be drawn.
   */
  readonly spends: (bits: number) => boolean;
  /** Within a step: what was to be drawn came, or did not. */
  readonly spent: (bits: number) => void;
  /** Within a step: so much speech by one-time pad is about to be drawn, of what the policy allows on a day. */
  readonly speaks: (ms: number) => void;
  readonly journal: (text: string) => void;
  /** Tells the peer what has arrived, with the next steps. */
  readonly beatSoon: () => void;
}
