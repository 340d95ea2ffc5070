import type { DeskCall, DeskState } from '@skykey/telemetry';
import type { CallApi } from './api.ts';
import { type CallSession, NO_STATUS, type SessionEnd, type SessionOptions } from './call-session.ts';
import type { CallSignal } from './contract.ts';
import { type DeviceChoice, DeviceError } from './devices.ts';
import type { CallEvent, CallEvents } from './events.ts';
import type { OwnPart } from './phase.ts';
import { callWords } from './words.ts';

/** Signals that came before this window's session was there, at most. */
const MOST_EARLY_SIGNALS = 200;
const MOST_OVER = 20;

/** What is said about a call that is over, or that never was. */
export interface CallNote {
  /** `stopped`: by an alarm. `problem`: it could not be made. */
  readonly kind: 'ended' | 'stopped' | 'missed' | 'problem';
  readonly reason: string | null;
  /** How long the two heard each other. */
  readonly lengthMs: number | null;
}

/** What a window shows, besides what the site says (`DeskState`). */
export interface CallView extends OwnPart {
  readonly preparingVideo: boolean;
  readonly microphone: MediaStreamTrack | null;
  readonly camera: MediaStreamTrack | null;
  readonly muted: boolean;
  /** When the two first heard each other, `performance.now()`. */
  readonly sinceMs: number | null;
  readonly note: CallNote | null;
  /** A device that did not open. */
  readonly deviceNote: string | null;
  readonly devices: DeviceChoice;
}

/** What a control works with; handed in, so that it can be tried without a browser. */
export interface CallParts {
  readonly api: Pick<CallApi, 'base' | 'start' | 'accept' | 'end' | 'signal' | 'servers'>;
  readonly events: CallEvents;
  readonly devices: DeviceChoice;
  readonly remember: (devices: DeviceChoice) => void;
  readonly openMicrophone: (devices: DeviceChoice) => Promise<MediaStreamTrack>;
  readonly openCamera: (devices: DeviceChoice) => Promise<MediaStreamTrack>;
  readonly openSession: (
    options: SessionOptions,
  ) => Pick<CallSession, 'receive' | 'setTrack' | 'setLoudspeaker' | 'close'>;
  /** Tells the other windows of this browser that this one has taken a call. */
  readonly tellWindows: (id: string) => void;
  readonly now: () => number;
}

/**
 * The part of one window in the calls of its desk. It outlives the panel that shows it. The site says what is so; this
 * obeys at once whatever ends a call, and asks for everything else.
 */
export class CallControl {
  readonly #parts: CallParts;
  readonly #listeners = new Set<() => void>();
  #view: CallView;
  #desk: DeskState | null = null;
  #session: ReturnType<CallParts['openSession']> | null = null;
  #takenOver = false;
  /** The site has told of our call: from then on its absence means an end. */
  #seen = false;
  /** Counts what was begun, so that what is late is left. */
  #turn = 0;
  /** The call for which the site refused leave, before its reason was told. */
  #refusedId: string | null = null;
  #early: { readonly id: string; readonly signal: CallSignal }[] = [];

  constructor(parts: CallParts) {
    this.#parts = parts;
    this.#view = {
      ownId: null,
      overIds: [],
      preparing: false,
      preparingVideo: false,
      status: null,
      microphone: null,
      camera: null,
      muted: false,
      sinceMs: null,
      note: null,
      deviceNote: null,
      devices: parts.devices,
    };
    parts.events.subscribe((event) => this.#hear(event));
  }

