import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import type { FileHashes, FileId } from '../file/index.ts';
import type { Sealing } from '../sealed/index.ts';
import { type Agreed, directionOf } from '../secret/index.ts';
import {
  type AlarmClass,
  type Consequence,
  type DeskRole,
  decodeControl,
  encodeControl,
  type LineEvent,
  LineMachine,
  type LineOptions,
  type LineState,
  maySpend,
  readLine,
  reserveOf,
  storeLine,
} from '../state/index.ts';
import { readBeat, writeBeat } from './beat.ts';
import { Calls, type Lease } from './calls.ts';
import type { SessionContext, SessionOptions } from './context.ts';
import { Emergency, readConfirmation, writeConfirmation } from './emergency.ts';
import { FILE_FORM, Files } from './files.ts';
import { Minutes } from './minutes.ts';
import { type Notice, Notices } from './notices.ts';
import type { SessionCall, SessionFile, SessionMessage, SessionPorts } from './ports.ts';
import { type RecordPart, SignedRecord } from './record.ts';
import { Renewal, type Renewed } from './renewal.ts';
import { Steps } from './steps.ts';
import { Texts } from './texts.ts';
import { NO_SAFETY, type SessionSafety, type SessionView, safetyOf } from './view.ts';

const LINE = 'session/line';
const ERA = 'session/era';
const PEER_ERA = 'session/peer-era';
/** What a record of the control lane begins with. */
const FORM = { line: 1, beat: 2, notice: 3, file: FILE_FORM, minutes: 5, pad: 6 } as const;
/** A desk tells what has arrived and what it holds at least this often. */
const BEAT_MS = 1000;

