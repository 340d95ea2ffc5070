import type { Stream, TransformOptions } from '@skykey/hotline/media';
import type { DeskCall } from '@skykey/telemetry';
import { BypassWatch, type Tally } from './bypass.ts';
import type { CallSignal, FrameTotals, LeaseState, WorkerOrder, WorkerReport } from './contract.ts';
import { Flow } from './flow.ts';
import { type Attempts, recoveryStep } from './recovery.ts';
import { connectionOf, guarded, sealableCodecs } from './sdp.ts';

/** How often the connection is looked at, besides its own events, ms. */
const WATCH_MS = 500;
/** A browser whose frames go past the worker again and again cannot call. */
const MOST_DEAF = 3;
/** The polite side waits so long for an offer before it makes one itself. */
const OFFER_PATIENCE_MS = 4000;
const RESEND_MS = 500;
/** Time for the worker to wipe its keys before it is ended, ms. */
const WIPE_MS = 500;

/** `stop`: the site said so. `unsealed`: frames went past the worker. */
export type SessionEnd = 'stop' | 'lapsed' | 'lost' | 'failed' | 'unsealed';

export interface SessionOptions {
  readonly id: string;
  readonly kind: DeskCall['kind'];
  readonly sealing: DeskCall['sealing'];
  /** Gives way when both sides make an offer at once: the one who was called. */
  readonly polite: boolean;
  /** Another window had the call before: the peer waits for nothing, and must be told of this connection. */
  readonly takenOver: boolean;
  /** Below which path the site's interface is; for the worker. */
  readonly base: string;
  readonly microphone: MediaStreamTrack;
  readonly camera: MediaStreamTrack | null;
  readonly servers: readonly RTCIceServer[];
  readonly loudspeaker: string | null;
  /** Hands a signal to the site; resolves to whether it is worth trying again. */
  readonly send: (signal: CallSignal) => Promise<'sent' | 'again' | 'dropped'>;
  readonly onChange: (status: SessionStatus) => void;
  /** The session has closed itself; a stop comes with the site's reason. */
  readonly onEnd: (by: SessionEnd, reason: string | null) => void;
}

export interface SessionStatus {
  readonly connection: 'connecting' | 'connected' | 'reconnecting';
  readonly lease: LeaseState;
  readonly counts: FrameTotals | null;
  /** Frames that can be opened arrive now. */
  readonly voiceArrives: boolean;
  readonly pictureArrives: boolean;
  /** Frames arrive, and none of them can be opened. */
  readonly refuses: boolean;
  /** Another object after the connection was built anew; null before anything was agreed. */
  readonly voice: MediaStream | null;
  readonly picture: MediaStream | null;
  readonly figures: CallFigures | null;
}

/** Figures for people who want to know, and for tests. */
export interface CallFigures {
  readonly framesReceived: number;
  readonly framesDecoded: number;
  readonly packetsLost: number;
  readonly roundTripMs: number | null;
  readonly packets: Tally;
}

/** What a session says of itself before anything has happened. */
export const NO_STATUS: SessionStatus = {
  connection: 'connecting',
  lease: 'waiting',
  counts: null,
  voiceArrives: false,
  pictureArrives: false,
  refuses: false,
  voice: null,
  picture: null,
  figures: null,
};

/**
 * One call of one window: a connection to the peer's page, and the worker that seals and opens its frames. Negotiation is
 * "perfect" (W3C WebRTC, 10.7). Every sender and receiver gets its transform before anything is negotiated, so that no
 * frame leaves unsealed.
 */
