import type { SecretBytes } from '@skykey/bits';
import { lim2014 } from '@skykey/finitekey';
import { blockAlarm, QberMonitor } from './alarm.ts';
import { Transcript } from './authenticate.ts';
import { DistillError } from './error.ts';
import { expectedErrorRate, MonitorTally } from './estimate.ts';
import { Line, PeerStopped, type Role } from './line.ts';
import { blockIdOf, checkParameters, disagreement, type ParameterValue } from './parameters.ts';
import { MAX_PAD_JUMP, PADS } from './protocol.ts';
import { Findings, type Reconciliation, VERIFICATION_BITS } from './report.ts';
import type { Sifted, Triple } from './sift.ts';
import type {
  Alarm,
  AuthenticationKeys,
  BlockStore,
  Channel,
  RandomBytes,
  SessionEvent,
  SessionParameters,
  SessionReport,
  Stage,
} from './types.ts';

/** What either party is given. */
export interface PartyOptions {
  readonly parameters: SessionParameters;
  /** A line of this session's own: what was said in another one does not belong on it. */
  readonly channel: Channel;
  readonly keys: AuthenticationKeys;
  readonly store: BlockStore;
  readonly random: RandomBytes;
  /** Told of progress; what it throws ends the session. */
  readonly onEvent?: (event: SessionEvent) => void;
}

/** Why a session is refused; the numbers are on the wire. */
const REASONS = {
  parameters: { code: 1, sentence: 'the parties disagree on a parameter' },
  pads: { code: 2, sentence: 'the parties disagree on the next authentication pad' },
  'qber-monitor': { code: 3, sentence: 'the error rate was too high during the pass' },
  'short-pass': {
    code: 4,
    sentence: 'the receiver did not watch the whole block: a pass that is cut short gives no key',
  },
  'qber-block': { code: 5, sentence: 'the error rate of the test basis was too high' },
  verification: { code: 6, sentence: 'the corrected keys differ: their verification tags are not equal' },
  'no-key': { code: 7, sentence: 'the finite-key bound leaves no secret bit' },
  authentication: { code: 8, sentence: 'an authentication tag is wrong: what was said on the line was changed' },
  protocol: { code: 9, sentence: 'a message was not what the protocol allows' },
  failure: { code: 10, sentence: 'one party failed by itself and stopped the session' },
} as const;

export type Reason = keyof typeof REASONS;
/** Reasons that are alarms in themselves; those of the error rate come with an alarm of their own. */
const ALARMING: readonly Reason[] = ['verification', 'authentication', 'protocol'];
/** Errors that say what the peer did. */
const BREACHES: readonly string[] = ['distill/protocol', 'distill/version'];

function reasonOf(code: number): [Reason, { readonly sentence: string }] {
  for (const [reason, meaning] of Object.entries(REASONS))
    if (meaning.code === code) return [reason as Reason, meaning];
  return ['protocol', { sentence: `the peer stopped the session with code ${code}, which means nothing` }];
}

/** Ends a session without a key. Not an error: the report tells it. */
class Refusal extends Error {
  readonly reason: Reason;

  constructor(reason: Reason, sentence: string) {
    super(sentence);
    this.reason = reason;
  }
}

/** What both parties keep in the same way while a session runs. */
export class Session {
  readonly parameters: SessionParameters;
  readonly line: Line;
  readonly store: BlockStore;
  readonly blockId: string;
  readonly findings: Findings;
  readonly tally = new MonitorTally();
  /** Bob has accepted and waits for Alice's word: from here on only the next session can say what she did. */
  awaitsRelease = false;
  readonly #monitor: QberMonitor;
  readonly #keys: AuthenticationKeys;
  readonly #random: RandomBytes;
  readonly #onEvent: (event: SessionEvent) => void;
  #firstPad = 0;
  #padsTouched = 0;

  constructor(options: PartyOptions, role: Role, transcript: Transcript) {
    this.parameters = options.parameters;
    this.line = new Line(options.channel, role, transcript);
    this.store = options.store;
    this.blockId = blockIdOf(options.parameters);
    this.findings = new Findings(options.parameters, this.tally);
    this.#monitor = new QberMonitor(options.parameters.alarm);
    this.#keys = options.keys;
    this.#random = options.random;
    this.#onEvent = options.onEvent ?? (() => undefined);
  }