/**
 * A conversation, seen from one desk: words, files and calls under keys that two desks agree on again and again, on a line
 * that tells at every moment how safe it is. Messages of the line, words of people, counts and alarms of the site and the
 * time come in; what is to be sent, kept and shown goes out by the ports. See PROTOCOL.md.
 *
 * Nothing that encrypts is ever kept: after a start, whatever happened to the store, the desks agree on new keys first. So
 * no key, pad, nonce or counter can be used a second time.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #ports: SessionPorts;
  readonly #steps: Steps;
  readonly #machine: LineMachine;
  readonly #renewal: Renewal;
  readonly #texts: Texts;
  readonly #notices: Notices;
  readonly #files: Files;
  readonly #calls: Calls;
  readonly #minutes: Minutes;
  readonly #record: SignedRecord;
  readonly #emergency: Emergency;
  #line: LineState;
  #safety: SessionSafety = NO_SAFETY;
  #beatDue = false;
  #beatMs = 0;
  /** Changes when this store is made anew or restored. */
  readonly #era: number;
  /** The peer's, when it was last agreed with; null before. */
  #peerEra: number | null;
  #closed = false;
  #tookPad = false;
  /** Being drawn: a count of the pool may still have them. */
  #underWayBits = 0;

  /**
   * Opens the conversation from what is kept of it, or begins it. Rejects with HotlineError `hotline/bad-argument`,
   * `hotline/policy`, `hotline/store`.
   */
  static async open(options: SessionOptions, ports: SessionPorts): Promise<Session> {
    const kept = await ports.store.load();
    const session = new Session(options, ports, kept);
    await session.#steps.run(() => {
      session.#happen({ type: 'started', restored: options.restored, atMs: ports.nowMs() });
      if (!options.signing) session.#happen({ type: 'record', wants: false, atMs: ports.nowMs() });
      session.#tookPad = session.#emergency.begin(options.emergencyPad);
      session.#steps.put(ERA, new Writer().u64(session.#era).finish());
      session.#steps.put(LINE, new TextEncoder().encode(storeLine(session.#line)));
    });
    return session;
  }

  private constructor(options: SessionOptions, ports: SessionPorts, kept: ReadonlyMap<string, Uint8Array>) {
    this.#options = options;
    this.#ports = ports;
    this.#steps = new Steps(ports.store);
    const { ownId, peerId, ownName, peerName, conversationId, policy } = options;
    const direction = directionOf(ownId, peerId);
    const lineOptions: LineOptions = {
      ...{ policy, direction, conversation: conversationId },
      ...{ selfName: ownName, peerName },
    };
    this.#machine = new LineMachine(lineOptions);
    const line = kept.get(LINE);
    this.#line = line ? readLine(new TextDecoder().decode(line)) : this.#machine.begin(ports.nowMs());
    const era = options.restored ? undefined : kept.get(ERA);
    this.#era = era ? readEra(era) : new DataView(ports.random(8).buffer).getUint32(0);
    const peerEra = kept.get(PEER_ERA);
    this.#peerEra = peerEra ? readEra(peerEra) : null;
    const context: SessionContext = {
      ...{ options, ports, steps: this.#steps },
      line: () => this.#line,
      may: (padBits) => this.#machine.permissions(this.#line, padBits),
      wanted: () => this.#machine.view(this.#line).freshAgreement,
      seal: (lane, plaintext) => this.#seal(lane, plaintext),
      spends: (bits) => this.#spends(bits),
      spent: (bits) => {
        this.#underWayBits -= bits;
      },
      speaks: (ms) => this.#happen({ type: 'pad-speech', ms, atMs: this.#ports.nowMs() }),
      journal: (text) => this.#journal(text),
      beatSoon: () => {
        this.#beatDue = true;
      },
    };
    this.#minutes = new Minutes(this.#steps, kept, {
      added: (direction, sealing, message) => this.#record.add(direction, sealing, message),
      begun: (origin) => this.#record.beginAnew(origin),
    });
    this.#record = new SignedRecord(context, kept, {
      origin: this.#minutes.origin,
      ask: (body) => this.#notice({ kind: 'signature', body }),
      doubt: (reason) => this.#doubtRecord(reason),
    });
    this.#notices = new Notices(context, kept, (notice) => this.#noticed(notice));
    this.#texts = new Texts(context, kept, {
      minutes: this.#minutes,
      onUnopenable: (number) => this.#notice({ kind: 'seal-again', body: new Writer().u64(number).finish() }),
    });
    this.#emergency = new Emergency(context, kept, {
      confirm: (keyId) => this.#notice({ kind: 'emergency', body: writeConfirmation(keyId) }),
      left: (texts) => this.#happen({ type: 'emergency-pad', texts, atMs: this.#ports.nowMs() }),
    });
    this.#files = new Files(context, kept, {
      tell: (body) => this.#notices.tell({ kind: 'file-offer', body }),
      areUnderWay: () => this.#notices.holding.held.length > 0,
    });
    this.#calls = new Calls(context, () => this.#renewal.epoch, {
      tell: (body) => this.#notices.tell({ kind: 'call', body }),
      post: (body) => this.#seal('control', new Writer().u8(FORM.pad).raw(body).finish()),
    });
    this.#renewal = new Renewal(context, kept.get('session/roots'), {
      era: this.#era,
      accepted: () => ({ text: this.#texts.accepted, control: this.#notices.accepted }),
      transcript: () => this.#transcriptHash(),
      onEpoch: (renewed) => this.#renewed(renewed),
    });
  }

  /** The pad that was brought is in the store, or must never be: its file is to be destroyed. */
  get tookPad(): boolean {
    return this.#tookPad;
  }

  /** Why nothing goes on, or null: its host opens it anew. */
  get broken(): HotlineError | null {
    return this.#steps.broken;
  }

  view(): SessionView {
    const { policy, ownId, peerId } = this.#options;
    const reserve = reserveOf(this.#line.stock, policy, directionOf(ownId, peerId));
    const minutesPerDay = policy.voicePadMinutesPerDay;
    const ofDayMs = Math.max(0, 60_000 * minutesPerDay - this.#line.padSpeech.spentMs);
    const leftMs = Math.min(ofDayMs, Math.floor(60_000 * reserve.padSpeechMinutes));
    return {
      line: this.#machine.view(this.#line),
      may: this.#machine.permissions(this.#line),
      reserve,
      safety: this.#safety,
      call: this.#calls.shown,
      padSpeech: { minutesPerDay, leftMs },
      files: this.#files.list,
      record: this.#record.view,
      emergency: this.#emergency.view,
      waitingTexts: this.#texts.waiting,
    };
  }

  /**
   * A message off the line, from whoever sent it. Resolves whatever it was; what is refused is told to the journal and has
   * changed nothing. Rejects with HotlineError `hotline/store` alone.
   */
  arrive(bytes: Uint8Array): Promise<void> {
    return this.#run(() => {
      try {
        this.#arrive(bytes);
      } catch (error) {
        if (!(error instanceof HotlineError)) throw error;
        if (error.code === 'hotline/policy') this.#otherPolicy();
        if (error.code !== 'hotline/replayed' && error.code !== 'hotline/unknown-epoch') {
          this.#journal(`a message was refused: ${error.message}`);
        }
      }
    });
  }

  /** To be called ten times a second or so. */
  tick(): Promise<void> {
    return this.#run(() => this.#happen({ type: 'tick', atMs: this.#ports.nowMs() }));
  }

  /** A person writes. Resolves when it is kept here; rejects with HotlineError whose message is for that person. */
  say(text: { readonly text: string; readonly sealing: Sealing; readonly author: string }): Promise<SessionMessage> {
    return this.#run(() => this.#texts.say(text));
  }

  /**
   * A person writes while the line is shut: short words by the pad that a courier brought, and by nothing else. Rejects with
   * the sentence for that person.
   */
  sayEmergency(text: { readonly text: string; readonly author: string }): Promise<SessionMessage> {
    return this.#run(() => this.#emergency.say(text));
  }

  /** The pools of this site, above nothing: the floor of the policy is taken off here. */
  stock(sendBits: number, receiveBits: number, madeAfterMs: number): Promise<void> {
    return this.#run(() => {
      const left = Math.max(0, sendBits - this.#underWayBits);
      this.#happen({ type: 'stock', sendBits: left, receiveBits, madeAfterMs, atMs: this.#ports.nowMs() });
    });
  }

  /** An alarm of this site or of a person at it. Everything stops at once, before anything is written. */
  alarm(alarm: {
    readonly id: string;
    readonly class: AlarmClass;
    readonly foundBy: string;
    readonly link: string;
    readonly reason: string;
    readonly atMs: number;
  }): Promise<void> {
    return this.#run(() => this.#happen({ type: 'alarm', alarm, atMs: this.#ports.nowMs() }));
  }

  /** A person agrees that the line is opened again. Rejects with the sentence when that does not count. */
  approve(person: {
    readonly id: string;
    readonly name: string;
    readonly roles: readonly DeskRole[];
    readonly request: string;
  }): Promise<void> {
    const { id, name, roles, request } = person;
    return this.#run(() =>
      this.#happen({ type: 'approval', person: id, name, roles, request, atMs: this.#ports.nowMs() }),
    );
  }

  withdraw(person: string, request: string): Promise<void> {
    return this.#run(() => this.#happen({ type: 'approval-withdrawn', person, request, atMs: this.#ports.nowMs() }));
  }

  /**
   * A person here wants the conversation on the record, or not. It is, while both sides want it. Rejects with the sentence
   * when this desk has no keys to sign with.
   */
  record(wants: boolean): Promise<void> {
    return this.#run(() => {
      if (wants && !this.#options.signing) throw new HotlineError('hotline/not-permitted', NO_SIGNING_KEYS);
      this.#happen({ type: 'record', wants, atMs: this.#ports.nowMs() });
    });
  }

  /** What can be shown to a third, oldest first: see `recordDocument`. */
  get recordParts(): readonly RecordPart[] {
    return this.#record.parts;
  }

  /** Words said before are no longer kept anywhere here. What both signed about them stays, without what would show them. */
  forgetRecord(beforeMs: number): Promise<void> {
    return this.#run(() => this.#record.forget(beforeMs));
  }

  /** An operator has read that the store was restored. */
  noted(): Promise<void> {
    return this.#run(() => this.#happen({ type: 'noted', atMs: this.#ports.nowMs() }));
  }

  /** Offers a file of the shelf. Rejects with the sentence for the person. */
  offerFile(file: {
    readonly fileId: FileId;
    readonly name: string;
    readonly hashes: FileHashes;
  }): Promise<SessionFile> {
    return this.#run(() => this.#files.offer(file));
  }

  steerFile(fileId: FileId, what: 'pause' | 'resume' | 'cancel'): Promise<void> {
    return this.#run(() => this.#files.steer(fileId, what));
  }

  /** The host keeps these files no longer: they leave the list, and what is under way of them is cancelled. */
  forgetFiles(fileIds: readonly FileId[]): Promise<void> {
    return this.#run(() => this.#files.forget(fileIds));
  }

  /** A person rings. `sealed`, of voice alone: by one-time pad. Rejects with the sentence when that may not be. */
  ring(kind: SessionCall['kind'], sealing: Sealing = 'hybrid'): Promise<SessionCall> {
    return this.#run(() => this.#calls.ring(kind, sealing));
  }

  acceptCall(id: string): Promise<SessionCall> {
    return this.#run(() => this.#calls.accept(id));
  }

  endCall(id: string, reason: string): Promise<void> {
    return this.#run(() => this.#calls.end(id, reason));
  }

  signalCall(id: string, signal: string): Promise<void> {
    return this.#run(() => this.#calls.signal(id, signal));
  }

  lease(id: string, have: ReadonlySet<string>): Promise<Lease> {
    return this.#run(() => this.#calls.lease(id, have));
  }

  /** Ends what is under way and overwrites every key. */
  async close(): Promise<void> {
    if (!this.#closed) await this.#steps.run(() => this.#record.close()).catch(() => undefined);
    this.#closed = true;
    await this.#steps.idle();
    this.#calls.stop('This site ends.');
    this.#texts.wipe();
    this.#emergency.wipe();
    this.#renewal.wipe();
  }

  #run<T>(step: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new HotlineError('hotline/store', 'this conversation is closed'));
    return this.#steps.run(() => {
      const result = step();
      this.#move();
      return result;
    });
  }

  /** After every step: what is due now goes. */
  #move(): void {
    const nowMs = this.#ports.nowMs();
    this.#renewal.tick(nowMs);
    this.#calls.tick(nowMs);
    this.#emergency.tick(nowMs);
    if (!this.#renewal.epoch) return;
    this.#record.tick(nowMs);
    this.#notices.pump(nowMs, FORM.notice);
    this.#texts.pump(nowMs);
    this.#files.tick(nowMs);
    if (this.#beatDue || Math.abs(nowMs - this.#beatMs) >= BEAT_MS) this.#beat(nowMs);
  }

  #arrive(bytes: Uint8Array): void {
    const nowMs = this.#ports.nowMs();
    if (bytes[5] === 1) {
      this.#renewal.arrive(bytes, nowMs);
      return;
    }
    if (bytes[5] === 3) {
      this.#emergency.arrive(bytes);
      return;
    }
    const epoch = this.#renewal.epochOf(bytes.subarray(8, 24));
    if (!epoch)
      throw new HotlineError('hotline/unknown-epoch', 'a record came under keys that this desk does not have');
    const { lane, plaintext } = epoch.open(bytes, nowMs);
    try {
      this.#renewal.used(epoch);
      if (lane === 'text') {
        this.#texts.arrive(plaintext);
        return;
      }
      if (lane === 'file') {
        this.#files.arrive(plaintext, 'file');
        return;
      }
      this.#control(plaintext);
    } finally {
      plaintext.fill(0);
    }
  }

  /**
   * The other desk has proven that it holds the couriered secret, and has pinned something else: no keys come of it, so it
   * cannot say so itself. While an alarm stands, a request to reopen looks the same, and is none of this.
   */
  #otherPolicy(): void {
    if (this.#renewal.epoch || this.#line.joint.level === 'black') return;
    this.#happen({ type: 'peer', message: { type: 'policy', hash: '' }, atMs: this.#ports.nowMs() });
  }

  #control(plaintext: Uint8Array): void {
    const rest = plaintext.slice(1);
    switch (plaintext[0]) {
      case FORM.line:
        this.#happen({ type: 'peer', message: decodeControl(rest), atMs: this.#ports.nowMs() });
        return;
      case FORM.beat:
        this.#beaten(rest);
        return;
      case FORM.notice:
        this.#notices.arrive(rest);
        return;
      case FORM.file:
        this.#files.arrive(rest, 'control');
        return;
      case FORM.minutes:
        this.#compare(rest);
        return;
      case FORM.pad:
        this.#calls.padsArrive(rest);
        return;
      default:
        throw new HotlineError('hotline/malformed', 'a control message has a form that does not exist');
    }
  }

  #beat(nowMs: number): void {
    const beat = writeBeat({ streams: [this.#texts, this.#notices], sending: this.#calls.sending });
    if (!this.#seal('control', new Writer().u8(FORM.beat).raw(beat).finish())) return;
    this.#beatDue = false;
    this.#beatMs = nowMs;
    if (this.#minutes.headDue) this.#sayMinutes();
  }

  #beaten(bytes: Uint8Array): void {
    const { streams, sending } = readBeat(bytes);
    for (const [index, stream] of [this.#texts, this.#notices].entries()) {
      const { ack, holding } = streams[index]!;
      stream.acknowledged(ack);
      stream.holds(holding);
    }
    if (sending) this.#calls.peerSends(sending.callId, sending.mediaEpoch);
  }

  #sayMinutes(): void {
    this.#seal('control', new Writer().u8(FORM.minutes).raw(this.#minutes.head()).finish());
  }

  #compare(head: Uint8Array): void {
    const comparison = this.#minutes.compare(head);
    if (comparison.kind === 'mismatch') this.#fault(comparison.reason);
  }

  /** The record goes off here: else the next signature would shut the line again as soon as it is opened. */
  #doubtRecord(reason: string): void {
    this.#happen({ type: 'record', wants: false, atMs: this.#ports.nowMs() });
    this.#fault(reason);
  }

  #fault(reason: string): void {
    const nowMs = this.#ports.nowMs();
    const id = Buffer.from(this.#ports.random(8)).toString('hex');
    const alarm = { id, class: 'fault', foundBy: this.#options.ownName, link: 'hotline', atMs: nowMs } as const;
    this.#happen({ type: 'alarm', alarm: { ...alarm, reason: reason.replace(/\.$/, '') }, atMs: nowMs });
  }

  #noticed({ kind, body }: Notice): void {
    switch (kind) {
      case 'seal-again': {
        const reader = new Reader(body, 'a notice about a text');
        this.#texts.sealAgain(reader.u64());
        reader.end();
        return;
      }
      case 'file-offer':
        this.#files.offered(body);
        return;
      case 'call':
        this.#calls.arrive(body);
        return;
      case 'emergency':
        this.#emergency.confirmed(readConfirmation(body));
        return;
      case 'signature':
        this.#record.arrive(body, this.#ports.nowMs());
        return;
    }
  }

  #notice(notice: Notice): void {
    try {
      this.#notices.tell(notice);
    } catch (error) {
      if (!(error instanceof HotlineError)) throw error;
      this.#journal(`the other desk could not be told: ${error.message}`);
    }
  }

  #renewed({ agreed, epoch, qkdAtMs, reopens }: Renewed): void {
    const { peer } = agreed;
    this.#safety = safetyOf(agreed, this.#ports.nowMs(), this.#safety.chainBroken);
    if (agreed.rootLost) this.#journal('the chain of keys was broken: a store was made anew or restored from a copy');
    if (!agreed.transcriptsAgree) this.#beginMinutes(epoch.id, agreed);
    if (peer.generation !== this.#peerEra) {
      this.#peerEra = peer.generation;
      this.#steps.put(PEER_ERA, new Writer().u64(peer.generation).finish());
    }
    this.#texts.skipPast(peer.accepted.text);
    this.#notices.skipPast(peer.accepted.control);
    if (peer.reason === 'start') this.#calls.peerStarted();
    this.#texts.hurry();
    this.#notices.hurry();
    const id = Buffer.from(epoch.id).toString('hex');
    this.#happen({ type: 'epoch', id, qkdMadeAtMs: qkdAtMs, reopens, atMs: this.#ports.nowMs() });
    this.#files.reconnected();
    this.#beatDue = true;
  }

  #beginMinutes(epochId: Uint8Array, { peer }: Agreed): void {
    const { ownId, peerId } = this.#options;
    const out = directionOf(ownId, peerId);
    const accepted = { [out]: peer.accepted.text, [3 - out]: this.#texts.accepted };
    this.#minutes.beginAnew(epochId, { 1: accepted[1]!, 2: accepted[2]! });
  }

  /** Of what both remember, and of the stores in which they do: it differs after either was made anew or restored. */
  #transcriptHash(): Uint8Array {
    const { ownId, peerId } = this.#options;
    const eras = { [directionOf(ownId, peerId)]: this.#era, [directionOf(peerId, ownId)]: this.#peerEra ?? 0 };
    return this.#minutes.hash(eras[1]!, eras[2]!);
  }

  #happen(event: LineEvent): void {
    const { state, consequences, durable } = this.#machine.reduce(this.#line, event);
    const before = this.#line;
    this.#line = state;
    // At once, before anything is written: these only take away.
    for (const consequence of consequences) this.#take(consequence);
    if (durable) this.#steps.put(LINE, new TextEncoder().encode(storeLine(state)));
    for (const consequence of consequences) this.#do(consequence);
    if (durable || state.stock !== before.stock) this.#steps.after(() => this.#ports.tell({ kind: 'state' }));
    const refused = consequences.find(({ type }) => type === 'refused');
    if (refused?.type === 'refused') throw new HotlineError('hotline/not-permitted', refused.sentence);
  }

  #take(consequence: Consequence): void {
    if (consequence.type === 'media-stop') this.#calls.stop(consequence.reason);
    if (consequence.type === 'lock') this.#texts.alarm();
    if (consequence.type !== 'quarantine') return;
    this.#renewal.alarm();
    const { link, foundAtMs, keysMadeUpToMs } = consequence;
    this.#ports.tell({ kind: 'quarantine', link, sinceMs: Math.min(foundAtMs, keysMadeUpToMs) });
  }

  #do(consequence: Consequence): void {
    if (consequence.type === 'tell') {
      this.#seal('control', new Writer().u8(FORM.line).raw(encodeControl(consequence.message)).finish());
    }
    if (consequence.type === 'unlock') {
      this.#texts.hurry();
      this.#files.reconnected();
    }
  }

  #spends(bits: number): boolean {
    const { stock, keysMadeAfterMs: madeAfterMs } = this.#line;
    if (stock) {
      if (!maySpend(stock.sendBits, this.#options.policy, bits)) return false;
      const sendBits = stock.sendBits - bits;
      this.#happen({ type: 'stock', ...stock, sendBits, madeAfterMs, atMs: this.#ports.nowMs() });
    }
    this.#underWayBits += bits;
    return true;
  }

  #seal(lane: 'control' | 'text' | 'file', plaintext: Uint8Array): boolean {
    const epoch = this.#renewal.epoch;
    if (!epoch) return false;
    let record: Uint8Array;
    try {
      record = epoch.seal(lane, plaintext);
    } catch (error) {
      if (error instanceof HotlineError && error.code === 'hotline/spent') return false;
      throw error;
    }
    this.#steps.after(() => this.#ports.post(record));
    return true;
  }

  #journal(text: string): void {
    this.#steps.after(() => this.#ports.tell({ kind: 'journal', text }));
  }
}

function readEra(bytes: Uint8Array): number {
  return new Reader(bytes, 'the era of a store').u64();
}

const NO_SIGNING_KEYS =
  'This desk has no keys to sign a record with. Whoever runs the site makes them, brings the public one to the other site, and names both in its configuration.';
