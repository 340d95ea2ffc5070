import type { Bits, SecretBytes } from '@skykey/bits';
import { lim2014 } from '@skykey/finitekey';
import { binomialLogTail, blockAlarm, QberMonitor } from './alarm.ts';
import { Transcript } from './authenticate.ts';
import { DistillError } from './error.ts';
import { expectedErrorRate, MonitorTally } from './estimate.ts';
import { Line, PeerStopped, type Role, type Seal } from './line.ts';
import { blockIdOf, checkParameters, disagreement, type ParameterValue } from './parameters.ts';
import { PADS, VERSION } from './protocol.ts';
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
  /** Told of progress; what it throws ends the session, but for a session whose key is released already. */
  readonly onEvent?: (event: SessionEvent) => void;
}

/** Why a session is refused; the numbers are on the wire. */
const REASONS = {
  parameters: { code: 1, sentence: 'the parties disagree on a parameter' },
  pads: {
    code: 2,
    sentence: "Alice's tag names an authentication pad that Bob has used, has not got, or that is none of hers",
  },
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
  /** The key is out: from here on nothing makes this session a failed one. */
  released = false;
  readonly #monitor: QberMonitor;
  readonly #keys: AuthenticationKeys;
  readonly #random: RandomBytes;
  readonly #onEvent: (event: SessionEvent) => void;
  #firstPad = 0;
  #padsTaken = 0;
  /** Pads taken and not used yet, by their place in the session. */
  readonly #hand: (SecretBytes | undefined)[] = [];
  #marked = 0;

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

  #tell(event: SessionEvent): void {
    try {
      this.#onEvent(event);
    } catch (error) {
      if (!this.released) throw error;
    }
  }

  stage(stage: Stage): void {
    this.#tell({ kind: 'stage', stage });
  }

  raise(alarm: Alarm): void {
    this.findings.alarms.push(alarm);
    this.#tell({ kind: 'alarm', alarm });
  }

  /** Raises an alarm if there is one; a hard one ends the session in the alarm's own words. */
  #judge(alarm: Alarm | undefined, reason: Reason): void {
    if (!alarm) return;
    this.raise(alarm);
    if (alarm.severity === 'hard') this.refuse(reason, alarm.message);
  }

  /** Throws DistillError `distill/session-used` when anything was ever said here about the light of this session. */
  async expectFresh(): Promise<void> {
    if (!(await this.store.wasBegun(this.blockId))) return;
    throw new DistillError(
      'distill/session-used',
      `session '${this.parameters.sessionId}' was begun before on this link, and no light is spoken of twice`,
    );
  }

  /**
   * Compares what both said in their hellos; both parties come to the same result. Then uses the id up, durably: the next
   * thing said is about the light.
   */
  async agree(alice: readonly ParameterValue[], bob: readonly ParameterValue[]): Promise<void> {
    const difference = disagreement(alice, bob);
    if (difference) this.refuse('parameters', difference);
    await this.store.begin(this.blockId);
  }

  /**
   * Alice: takes three pads that she never touched. All at once, before her first tag: what she cannot tell she will not
   * release, and nothing else of this side can send under the pad of an acceptance that never arrives. Each index belongs
   * to one sender for ever; two tags under one pad give away the hash point.
   */
  async takePads(): Promise<void> {
    this.#firstPad = Math.ceil((await this.#keys.nextPad()) / PADS) * PADS;
    for (const which of [0, 1, 2] as const) this.#hand[which] = await this.#take(which);
  }

  /** Marks a pad of this session used, and counts it. */
  #take(which: 0 | 1 | 2): Promise<SecretBytes> {
    this.#padsTaken = Math.max(this.#padsTaken, which + 1);
    return this.#keys.pad(this.#firstPad + which);
  }

  async #seal(which: 0 | 1 | 2): Promise<Seal> {
    const pad = this.#hand[which] ?? (await this.#take(which));
    return { index: this.#firstPad + which, pad, context: this.#tagContext(which) };
  }

  /** What tag `which` is for, and the outcome as this party sees it: figures that differ make the tag a wrong one. */
  #tagContext(which: 0 | 1 | 2): string {
    const purpose = (['alice-tag', 'bob-accepts', 'alice-releases'] as const)[which];
    return `skykey-distill/${VERSION} ${purpose} pad ${this.#firstPad + which} ${this.findings.outcome()}`;
  }

  /** Sends tag `which` of all that was said. */
  async sendTag(type: 'tag' | 'accept' | 'release', which: 0 | 1 | 2): Promise<void> {
    const seal = await this.#seal(which);
    try {
      await this.line.sendTag(type, seal);
    } finally {
      seal.pad.wipe();
    }
  }

  /** Receives Bob's acceptance or Alice's release; a wrong one ends the session. */
  async receiveTag(type: 'accept' | 'release', which: 1 | 2): Promise<void> {
    const right = await this.line.receiveTag(type, () => this.#seal(which));
    if (!right) this.refuse('authentication');
  }

  /**
   * Bob: receives Alice's tag, which names her pad; a wrong one ends the session. The pad is only looked at until the tag
   * has proved right, so that whoever is in Alice's place moves nothing here. Then it and that of the acceptance are taken.
   */
  async receiveFirstTag(): Promise<void> {
    const right = await this.line.receiveTag('tag', async ({ pad: index }) => {
      const pad = index % PADS ? undefined : await this.#keys.look(index);
      if (!pad) this.refuse('pads');
      this.#firstPad = index;
      return { index, pad, context: this.#tagContext(0) };
    });
    if (!right) this.refuse('authentication');
    (await this.#take(0)).wipe();
    this.#hand[1] = await this.#take(1);
  }

  /** Overwrites what is in hand. */
  wipe(): void {
    for (const pad of this.#hand) pad?.wipe();
  }

  /**
   * Bob: `positions` are those that Alice marks of the detections just committed. Hers are a coin each; somebody in her
   * place who wants to hear more is stopped before he does.
   */
  expectMonitorShare(positions: Bits): void {
    const { monitorProbability: probability } = this.parameters;
    for (const byte of positions.bytes) for (let rest = byte; rest; rest &= rest - 1) this.#marked++;
    const detections = this.findings.detections + positions.length;
    if (this.#marked <= detections * probability) return;
    if (binomialLogTail(this.#marked, detections, probability) >= Math.log(MONITOR_FALSE_ALARM)) return;
    throw new DistillError(
      'distill/protocol',
      `the peer wants ${this.#marked} of ${detections} detections disclosed, each with probability ${probability}: that is no chance`,
    );
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
    this.#tell({
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
    const taken = refusal === undefined ? PADS : this.#padsTaken;
    return this.findings.report(this.line.bytes + tagsToCome * TAG_MESSAGE_BYTES, taken, refusal);
  }
}

/** Of an acceptance or a release. */
const TAG_MESSAGE_BYTES = 17;
/** An honest Alice's monitor is taken for another's with at most this probability at each message. */
const MONITOR_FALSE_ALARM = 1e-15;

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
  const point = await options.keys.hashKey();
  const transcript = new Transcript(point);
  point.wipe();
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
    session.wipe();
    transcript.wipe();
  }
}