  /** For `useSyncExternalStore`. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly view = (): CallView => this.#view;

  /** The newest word of the site. */
  observe(desk: DeskState): void {
    const before = this.#desk?.call ?? null;
    this.#desk = desk;
    const { call, line } = desk;
    const { ownId } = this.#view;
    if (ownId !== null) {
      if (line.level === 'black') {
        this.#finish('stopped', line.alarm?.reason ?? line.reason);
      } else if (call?.id === ownId) {
        this.#seen = true;
        if (call.state === 'ended') this.#finish('ended', call.reason);
        else if (call.state !== 'ringing') void this.#speak(call);
      } else if (this.#seen) {
        this.#finish('ended', null);
      }
      return;
    }
    if (line.level === 'black') {
      if (this.#view.preparing) this.#finish('stopped', line.reason);
      else this.#explain('stopped', line.alarm?.reason ?? line.reason);
      return;
    }
    if (call !== null && call.id === this.#refusedId && call.state === 'ended') this.#explain('ended', call.reason);
    const rang = before !== null && before.state === 'ringing' && before.direction === 'incoming';
    if (rang && !this.#view.overIds.includes(before.id) && (call?.id !== before.id || call.state === 'ended')) {
      this.#change({ note: { kind: 'missed', reason: call?.reason ?? null, lengthMs: null } });
    }
  }

  /** `sealed`: voice by one-time pad. */
  async call(kind: DeskCall['kind'], sealing: DeskCall['sealing'] = 'hybrid'): Promise<void> {
    const turn = await this.#prepare(kind === 'video');
    if (turn === null) return;
    const answer = await this.#parts.api.start(kind, sealing);
    if (turn !== this.#turn) {
      if (answer.ok) void this.#parts.api.end(answer.body.id, callWords.reasons.cancelled);
      return;
    }
    if (!answer.ok) return this.#finish('problem', answer.error);
    this.#own(answer.body.id);
  }

  async answer(picture: boolean): Promise<void> {
    const call = this.#desk?.call;
    if (call === null || call === undefined || call.state !== 'ringing') return;
    const turn = await this.#prepare(picture && call.kind === 'video');
    if (turn === null) return;
    const answer = await this.#parts.api.accept(call.id);
    if (turn !== this.#turn) return;
    if (!answer.ok) return this.#finish('problem', answer.error);
    this.#own(call.id);
  }

  /** Takes a call over that another window had, or this one before it was loaded again. */
  async take(): Promise<void> {
    const call = this.#desk?.call;
    if (call === null || call === undefined) return;
    const turn = await this.#prepare(call.kind === 'video');
    if (turn === null) return;
    this.#parts.tellWindows(call.id);
    this.#takenOver = true;
    this.#own(call.id);
  }

  /** Another window of this browser has taken a call: it is over here, and goes on there. */
  taken(id: string): void {
    if (this.#view.ownId !== id) return;
    this.#finish('ended', callWords.ended.taken);
    this.#change({ overIds: this.#view.overIds.filter((each) => each !== id) });
  }

  decline(): void {
    const call = this.#desk?.call;
    if (call === null || call === undefined) return;
    this.#over(call.id);
    void this.#parts.api.end(call.id, callWords.reasons.declined);
  }

  /** Ends whatever is going on, here first. */
  hangUp(reason?: string): void {
    const id = this.#view.ownId ?? this.#desk?.call?.id;
    const { preparing } = this.#view;
    const ringing = this.#desk?.call?.state === 'ringing';
    this.#finish(preparing ? null : 'ended', reason ?? null);
    if (id === undefined || preparing) return;
    this.#over(id);
    void this.#parts.api.end(id, reason ?? (ringing ? callWords.reasons.cancelled : undefined));
  }

  dismiss(): void {
    this.#change({ note: null });
  }

  setMuted(muted: boolean): void {
    const { microphone } = this.#view;
    if (microphone !== null) microphone.enabled = !muted;
    this.#change({ muted });
  }

  /** Off means that the camera's own light goes out. */
  async setCamera(on: boolean): Promise<void> {
    if (!on) {
      this.#view.camera?.stop();
      this.#change({ camera: null, deviceNote: null });
      return this.#session?.setTrack('video', null);
    }
    await this.#open('video');
  }

  /** Another microphone, camera, loudspeaker or size of picture, at once where a call is on. */
  async choose(devices: DeviceChoice): Promise<void> {
    const before = this.#view.devices;
    this.#change({ devices, deviceNote: null });
    this.#parts.remember(devices);
    if (this.#view.microphone === null) return;
    if (devices.loudspeaker !== before.loudspeaker) await this.#session?.setLoudspeaker(devices.loudspeaker);
    if (devices.microphone !== before.microphone) await this.#open('audio');
    const picture = devices.camera !== before.camera || devices.picture !== before.picture;
    if (picture && this.#view.camera !== null) await this.#open('video');
  }

  /** The leave was gone before the word of why. */
  #explain(kind: 'ended' | 'stopped', reason: string | null): void {
    const { note } = this.#view;
    if (this.#refusedId === null || note === null) return;
    this.#change({ note: { ...note, kind, reason: reason ?? note.reason } });
    if (kind === 'stopped') this.#refusedId = null;
  }

  /** Silence at once, whatever was going on: the site, or its alarm, says so. */
  #halt(reason: string): void {
    const { ownId, preparing } = this.#view;
    if (ownId === null && !preparing) return;
    this.#finish('stopped', reason === '' ? (this.#desk?.line.reason ?? null) : reason);
  }

  #hear(event: CallEvent): void {
    if (event.name === 'call-stop') {
      this.#halt(event.reason);
    } else if (this.#session !== null && event.id === this.#view.ownId) {
      this.#session.receive(event.signal);
    } else {
      this.#early.push(event);
      if (this.#early.length > MOST_EARLY_SIGNALS) this.#early.shift();
    }
  }

  /** Opens what a call needs before anybody is disturbed. The number of this turn, or null when it came to nothing. */
  async #prepare(picture: boolean): Promise<number | null> {
    if (this.#view.preparing || this.#view.ownId !== null) return null;
    const turn = ++this.#turn;
    this.#change({ preparing: true, preparingVideo: picture, note: null, deviceNote: null, muted: false });
    try {
      const microphone = await this.#parts.openMicrophone(this.#view.devices);
      if (turn !== this.#turn) {
        microphone.stop();
        return null;
      }
      this.#watch(microphone, 'audio');
      this.#change({ microphone });
    } catch (error) {
      if (turn === this.#turn) this.#finish('problem', sentenceFor(error));
      return null;
    }
    // A call without a picture is still a call.
    if (picture) await this.#open('video');
    return turn === this.#turn ? turn : null;
  }

  /** Opens the chosen device in place of the one in use. */
  async #open(stream: 'audio' | 'video'): Promise<void> {
    const turn = this.#turn;
    const name = stream === 'audio' ? 'microphone' : 'camera';
    const open = stream === 'audio' ? this.#parts.openMicrophone : this.#parts.openCamera;
    try {
      const track = await open(this.#view.devices);
      if (turn !== this.#turn) return track.stop();
      if (stream === 'audio') track.enabled = !this.#view.muted;
      await this.#session?.setTrack(stream, track);
      this.#view[name]?.stop();
      this.#watch(track, stream);
      this.#change({ [name]: track, deviceNote: null });
    } catch (error) {
      if (turn === this.#turn) this.#change({ deviceNote: sentenceFor(error) });
    }
  }

  /** A device that is pulled out gives way to the system's; without one, people are told. */
  #watch(track: MediaStreamTrack, stream: 'audio' | 'video'): void {
    track.onended = () => {
      if (this.#view.microphone !== track && this.#view.camera !== track) return;
      if (stream === 'audio') void this.#open('audio');
      else void this.setCamera(false);
    };
  }

  #own(id: string): void {
    this.#seen = false;
    this.#change({ preparing: false, ownId: id });
    if (this.#desk !== null) this.observe(this.#desk);
  }

  /** The call is agreed on: builds the connection, once. */
  async #speak(call: DeskCall): Promise<void> {
    const { microphone, camera, status } = this.#view;
    if (this.#session !== null || status !== null || microphone === null) return;
    const turn = this.#turn;
    this.#change({ status: NO_STATUS });
    const servers = await this.#parts.api.servers();
    if (turn !== this.#turn || this.#view.ownId !== call.id) return;
    try {
      this.#session = this.#parts.openSession({
        id: call.id,
        kind: call.kind,
        sealing: call.sealing,
        polite: call.direction === 'incoming',
        takenOver: this.#takenOver,
        base: this.#parts.api.base,
        microphone,
        camera: this.#view.camera ?? camera,
        servers,
        loudspeaker: this.#view.devices.loudspeaker,
        send: async (signal) => {
          const sent = await this.#parts.api.signal(call.id, signal);
          return sent.ok ? 'sent' : sent.status === null || sent.status >= 500 ? 'again' : 'dropped';
        },
        onChange: (next) => {
          const heard = next.connection === 'connected' && next.lease === 'valid';
          this.#change({ status: next, sinceMs: this.#view.sinceMs ?? (heard ? this.#parts.now() : null) });
        },
        onEnd: (by, reason) => this.#ended(call.id, by, reason),
      });
    } catch {
      return this.#ended(call.id, 'failed', null);
    }
    const early = this.#early.filter(({ id }) => id === call.id);
    this.#early = [];
    for (const { signal } of early) this.#session.receive(signal);
  }

  /** The session has closed itself. */
  #ended(id: string, by: SessionEnd, reason: string | null): void {
    if (by === 'stop') {
      this.#finish(this.#desk?.line.level === 'black' ? 'stopped' : 'ended', reason);
      this.#refusedId = id;
      return;
    }
    const name = this.#desk?.name ?? '';
    this.#finish('ended', by === 'lapsed' ? callWords.ended.siteGone(name) : callWords.reasons[by]);
    void this.#parts.api.end(id, callWords.reasons[by]);
  }

  /** Over for this window: silence first, then the note. Null leaves no note. */
  #finish(kind: CallNote['kind'] | null, reason: string | null): void {
    this.#turn++;
    this.#refusedId = null;
    this.#takenOver = false;
    this.#session?.close();
    this.#session = null;
    const { microphone, camera, ownId, sinceMs, note } = this.#view;
    for (const track of [microphone, camera]) {
      if (track === null) continue;
      track.onended = null;
      track.stop();
    }
    if (ownId !== null) this.#over(ownId);
    this.#early = [];
    this.#change({
      ownId: null,
      preparing: false,
      status: null,
      microphone: null,
      camera: null,
      muted: false,
      sinceMs: null,
      deviceNote: null,
      note: kind === null ? note : { kind, reason, lengthMs: sinceMs === null ? null : this.#parts.now() - sinceMs },
    });
  }

  #over(id: string): void {
    this.#change({ overIds: [...this.#view.overIds.filter((each) => each !== id), id].slice(-MOST_OVER) });
  }

  #change(change: Partial<CallView>): void {
    this.#view = { ...this.#view, ...change };
    for (const listener of this.#listeners) listener();
  }
}

function sentenceFor(error: unknown): string {
  return error instanceof DeviceError ? error.message : callWords.deviceErrors.microphone.other;
}
