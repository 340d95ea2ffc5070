import type { SecretBytes } from '@skykey/bits';
import type { Epsilon, ProofName } from '@skykey/finitekey';
import type { AcquisitionAnswer, AcquisitionClaim, AcquisitionOutcome } from './sync/claim.ts';

/**
 * The line between the two parties: ordered, reliable, public and not authenticated. One call is one message. A line
 * serves one session: what was left unread in one must not turn up in the next. `receive` rejects with a DistillError of
 * code `distill/peer-gone` when the peer is gone.
 */
export interface Channel {
  send(message: Uint8Array): Promise<void>;
  receive(): Promise<Uint8Array>;
}

/**
 * Randomness that is handed in: cryptographic in production, seeded in a reproducible run. Asked for up to some MB at once
 * (a browser's own function gives 65,536 bytes a call). Each call gives an array of its own, which nobody writes to later.
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
  /**
   * 1 - least / greatest efficiency of Bob's detectors over all modes, 0..1: paid for by the key length. 0: they are assumed
   * to be equal, and the report says so.
   */
  readonly detectorMismatch: number;
  readonly epsSec: number;
  readonly epsCor: number;
  /**
   * By which the key length is computed: one of @skykey/finitekey's for decoy states with three intensities. `tilted` is the
   * one to take. One that is no theorem in every step is taken because it is named here, and the report says so.
   */
  readonly proof: ProofName;
  /** How errors are corrected; with `auto` Alice chooses, by error rate and time of a round trip (`method.ts`). */
  readonly method: Method | 'auto';
  /**
   * Probability that a detection is spent on the live monitor: announced at once, never part of the key or of its
   * estimation. Chosen by Alice independently of every value.
   */
  readonly monitorProbability: number;
  readonly alarm: AlarmRule;
}

/** `cascade`: many short messages, close to the limit. `ldpc`: one message. */
export type Method = 'cascade' | 'ldpc';

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
  /**
   * `hard` is what this side found by itself about a peer that agrees on the parameters; what was only said is `soft`. Before
   * the tags that peer is whoever reaches the line: parameters are told to anybody, who can say them back.
   */
  readonly severity: 'soft' | 'hard';
  /**
   * `qber-monitor` (live), `qber-block` (end of pass), `verification`, `authentication`, `protocol`; always soft: `peer`, the
   * peer says that it stopped for one of these; `release`, the key is there and the peer could not be told; `unknown-block`, a
   * block is held here of which Alice has never heard.
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

/**
 * What a source of detections may say to Alice while it looks for the slots of its time tags: a claim, her answer, and what
 * came of it, at most MOST_CLAIMS times a session. Only between chunks: while the session waits for the next one. Once `ask` is
 * called, every slot before `spentSlots(claim).until` is over: the next chunk begins there.
 */
export interface Acquisition {
  /**
   * Rejects with DistillError `distill/claim` for a claim that Alice would not answer: not as `claimTags` makes it, of slots
   * that are over, beyond the block, or one too many.
   */
  ask(claim: AcquisitionClaim): Promise<AcquisitionAnswer>;
  /** Due after every `ask`, before the next one and the next chunk. */
  settle(outcome: AcquisitionOutcome): Promise<void>;
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
 *
 * One session of a link at a time on a store; whoever hands it in sees to that. What Alice has not released when a session
 * begins counts as withheld for good, and on her word Bob discards it: were the session that made it still running, she
 * could release it after, and have a key that he has not.
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

/**
 * Wegman–Carter key of a link: the hash point is recycled, a pad never. "Touched" and "used" are so on this side, whatever its
 * part was in the session: a side that was Alice and becomes Bob has one record of both.
 */
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
  /** Claims by which Bob found his slots, and the slots that they took from the key. */
  readonly acquisitions: number;
  readonly spentSlots: number;
  readonly reconciliation: {
    readonly method: Method;
    /**
     * Parities, syndromes, frame tags and disclosed frames / (n h(q)) with q the true error rate of the key, the verification
     * tag left out; 0 for a key that is empty or without errors.
     */
    readonly efficiency: number;
    /** Every bit about the key that Alice disclosed: parities or syndromes, frame tags, disclosed frames, verification tag. */
    readonly leakedBits: number;
    /** Bob's answers to frame tags, one bit each. No function of the errors alone: charged like leakedBits. */
    readonly tagAnswers: number;
    /** All that Bob said: whether parities differ, `tagAnswers`, and the number of corrected bits, ceil(log2(n + 1)). */
    readonly announcedBits: number;
    /** All messages of both directions as encoded, in bits. */
    readonly messageBits: number;
    readonly roundTrips: number;
    readonly frames: number;
    /** Frames that had to be disclosed whole; they stay in the key, their bits count as leaked. */
    readonly failedFrames: number;
  };
  readonly proof: string;
  /** Whether every step of the proof is a theorem, given `secrecy.assumptions`; false before a key length was computed. */
  readonly rigorous: boolean;
  /** What a proof that is none in every step leaves open, in sentences; none for one that is rigorous. */
  readonly proofGaps: readonly string[];
  /** How the key length came about; empty before it was computed. */
  readonly secrecy: {
    /** Ways in which the statement may be wrong; their shares add up to epsSec. */
    readonly epsilons: readonly Epsilon[];
    /** Bits, signed, by what they are for; their sum, rounded down to whole bytes, is secretBits. */
    readonly terms: Readonly<Record<string, number>>;
    readonly assumptions: readonly string[];
  };
  readonly correctness: {
    /** Bits of the verification tag. */
    readonly tagBits: number;
    /** Bound on the probability that two different keys of this length have the same tag: at most epsCor. */
    readonly probability: number;
  };
  /**
   * Bound on the probability that one of the session's tags was forged, what the other side was made to hear being no longer
   * than what was said here (it grows with the longer one); 0 where no key was released on their word.
   */
  readonly forgeryBound: number;
  readonly epsSec: number;
  readonly epsCor: number;
  /**
   * epsSec + epsCor + forgeryBound: bound on the probability that anything promised of this key is not so, its authentication
   * key being perfect.
   */
  readonly composed: number;
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