export class CallSession {
  readonly #options: SessionOptions;
  readonly #worker: Worker;
  readonly #sound = new Audio();
  readonly #local = new MediaStream();
  readonly #flow = new Flow();
  readonly #bypass = new BypassWatch();
  readonly #timer: ReturnType<typeof setInterval>;
  #tracks: Record<Stream, MediaStreamTrack | null>;
  #connection: RTCPeerConnection;
  /** Origin of the peer's descriptions; null before the first. */
  #peerConnection: string | null = null;
  #makingOffer = false;
  #incoming: Promise<void> = Promise.resolve();
  #outgoing: Promise<void> = Promise.resolve();
  #connected = false;
  #attempts: Attempts | null;
  #status = NO_STATUS;
  #deaf = 0;
  #closed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#tracks = { audio: options.microphone, video: options.camera };
    this.#attempts = { lostMs: performance.now(), restartedMs: null, rebuiltMs: null };
    this.#worker = new Worker(new URL('./media-worker.ts', import.meta.url), { type: 'module', name: 'call-media' });
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerReport>) => this.#hear(data);
    this.#worker.onerror = () => this.#end('failed', null);
    const session = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0'));
    this.#order({ kind: 'open', base: options.base, id: options.id, session: session.join(''), padded: this.#padded });
    this.#sound.autoplay = true;
    void this.setLoudspeaker(options.loudspeaker);
    this.#connection = this.#build();
    if (options.polite && !options.takenOver) setTimeout(() => this.#offerAfterWaiting(), OFFER_PATIENCE_MS);
    else this.#offer();
    this.#timer = setInterval(() => this.#watch(), WATCH_MS);
  }

  get status(): SessionStatus {
    return this.#status;
  }

  /** A step of the peer's page, in the order in which they came. */
  receive(signal: CallSignal): void {
    this.#incoming = this.#incoming.then(() => this.#take(signal)).catch(() => undefined);
  }

  /** The microphone or camera in use; null is none, and the stream goes on without frames. */
  async setTrack(stream: Stream, track: MediaStreamTrack | null): Promise<void> {
    this.#tracks[stream] = track;
    for (const transceiver of this.#transceivers(stream)) await transceiver.sender.replaceTrack(track);
  }

  async setLoudspeaker(deviceId: string | null): Promise<void> {
    if (!('setSinkId' in this.#sound)) return;
    // A loudspeaker that is gone leaves the system's in its place.
    await this.#sound.setSinkId(deviceId ?? '').catch(() => undefined);
  }

  /** Silence, now and for good: nothing is sent, nothing is played, the keys are wiped. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#order({ kind: 'stop' });
    this.#sound.srcObject = null;
    this.#discard(this.#connection);
    clearInterval(this.#timer);
    setTimeout(() => this.#worker.terminate(), WIPE_MS);
  }

  get #padded(): boolean {
    return this.#options.sealing === 'sealed';
  }

  #end(by: SessionEnd, reason: string | null): void {
    if (this.#closed) return;
    this.close();
    this.#options.onEnd(by, reason);
  }

  #order(order: WorkerOrder): void {
    this.#worker.postMessage(order);
  }

  #hear(report: WorkerReport): void {
    if (this.#closed) return;
    if (report.kind === 'key-frame-needed') {
      this.#makeKeyFrame();
    } else if (report.kind === 'counts') {
      this.#compare(report.counts);
    } else if (report.state === 'stopped') {
      this.#end('stop', report.reason);
    } else if (report.state === 'lapsed') {
      this.#end('lapsed', null);
    } else {
      // What is already decoded must not be heard either.
      this.#sound.muted = report.state !== 'valid';
      this.#change({ lease: report.state });
    }
  }

  #change(change: Partial<SessionStatus>): void {
    this.#status = { ...this.#status, ...change };
    this.#options.onChange(this.#status);
  }

  #build(): RTCPeerConnection {
    const connection = new RTCPeerConnection({ iceServers: [...this.#options.servers], bundlePolicy: 'max-bundle' });
    const voice = new MediaStream();
    const picture = new MediaStream();
    connection.ontrack = ({ track, transceiver }) => {
      this.#seal(transceiver);
      (track.kind === 'audio' ? voice : picture).addTrack(track);
      if (track.kind === 'audio') this.#sound.srcObject = voice;
      this.#change(track.kind === 'audio' ? { voice } : { picture });
    };
    connection.onicecandidate = ({ candidate }) => {
      if (candidate !== null) this.#send({ candidate: candidate.toJSON() });
    };
    connection.onnegotiationneeded = () => void this.#negotiate(connection);
    connection.onconnectionstatechange = () => this.#watch();
    return connection;
  }

  #discard(connection: RTCPeerConnection): void {
    connection.ontrack = null;
    connection.onicecandidate = null;
    connection.onnegotiationneeded = null;
    connection.onconnectionstatechange = null;
    connection.close();
  }

  /** Reads what the browser has counted, and asks the worker what it has seen: in this order, nothing is missing there. */
  async #look(connection: RTCPeerConnection): Promise<void> {
    const figures = readFigures((await connection.getStats()).values());
    if (this.#closed || connection !== this.#connection) return;
    this.#change({ figures });
    this.#order({ kind: 'count' });
  }

  #compare(counts: FrameTotals): void {
    const nowMs = performance.now();
    const { figures } = this.#status;
    this.#change({ counts, ...this.#flow.after(counts, nowMs) });
    if (figures === null) return;
    const { packets, framesDecoded: decoded } = figures;
    const found = this.#bypass.after({ packets, decoded }, counts.seen, nowMs);
    if (found === 'leak' || (found === 'deaf' && ++this.#deaf > MOST_DEAF)) {
      this.#end('unsealed', null);
    } else if (found === 'deaf') {
      this.#rebuild();
      this.#offer();
    }
  }

  /** Begins afresh, with the same tracks, worker and keys. */
  #rebuild(): void {
    this.#discard(this.#connection);
    this.#bypass.forget();
    this.#change({ figures: null });
    this.#peerConnection = null;
    this.#makingOffer = false;
    this.#connection = this.#build();
  }

  #offerAfterWaiting(): void {
    if (!this.#closed && this.#peerConnection === null && this.#connection.signalingState === 'stable') this.#offer();
  }

  /** Adds what this call is made of, which makes an offer necessary. */
  #offer(): void {
    const streams: readonly Stream[] = this.#options.kind === 'video' ? ['audio', 'video'] : ['audio'];
    for (const stream of streams) {
      const track = this.#tracks[stream];
      this.#seal(this.#connection.addTransceiver(track ?? stream, { direction: 'sendrecv', streams: [this.#local] }));
    }
  }

  /** Answers an offer with all we have, also where we have no camera (yet). */
  async #adopt(): Promise<void> {
    for (const stream of ['audio', 'video'] as const) {
      for (const transceiver of this.#transceivers(stream)) {
        this.#seal(transceiver);
        if (transceiver.direction === 'sendrecv') continue;
        transceiver.direction = 'sendrecv';
        transceiver.sender.setStreams(this.#local);
        await transceiver.sender.replaceTrack(this.#tracks[stream]);
      }
    }
  }

  #transceivers(stream: Stream): readonly RTCRtpTransceiver[] {
    const live = this.#connection.getTransceivers().filter(({ direction }) => direction !== 'stopped');
    return live.filter(({ receiver }) => receiver.track.kind === stream);
  }

  #seal(transceiver: RTCRtpTransceiver): void {
    const { sender, receiver } = transceiver;
    const stream = receiver.track.kind as Stream;
    const through = (use: TransformOptions['use']) =>
      new RTCRtpScriptTransform(this.#worker, { stream, use } satisfies TransformOptions);
    sender.transform ??= through('seal');
    receiver.transform ??= through('open');
    transceiver.setCodecPreferences(sealableCodecs(RTCRtpReceiver.getCapabilities(stream)?.codecs ?? [], stream));
  }

  /** Where the worker cannot ask the encoder itself (W3C WebRTC Extensions, `RTCSetParameterOptions`). */
  #makeKeyFrame(): void {
    for (const { sender } of this.#transceivers('video')) {
      const parameters = sender.getParameters();
      const options = { encodingOptions: parameters.encodings.map(() => ({ keyFrame: true })) };
      const set = sender.setParameters.bind(sender) as (p: RTCRtpSendParameters, o: typeof options) => Promise<void>;
      void set(parameters, options).catch(() => undefined);
    }
  }

  async #negotiate(connection: RTCPeerConnection): Promise<void> {
    try {
      this.#makingOffer = true;
      await connection.setLocalDescription();
      if (connection === this.#connection) this.#sendDescription();
    } catch {
      // A connection that cannot make an offer is one that does not connect: the watch deals with it.
    } finally {
      if (connection === this.#connection) this.#makingOffer = false;
    }
  }

  async #take(signal: CallSignal): Promise<void> {
    if (this.#closed) return;
    if ('candidate' in signal) {
      // Of an offer that was not taken, or of a connection that is gone.
      return this.#connection.addIceCandidate(signal.candidate).catch(() => undefined);
    }
    const { type, sdp } = signal.description;
    const origin = connectionOf(sdp);
    const offer = type === 'offer';
    if (this.#peerConnection !== null && origin !== this.#peerConnection) {
      // The peer's page was loaded again: its old connection will never answer.
      this.#rebuild();
      if (!offer) return this.#offer();
    } else if (offer && (this.#makingOffer || this.#connection.signalingState !== 'stable')) {
      if (!this.#options.polite) return;
      // Taking the own offer back instead loses transforms in Chromium 156, once a track has been replaced.
      this.#rebuild();
    }
    const connection = this.#connection;
    await connection.setRemoteDescription({ type, sdp: guarded(sdp ?? '', this.#padded) });
    this.#peerConnection = origin;
    if (!offer) return;
    await this.#adopt();
    await connection.setLocalDescription();
    this.#sendDescription();
  }

  #sendDescription(): void {
    const description = this.#connection.localDescription;
    if (description !== null) this.#send({ description: description.toJSON() });
  }

  /** One after the other; while the site does not answer, again and again. */
  #send(signal: CallSignal): void {
    this.#outgoing = this.#outgoing.then(async () => {
      while (!this.#closed && (await this.#options.send(signal)) === 'again') {
        await new Promise((resolve) => setTimeout(resolve, RESEND_MS));
      }
    });
  }

  #watch(): void {
    if (this.#closed) return;
    const nowMs = performance.now();
    void this.#look(this.#connection);
    if (this.#connection.connectionState === 'connected') {
      this.#connected = true;
      this.#attempts = null;
      if (this.#status.connection !== 'connected') this.#change({ connection: 'connected' });
      return;
    }
    this.#attempts ??= { lostMs: nowMs, restartedMs: null, rebuiltMs: null };
    const connection = this.#connected ? 'reconnecting' : 'connecting';
    if (this.#status.connection !== connection) this.#change({ connection });
    const step = recoveryStep(this.#attempts, nowMs, this.#options.polite);
    if (step === 'restart') {
      this.#attempts = { ...this.#attempts, restartedMs: nowMs };
      this.#connection.restartIce();
    } else if (step === 'rebuild') {
      this.#attempts = { ...this.#attempts, rebuiltMs: nowMs };
      this.#rebuild();
      this.#offer();
    } else if (step === 'give-up') {
      this.#end('lost', null);
    }
  }
}

function readFigures(reports: Iterable<Record<string, unknown>>): CallFigures {
  const packets = { seal: { audio: 0, video: 0 }, open: { audio: 0, video: 0 } };
  const figures = { framesReceived: 0, framesDecoded: 0, packetsLost: 0, roundTripMs: null as number | null, packets };
  for (const report of reports) {
    const number = (name: string) => (typeof report[name] === 'number' ? report[name] : 0);
    const stream: Stream = report.kind === 'video' ? 'video' : 'audio';
    if (report.type === 'inbound-rtp') {
      figures.framesReceived += number('framesReceived');
      figures.framesDecoded += number('framesDecoded');
      figures.packetsLost += number('packetsLost');
      packets.open[stream] += number('packetsReceived');
    } else if (report.type === 'outbound-rtp') {
      packets.seal[stream] += number('packetsSent') - number('retransmittedPacketsSent');
    } else if (report.type === 'candidate-pair' && report.nominated === true && 'currentRoundTripTime' in report) {
      figures.roundTripMs = number('currentRoundTripTime') * 1000;
    }
  }
  return figures;
}
