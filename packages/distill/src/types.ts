import type { SecretBytes } from '@skykey/bits';

/**
 * The line between the two parties: ordered, reliable, public and not authenticated. One call is one message. A line
 * serves one session: what was left unread in one must not turn up in the next. `receive` rejects with a DistillError of code `distill/peer-gone` when the peer is gone.
 */
export interface Channel {
  send(message: Uint8Array): Promise<void>;
  receive(): Promise<Uint8Array>;
}

/**
 * Randomness that is handed in: cryptographic in production, seeded in a reproducible run. Asked for up to some MB at once
 * (a browser's own function gives 65,536 bytes a call).
 */
export type RandomBytes = (length: number) => Uint8Array;

/** What both parties must agree on before a session; each side has it from its own configuration, HELLO compares. */
export interface SessionParameters {
  /**
   * Names this pass and its light: unique for ever on this link, and the same light under no other name. A second session
   * of the same id is refused, also when the first gave no key.
   */
  readonly sessionId: string;
  /** For example `micius-beijing`. */
  readonly linkId: string;
  /** The block is a fixed number of emitted pulses (pitfall P3), announced before the first. */
  readonly pulses: number;
  /** Mean photon numbers and probabilities, signal first. */
  readonly meanPhotons: readonly [number, number, number];
  readonly probabilities: readonly [number, number, number];
  readonly epsSec: number;
  readonly epsCor: number;
  readonly bound: 'hoeffding' | 'chernoff';
  /**
   * Probability that a detection is spent on the live monitor: announced at once, never part of the key or of its
   * estimation. Chosen by Alice independently of every value.
   */
  readonly monitorProbability: number;
  readonly alarm: AlarmRule;
}

/** When to hang up, and when to warn. Secrecy does not rest on it: that is the finite-key bound's. */
export interface AlarmRule {
  /** QBER that this link is expected to show without an adversary. */
  readonly expectedQber: number;
  /** Allowed drift of that baseline, absolute. */
  readonly qberDrift: number;
  /** One-sided false-alarm probability of each soft test. */
  readonly softFalseAlarm: number;
  /** Hard limit on the QBER: a link significantly above it is dropped. */
  readonly hardQber: number;
  /** One-sided false-alarm probability of each hard test. */
  readonly hardFalseAlarm: number;
}

export interface Alarm {
  readonly severity: 'soft' | 'hard';
  /**
   * `qber-monitor` (live), `qber-block` (end of pass), `verification`, `authentication`, `protocol`; `release` warns that the
   * key is there and the peer could not be told.
   */
  readonly kind: string;
  /** A sentence for people: what was measured against which limit. */
  readonly message: string;
  readonly measured?: number;
  readonly limit?: number;
}

/**
 * Detections that Bob's device hands over, in order of slot; two detectors in one slot are two rows of the same chunk.
 * Chunks may be of any size, also empty.
 */
export interface DetectionChunk {
  readonly slot: Float64Array;
  /** `basis * 2 + bit`; basis 0 is X (key), 1 is Z (test). */
  readonly detector: Uint8Array;
  /**
   * The device has watched every slot below this one, and every detection in them is in this chunk or an earlier one. The
   * last chunk of a whole block has `pulses` here; a device that stops before is a pass cut short, which gives no key.
   */
  readonly untilSlot: number;
}

/** What Alice's device says of given slots: one row a slot. */
export interface EmissionRecord {
  readonly intensity: Uint8Array;
  readonly basis: Uint8Array;
  readonly bit: Uint8Array;
}

/**
 * Where a finished block goes, durably. The calls return only when the disk has it. The id of a block is
 * `linkId/sessionId`, so one store may serve several links. Bob holds before he says that he accepts; Alice holds and
 * releases before she says so; Bob releases on her word.
 */
