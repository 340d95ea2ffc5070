/** The line of one session, over as many connections as it takes. */
import { type Channel, DistillError } from '@skykey/distill';
import { type Carrier, FRAME_BYTES } from './carrier.ts';
import { Frame, type Greeted, Refused, refusalFrame, toldBy } from './greeting.ts';

/** Sent and not yet taken by the other side; beyond that a sender waits. */
const WINDOW_BYTES = 32 * 2 ** 20;
/** Received and not yet taken here: more than the other side may have on the way. */
const MOST_WAITING_BYTES = WINDOW_BYTES + FRAME_BYTES;
const HEAD_BYTES = 9;
/** An acknowledgement rides on the next message, or goes alone after this long, ms. */
const ACK_MS = 20;
const PING_MS = 5000;
/** A connection on which nothing comes for so long is given up for a new one, ms. */
const SILENCE_MS = 20_000;
/** How long one who is done waits for the other to be done, ms. */
const FAREWELL_MS = 3000;

interface Sent {
  readonly number: number;
  readonly message: Uint8Array;
}

/**
 * Messages are numbered, kept until the other side has taken them, and sent again on a new connection: the session above
 * sees one ordered line. It ends when one side closes it, when there was no connection for `patienceMs` and nothing has moved
 * on one since, when nothing new has come for twice as long while this side waited for it, or when the other process turns
 * out to be another one than before; `receive` then rejects with a DistillError `distill/peer-gone`.
 *
 * Whoever attaches a connection has greeted on it. What comes over it is not authenticated here: the tags of the session
 * are over all of it.
 */
