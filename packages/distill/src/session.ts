import { type Bits, popcount, type SecretBytes } from '@skykey/bits';
import { keyLength } from '@skykey/finitekey';
import { binomialLogTail, blockAlarm, QberMonitor } from './alarm.ts';
import { forgeryBound, RECORD_BYTES, type Transcript } from './authenticate.ts';
import { DistillError } from './error.ts';
import { type ExpectedErrors, expectedErrors, MonitorTally } from './estimate.ts';
import { Line, type Role, type Seal } from './line.ts';
import { blockIdOf, disagreement, documentOf, type ParameterValue } from './parameters.ts';
import { MOST_CLAIMS, PADS, VERSION } from './protocol.ts';
import { type Reason, Refusal } from './refusal.ts';
import { countBits, Findings, type Reconciliation } from './report.ts';
import type { Sifted, Triple } from './sift.ts';
import { type AcquisitionClaim, claimedSlots, spentSlots } from './sync/disclosure.ts';
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
import { VERIFICATION_BITS } from './verify.ts';

/** What either party is given. */
export interface PartyOptions {
  readonly parameters: SessionParameters;
  /** A line of this session's own: what was said in another one does not belong on it. */
  readonly channel: Channel;
  readonly keys: AuthenticationKeys;
  readonly store: BlockStore;
  readonly random: RandomBytes;
  /**
   * Milliseconds from any origin: with method `auto` Alice takes the time of a round trip with it. Without one she takes the
   * line for a fast one.
   */
  readonly clock?: () => number;
  /** Told of progress; what it throws ends the session, but for a session whose key is released already. */
  readonly onEvent?: (event: SessionEvent) => void;
}

/** What both parties keep in the same way while a session runs. */
export class Session {
  readonly parameters: SessionParameters;
  readonly line: Line;
  readonly store: BlockStore;
  readonly blockId: string;
  readonly findings: Findings;
  readonly tally = new MonitorTally();
  /** Both hellos say the same: from here on a breach of the protocol is no mere difference between two programs. */
  agreed = false;
  /** Bob has accepted and waits for Alice's word: from here on only the next session can say what she did. */
  awaitsRelease = false;
  /** The key is out: from here on nothing makes this session a failed one. */
  released = false;
  readonly #monitor: QberMonitor;
  readonly #transcript: Transcript;
  readonly #keys: AuthenticationKeys;
  readonly #random: RandomBytes;
  readonly #onEvent: (event: SessionEvent) => void;
  #firstPad = 0;
  #padsTaken = 0;
  /** Pads taken and not used yet, by their place in the session. */
  readonly #hand: (SecretBytes | undefined)[] = [];
  #marked = 0;
  /** The first slot that may still hold a detection or be claimed. */
  watchedUntil = 0;

  constructor(options: PartyOptions, role: Role, transcript: Transcript) {
    this.parameters = options.parameters;
    this.line = new Line(options.channel, role, transcript, options.clock);
    this.#transcript = transcript;
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
  refuse(reason: Reason, sentence?: string): never {
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
    this.agreed = true;
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
    this.#marked += popcount(positions);
    const detections = this.findings.detections + positions.length;
    if (this.#marked <= detections * probability) return;
    if (binomialLogTail(this.#marked, detections, probability) >= Math.log(MONITOR_FALSE_ALARM)) return;
    throw new DistillError(
      'distill/protocol',
      `the peer wants ${this.#marked} of ${detections} detections disclosed, each with probability ${probability}: that is no chance`,
    );
  }

  /**
   * Both: the slots that a claim asks about; those up to its last are spent. Throws DistillError `distill/claim` for one that
   * Alice does not answer.
   */
  claim(claim: AcquisitionClaim): Float64Array {
    const { findings, parameters } = this;
    if (findings.acquisitions === MOST_CLAIMS) {
      throw new DistillError('distill/claim', `the claim is one too many: ${MOST_CLAIMS} are the most of a session`);
    }
    const slots = claimedSlots(claim, { settledUntil: this.watchedUntil, sentUntil: parameters.pulses });
    const { until } = spentSlots(claim);
    findings.acquisitions++;
    findings.spentSlots += until - this.watchedUntil;
    this.watchedUntil = until;
    return slots;
  }

  /**
   * Counts the monitored detections of one message, tells the progress, and stops on a hard alarm. `detector` and
   * `emission` are what Bob and Alice disclosed about them.
   */
  monitor(detections: number, detector: Uint8Array, emission: Uint8Array, untilSlot: number): void {
    this.findings.detections += detections;
    let hard: Alarm | undefined;
    for (let i = 0; i < detector.length && !hard; i++) {
      const error = this.tally.add(detector[i]!, emission[i]!);
      const alarm = error === undefined ? undefined : this.#monitor.observe(error);
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

  /** What reconciliation should expect. */
  expectedErrors(): ExpectedErrors {
    return expectedErrors(this.tally, this.findings.testDetections, this.findings.testErrors);
  }

  reconciled(result: Reconciliation): void {
    this.findings.reconciliation = result;
  }

  /** Secret bits that the block gives: whole bytes. None ends the session. */
  secretBits(): number {
    const { findings, parameters } = this;
    const { keyDetections, testDetections, testErrors, reconciliation } = findings;
    const bits = keyDetections[0] + keyDetections[1] + keyDetections[2];
    const statement = keyLength(parameters.proof, {
      ...documentOf(parameters),
      nX: keyDetections,
      nZ: testDetections,
      mZ: testErrors,
      leakBits: reconciliation.leakedBits + reconciliation.tagAnswers,
      // With one message all that Bob says can be counted; what he says in Cascade is beyond price, and the errors are Eve's.
      ...(reconciliation.method === 'ldpc' ? { bobBits: countBits(bits) + INSTANT_BITS } : {}),
    });
    findings.statement = statement;
    findings.secretBits = Math.floor(statement.secretBits / 8) * 8;
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
    const accepted = refusal === undefined;
    const toCome = tagsToCome * TAG_MESSAGE_BYTES;
    const context = RECORD_BYTES + new TextEncoder().encode(this.#tagContext(2)).length;
    const text = this.#transcript.textBytes + toCome + tagsToCome * RECORD_BYTES + context;
    return this.findings.report({
      classicalBytes: this.line.bytes + toCome,
      pads: accepted ? PADS : this.#padsTaken,
      forgeryBound: accepted ? forgeryBound(text, PADS) : 0,
      ...(accepted ? {} : { refusal }),
    });
  }
}

/**
 * The instant at which Bob says `decoded` tells how long his decoder took, which depends on the errors: where these are not
 * Eve's, so many bits of it are: by any clock, since 2^64 instants are five hours of them in steps of a femtosecond.
 */
const INSTANT_BITS = 64;
/** Of an acceptance or a release. */
const TAG_MESSAGE_BYTES = 17;
/** An honest Alice's monitor is taken for another's with at most this probability at each message. */
const MONITOR_FALSE_ALARM = 1e-15;