export interface BlockStore {
  /**
   * Uses the id up, for ever and whatever comes of it: called before the first word about its light. Of two sessions that
   * disclose parts of the same key neither would know how much is out. Must reject for an id it ever knew.
   */
  begin(blockId: string): Promise<void>;
  /** Whether this id was ever begun here; true for one that was held, released or discarded. */
  wasBegun(blockId: string): Promise<boolean>;
  /** Takes the key over. Must reject for an id that was ever held. */
  hold(blockId: string, key: SecretBytes, report: SessionReport): Promise<void>;
  release(blockId: string): Promise<void>;
  discard(blockId: string): Promise<void>;
  /** Ids of blocks held and neither released nor discarded (after a crash). */
  held(): Promise<readonly string[]>;
  /** Whether this block was ever released here. */
  wasReleased(blockId: string): Promise<boolean>;
}

/** Wegman–Carter key of a link: the hash point is recycled, a pad never. */
export interface AuthenticationKeys {
  /** 16 bytes, the secret point of the polynomial hash. */
  hashKey(): Promise<SecretBytes>;
  /** Index of the first pad never touched on this side: one more than the highest touched, skipped ones are lost. */
  nextPad(): Promise<number>;
  /**
   * A copy of pad `index`, which stays unused: to check a tag that names it. Undefined when it was used on this side or is
   * not there. Never to make a tag with.
   */
  look(index: number): Promise<SecretBytes | undefined>;
  /** Pad `index`, 16 bytes, marked used durably before it returns. Throws when used before or not there. */
  pad(index: number): Promise<SecretBytes>;
}

/** What a party tells while it works, for people who look on. Never a key bit. */
export type SessionEvent =
  | { readonly kind: 'stage'; readonly stage: Stage }
  | {
      readonly kind: 'monitor';
      /** Detections committed so far; basis-matched signal ones that the monitor compared, with errors; last slot watched. */
      readonly detections: number;
      readonly monitored: number;
      readonly errors: number;
      readonly lastSlot: number;
    }
  | { readonly kind: 'alarm'; readonly alarm: Alarm };

export type Stage = 'detect' | 'sift' | 'estimate' | 'reconcile' | 'verify' | 'amplify' | 'authenticate' | 'done';

export interface SessionReport {
  readonly sessionId: string;
  readonly linkId: string;
  readonly pulses: number;
  /** Click slots after double clicks were settled. */
  readonly detections: number;
  /** Of those, spent on the monitor. */
  readonly monitored: number;
  /** Basis-matched signal detections, the monitor's included (`sifted` in Micius publications). */
  readonly siftedSignal: number;
  /**
   * Error rate of basis-matched signal detections, from all whose bits were compared (test basis and monitor); 0 when none
   * were.
   */
  readonly qberSignal: number;
  /** n_X, m_X, n_Z, m_Z per intensity, monitor excluded; m_X from reconciliation. */
  readonly keyDetections: readonly [number, number, number];
  readonly testDetections: readonly [number, number, number];
  readonly testErrors: readonly [number, number, number];
  readonly keyErrors: number;
  readonly reconciliation: {
    readonly method: 'cascade';
    /**
     * Parities, frame tags and disclosed frames / (n h(q)) with q the true error rate of the key, the verification tag left
     * out; 0 for a key that is empty or without errors.
     */
    readonly efficiency: number;
    /** Every bit about the key that Alice disclosed: parities, frame tags, disclosed frames, verification tag. */
    readonly leakedBits: number;
    readonly roundTrips: number;
    readonly frames: number;
    /** Frames that had to be disclosed whole; they stay in the key, their bits count as leaked. */
    readonly failedFrames: number;
  };
  readonly proof: string;
  readonly proofGaps: readonly string[];
  readonly epsSec: number;
  readonly epsCor: number;
  readonly phaseErrorRate: number;
  /** Pool bits that this side took for tags; none is used again, whatever came of the session. */
  readonly authenticationBitsSpent: number;
  /** Whole bytes only: a multiple of 8. */
  readonly secretBits: number;
  readonly verdict: 'accepted' | 'refused';
  /** Why refused, in a sentence; absent when accepted. */
  readonly reason?: string;
  readonly alarms: readonly Alarm[];
  /** Classical traffic of this session in both directions, bytes; a message that stops the session is not counted. */
  readonly classicalBytes: number;
}