export class ResumingLine implements Channel {
  readonly #patienceMs: number;
  #carrier: Carrier | undefined;
  #run: Uint8Array | undefined;
  #unacknowledged: Sent[] = [];
  #unacknowledgedBytes = 0;
  #sent = 0;
  #arrived: Uint8Array[] = [];
  #arrivedBytes = 0;
  #expected = 0;
  #taken = 0;
  #ended: Error | undefined;
  #peerLeft = false;
  #closing = false;
  #farewell = false;
  #finished = false;
  #changed: () => void = () => undefined;
  #change: Promise<void>;
  #patience: NodeJS.Timeout | undefined;
  /** Runs while this side waits and nothing new comes; signs of life alone do not count. */
  #quiet: NodeJS.Timeout | undefined;
  #renewedInQuiet = false;
  #ackTimer: NodeJS.Timeout | undefined;
  /** Connections so far. */
  connections = 0;
  /** Counts whatever moved. */
  moves = 0;
  /** Why the last connection ended, or was not made: for the sentence in which patience ends. */
  trouble = 'nobody came';

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
    this.#change = this.#renewed();
    this.#waitPatiently();
  }

  /** Messages of the other side that are here. */
  get received(): number {
    return this.#expected;
  }

  /** Nothing will come any more. */
  get over(): boolean {
    return this.#ended !== undefined || this.#peerLeft;
  }

  /** No connection is of any use any more: the other side has said farewell, or there is nobody to say it to. */
  get done(): boolean {
    return this.#finished || this.#peerLeft || (this.#ended !== undefined && this.connections === 0);
  }

  /** Everything said was taken by the other side. */
  get heard(): boolean {
    return this.#unacknowledged.length === 0;
  }

  /** Resolves when there is no connection. */
  async detached(): Promise<void> {
    while (this.#carrier && !this.done) await this.#change;
  }

  /** Goes on over a new connection, in place of the one before. Says whether it is still the same process there. */
  attach(carrier: Carrier, { run, received }: Greeted): boolean {
    if (this.done) {
      carrier.send(Uint8Array.of(Frame.bye));
      carrier.close();
      return false;
    }
    this.#run ??= run;
    if (!this.#run.every((byte, i) => byte === run[i]) || received > this.#sent) {
      const refusal = new Refused('run');
      carrier.send(refusalFrame(refusal.reason));
      carrier.close();
      this.giveUp(`the other party ${refusal.message}`);
      return false;
    }
    this.#carrier?.close();
    this.#carrier = carrier;
    // Who came late has all the time of one who came early.
    if (this.connections++ === 0) this.#newsCame();
    carrier.accept(FRAME_BYTES);
    this.#acknowledged(received);
    if (!this.#ended) for (const sent of this.#unacknowledged) carrier.send(this.#data(sent));
    // After them: that it arrives says that they did, or that there was nothing to say.
    carrier.send(Uint8Array.of(this.#farewell ? Frame.bye : Frame.ping));
    void this.#serve(carrier);
    return true;
  }

  async send(message: Uint8Array): Promise<void> {
    while (this.#unacknowledgedBytes > WINDOW_BYTES && !this.over) await this.#news();
    this.#newsCame();
    if (this.over) throw this.#gone();
    // The caller may use its array again.
    const sent = { number: this.#sent++, message: message.slice() };
    this.#unacknowledged.push(sent);
    this.#unacknowledgedBytes += message.length;
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
    this.#carrier?.send(this.#data(sent));
  }

  async receive(): Promise<Uint8Array> {
    while (this.#arrived.length === 0) {
      if (this.over) throw this.#gone();
      await this.#news();
    }
    this.#newsCame();
    const message = this.#arrived.shift()!;
    this.#arrivedBytes -= message.length;
    this.#taken++;
    this.#ackTimer ??= setTimeout(() => this.#acknowledge(), ACK_MS);
    return message;
  }

  /**
   * Waits at most so long until the other side has taken everything, then says farewell and waits a moment for that of the
   * other: if the line breaks now, the other still has to learn that this side took everything, or that it has ended.
   */
  async close(lingerMs: number): Promise<void> {
    if (!this.over) {
      // Nobody here takes anything any more: the other side need not wait for that.
      this.#closing = true;
      this.#drop();
      await this.#until(() => this.heard || this.over, lingerMs);
      this.#bidFarewell();
    }
    if (this.connections > 0) await this.#until(() => this.done, Math.min(lingerMs, FAREWELL_MS));
    this.giveUp('the session is over');
  }

  /** Waits until something is so, or it is too late. */
  async #until(so: () => boolean, limitMs: number): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#tell();
    }, limitMs);
    while (!so() && !late) await this.#change;
    clearTimeout(timer);
  }

  /**
   * Ends at once; whoever waits is told why. The connection stays until `close`: a farewell is lost where the other side
   * writes on to a connection that is closed before it has read so far, and only its own shows that it was heard.
   */
  end(why: string): void {
    this.#ended ??= new Error(why);
    this.#bidFarewell();
    clearTimeout(this.#patience);
    clearTimeout(this.#ackTimer);
    this.#newsCame();
    this.#tell();
  }

  /** Ends where nobody is left to be told, and waits for no answer. */
  giveUp(why: string): void {
    this.end(why);
    this.#finished = true;
    this.#carrier?.close();
    this.#carrier = undefined;
    this.#tell();
  }

  #bidFarewell(): void {
    if (this.#farewell) return;
    this.#farewell = true;
    this.#carrier?.send(Uint8Array.of(Frame.bye));
  }

  async #serve(carrier: Carrier): Promise<void> {
    const ping = setInterval(() => carrier.send(Uint8Array.of(Frame.ping)), PING_MS);
    let silence = setTimeout(() => carrier.close(), SILENCE_MS);
    try {
      for (;;) {
        const frame = await carrier.receive();
        clearTimeout(silence);
        silence = setTimeout(() => carrier.close(), SILENCE_MS);
        if (this.#carrier !== carrier) return;
        this.#take(frame);
      }
    } catch (error) {
      if (this.#carrier !== carrier) return;
      this.#carrier = undefined;
      this.trouble = (error as Error).message;
      carrier.close();
      if (!this.over) this.#waitPatiently();
      this.#tell();
    } finally {
      clearInterval(ping);
      clearTimeout(silence);
    }
  }

  /** Throws an Error for a frame that nobody of this protocol sends: the connection is given up. */
  #take(frame: Uint8Array): void {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    const kind = frame[0];
    if (kind === Frame.data && frame.length >= HEAD_BYTES) {
      const number = view.getUint32(1, true);
      this.#acknowledged(view.getUint32(5, true));
      // Said before and arrived before.
      if (number < this.#expected) return;
      // Nobody will take it, and the other side is not to think so.
      if (this.#ended && !this.#closing) return;
      if (number > this.#expected) throw new Error(`message ${number} came where ${this.#expected} is due`);
      const message = frame.slice(HEAD_BYTES);
      if (this.#arrivedBytes + message.length > MOST_WAITING_BYTES) throw new Error('more came than was asked for');
      this.#expected++;
      this.#arrived.push(message);
      this.#arrivedBytes += message.length;
      if (this.#closing) this.#drop();
      this.#newsCame();
      this.#progress();
    } else if (kind === Frame.ack && frame.length === 5) this.#acknowledged(view.getUint32(1, true));
    else if (kind === Frame.ping && frame.length === 1) this.#progress();
    else if (kind === Frame.bye && frame.length === 1) {
      this.#peerLeft = true;
      // At once: whoever has ended waits for it.
      this.#bidFarewell();
      clearTimeout(this.#patience);
      this.#tell();
    } else if (kind === Frame.refusal) {
      this.giveUp(`whoever answered says that this side ${toldBy(frame).message}`);
    } else throw new Error(`a frame of kind ${kind} and ${frame.length} bytes means nothing`);
  }

  #acknowledged(until: number): void {
    if (until > this.#sent) throw new Error(`message ${until - 1} was acknowledged and never sent`);
    const before = this.#unacknowledged.length;
    while (this.#unacknowledged.length > 0 && this.#unacknowledged[0]!.number < until) {
      this.#unacknowledgedBytes -= this.#unacknowledged.shift()!.message.length;
    }
    if (this.#unacknowledged.length === before) return;
    this.#newsCame();
    this.#progress();
  }

  #drop(): void {
    this.#arrived = [];
    this.#arrivedBytes = 0;
    this.#taken = this.#expected;
    this.#acknowledge();
  }

  #acknowledge(): void {
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
    const frame = new Uint8Array(5);
    frame[0] = Frame.ack;
    new DataView(frame.buffer).setUint32(1, this.#taken, true);
    this.#carrier?.send(frame);
  }

  #data({ number, message }: Sent): Uint8Array {
    const frame = new Uint8Array(HEAD_BYTES + message.length);
    const view = new DataView(frame.buffer);
    frame[0] = Frame.data;
    view.setUint32(1, number, true);
    view.setUint32(5, this.#taken, true);
    frame.set(message, HEAD_BYTES);
    return frame;
  }

  /** Something moved. A connection alone is no progress: one that breaks each time at the same message must end, too. */
  #progress(): void {
    this.moves++;
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#tell();
  }

  /**
   * Waits for whatever changes. Where nothing new comes the connection is given up first: a part of the way may have lost
   * something and not know it. When that does not help, the session is.
   */
  #news(): Promise<void> {
    this.#quiet ??= setTimeout(() => this.#miss(), this.#patienceMs);
    return this.#change;
  }

  #miss(): void {
    this.#quiet = undefined;
    if (this.#renewedInQuiet) {
      const waitedS = (2 * this.#patienceMs) / 1000;
      this.end(`nothing new came for ${waitedS} s, though somebody at the other end gave signs of life`);
      return;
    }
    this.#renewedInQuiet = true;
    this.#carrier?.close();
    this.#quiet = setTimeout(() => this.#miss(), this.#patienceMs);
  }

  #newsCame(): void {
    clearTimeout(this.#quiet);
    this.#quiet = undefined;
    this.#renewedInQuiet = false;
  }

  #waitPatiently(): void {
    this.#patience ??= setTimeout(
      () => this.giveUp(`nothing moved for ${this.#patienceMs / 1000} s: ${this.trouble}`),
      this.#patienceMs,
    );
  }

  #gone(): DistillError {
    const why = this.#ended?.message ?? 'the other party has ended the session';
    return new DistillError('distill/peer-gone', why);
  }

  #tell(): void {
    const tell = this.#changed;
    this.#change = this.#renewed();
    tell();
  }

  #renewed(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve;
    });
  }
}