  readonly random = (length: number): Uint8Array => {
    const bytes = this.#random(length);
    if (bytes.length === length) return bytes;
    throw new DistillError(
      'distill/random',
      `the randomness handed in gave ${bytes.length} bytes instead of ${length}`,
    );
  };

  /** Ends the session without a key. */
  refuse(reason: Reason, sentence: string = REASONS[reason].sentence): never {
    throw new Refusal(reason, sentence);
  }

  stage(stage: Stage): void {
    this.#onEvent({ kind: 'stage', stage });
  }

  raise(alarm: Alarm): void {
    this.findings.alarms.push(alarm);
    this.#onEvent({ kind: 'alarm', alarm });
  }

  /** Raises an alarm if there is one; a hard one ends the session in the alarm's own words. */
  #judge(alarm: Alarm | undefined, reason: Reason): void {
    if (!alarm) return;
    this.raise(alarm);
    if (alarm.severity === 'hard') this.refuse(reason, alarm.message);
  }

  /** Compares what both said in their hellos; both parties come to the same result. */
  agree(alice: readonly ParameterValue[], bob: readonly ParameterValue[], alicePad: number, bobPad: number): void {
    const difference = disagreement(alice, bob);
    if (difference) this.refuse('parameters', difference);
    if (Math.abs(alicePad - bobPad) > MAX_PAD_JUMP) {
      this.refuse(
        'pads',
        `the next authentication pad is ${alicePad} for Alice and ${bobPad} for Bob; more than ${MAX_PAD_JUMP} are never skipped, for a liar could use up the reserve`,
      );
    }
    // Each index belongs to one sender for ever. Were the three merely the next ones, a liar could lead Alice to send with
    // the pad of an acceptance that never reached her, and two tags under one pad give away the hash point.
    this.#firstPad = Math.ceil(Math.max(alicePad, bobPad) / PADS) * PADS;
  }

  nextPad(): Promise<number> {
    return this.#keys.nextPad();
  }

  /** Pad of tag `which` of this session. Counts it: touched is spent. */
  pad(which: 0 | 1 | 2): Promise<SecretBytes> {
    this.#padsTouched = Math.max(this.#padsTouched, which + 1);
    return this.#keys.pad(this.#firstPad + which);
  }

  /** What tag `which` is for, and the outcome as this party sees it: figures that differ make the tag a wrong one. */
  tagContext(which: 0 | 1 | 2): string {
    const purpose = (['alice-tag', 'bob-accepts', 'alice-releases'] as const)[which];
    return `skykey-distill/1 ${purpose} pad ${this.#firstPad + which} ${this.findings.outcome()}`;
  }

  /** Sends tag `which` of all that was said. */
  async sendTag(type: 'tag' | 'accept' | 'release', which: 0 | 1 | 2): Promise<void> {
    const pad = await this.pad(which);
    try {
      await this.line.sendTag(type, pad, this.tagContext(which));
    } finally {
      pad.wipe();
    }
  }

  /** Receives tag `which`; a wrong one ends the session. */
  async receiveTag(type: 'tag' | 'accept' | 'release', which: 0 | 1 | 2): Promise<void> {
    const right = await this.line.receiveTag(type, () => this.pad(which), this.tagContext(which));
    if (!right) this.refuse('authentication');
  }

  /**
   * Counts the monitored detections of one message, tells the progress, and stops on a hard alarm. `detector` and
   * `emission` are what Bob and Alice disclosed about them.
   */
  monitor(detections: number, detector: Uint8Array, emission: Uint8Array, untilSlot: number): void {
    this.findings.detections += detections;
    let hard: Alarm | undefined;
    for (let i = 0; i < detector.length && !hard; i++) {
      const signal = this.tally.add(detector[i]!, emission[i]!);
      const alarm = signal && this.#monitor.observe(signal.error);
      if (alarm?.severity === 'hard') hard = alarm;
      else this.#judge(alarm, 'qber-monitor');
    }
    this.#onEvent({
      kind: 'monitor',
      detections: this.findings.detections,
      monitored: this.tally.signal,
      errors: this.tally.signalErrors,
      lastSlot: Math.max(0, untilSlot - 1),
    });
    this.#judge(hard, 'qber-monitor');
  }

  /** Takes the counts of sifting and test, and stops when the test basis says so. */
  estimate(sifted: Sifted, testErrors: Triple): void {
    const { findings, parameters } = this;
    findings.keyDetections = sifted.keyDetections;
    findings.testDetections = sifted.testDetections;
    findings.testErrors = testErrors;
    this.#judge(blockAlarm(parameters.alarm, testErrors[0], sifted.testDetections[0]), 'qber-block');
  }

  /** The error rate that reconciliation should expect. */
  errorRate(): number {
    return expectedErrorRate(this.tally, this.findings.testDetections, this.findings.testErrors);
  }

  reconciled(result: Reconciliation): void {
    const { leakedBits, roundTrips, frames, failedFrames, corrected } = result;
    this.findings.reconciliation = { leakedBits, roundTrips, frames, failedFrames, corrected };
  }

  /** Secret bits that the block gives: whole bytes. None ends the session. */
  secretBits(): number {
    const { findings, parameters } = this;
    const { meanPhotons, probabilities, epsSec, epsCor, bound } = parameters;
    const { keyDetections, testDetections, testErrors, leakedBits } = findings;
    const counts = { meanPhotons, probabilities, keyDetections, testDetections, testErrors };
    const length = lim2014({ counts, leakedBits, epsSec, epsCor, bound });
    findings.keyLength = length;
    findings.secretBits = Math.floor(length.secretBits / 8) * 8;
    if (!findings.secretBits) this.refuse('no-key');
    return findings.secretBits;
  }

  /** Alice discloses the verification tag. */
  verificationDisclosed(): void {
    this.findings.verificationBits += VERIFICATION_BITS;
  }

  /**
   * The report as it stands, or as it will stand when the tags still to come have been sent: a block is held with the
   * same report that the session ends with.
   */
  report(refusal?: string, tagsToCome = 0): SessionReport {
    const touched = refusal === undefined ? PADS : this.#padsTouched;
    return this.findings.report(this.line.bytes + tagsToCome * TAG_MESSAGE_BYTES, touched, refusal);
  }
}

const TAG_MESSAGE_BYTES = 17;

/**
 * Runs one party's part from start to report. Whatever ends it early is told to the peer, and no key leaves: a refusal on
 * either side becomes a report; a peer that breaks the protocol, a channel that is gone and a failure of this side's own
 * devices or stores reject.
 */
export async function conduct(
  role: Role,
  options: PartyOptions,
  run: (session: Session) => Promise<void>,
): Promise<SessionReport> {
  checkParameters(options.parameters);
  const transcript = new Transcript(await options.keys.hashKey());
  const session = new Session(options, role, transcript);
  const abort = (reason: Reason): Promise<void> => session.line.abort(REASONS[reason].code);
  const refused = (sentence: string): SessionReport =>
    session.report(
      session.awaitsRelease ? `${sentence}; the block stays in quarantine until the next session settles it` : sentence,
    );
  const alarm = (reason: Reason, message: string): void => {
    if (ALARMING.includes(reason)) session.raise({ severity: 'hard', kind: reason, message });
  };
  try {
    await run(session);
    session.stage('done');
    return session.report();
  } catch (error) {
    if (error instanceof Refusal) {
      alarm(error.reason, error.message);
      await abort(error.reason);
      return refused(error.message);
    }
    if (error instanceof PeerStopped) {
      const [reason, { sentence }] = reasonOf(error.code);
      alarm(reason, sentence);
      return refused(sentence);
    }
    const breach = error instanceof DistillError && BREACHES.includes(error.code);
    if (breach) alarm('protocol', error.message);
    if (!(error instanceof DistillError && error.code === 'distill/peer-gone'))
      await abort(breach ? 'protocol' : 'failure');
    throw error;
  } finally {
    transcript.wipe();
  }
}
