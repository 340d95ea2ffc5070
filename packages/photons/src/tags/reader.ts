import type { Tags } from '../sampler/sampler.ts';
import type { TagFault } from './fault.ts';
import { checkFormat, checkOrigin, MOST_TICKS, originTicks, psOfTicks, type TagFormat, TIME_TAG_64 } from './format.ts';

export interface TagReaderOptions extends Partial<TagFormat> {
  /**
   * Whole seconds of the file's clock that all times are reckoned from. Left out: 0 if the first tag comes within the
   * first hour, else the whole second at or before it; a file that carries the time of day would not fit into 2^53 ps.
   */
  readonly originS?: number;
}

const HOUR_S = 3600;
const SECOND_HIGH = 256e9 / 2 ** 22;
/** Bit 4 marks a roll-over of the card's own counter: no detection, though the pattern may be stale. */
const ROLL_OVER_FLAG = 0x10;
/** Recorders of four detectors have been seen to set bits 8 and 9, and bit 5 now and then; never these. */
const OTHER_DETECTORS = 0xc0;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/**
 * Reads time tags of the `time-tag-64` format as they come, in pieces of any size; keeps at most one record between two
 * of them. An event with several detectors gives as many rows, in rising order of the bits. Events with the roll-over
 * flag are skipped and counted.
 *
 * A time that is behind the one before by more than half the range of the clock (9.8 hours) is a roll-over of the clock,
 * and time goes on; by less, it is out of order. At the first fault reading ends: `fault` says where and why, and what
 * was returned before stands.
 */
export class TagReader {
  /** Whole seconds of the file's clock at which `timePs` is 0. Null before the first tag. */
  originS: number | null;
  /** Null as long as all is well. */
  fault: TagFault | null = null;
  /** Events so far, roll-over markers not among them. */
  events = 0;
  /** Roll-over markers that were skipped. */
  markers = 0;
  /** Events that name a detector beyond the four, in bits 6 or 7: those of the lowest four are read, the others are not. */
  otherDetectors = 0;
  readonly #format: TagFormat;
  readonly #record: number;
  /** Bytes of a record whose rest has not come. */
  readonly #held = new Uint8Array(24);
  #heldBytes = 0;
  /** File offset of the next byte to come. */
  #offset = 0;
  #origin = { high: 0, low: 0 };
  #wraps = 0;
  #lastTicks = Number.NEGATIVE_INFINITY;

  /** Throws `photons/tags` for options out of range. */
  constructor(options: TagReaderOptions = {}) {
    this.#format = { ...TIME_TAG_64, ...options };
    checkFormat(this.#format);
    this.#record = this.#format.layout === 'hexadecimal' ? 17 : 8;
    this.originS = null;
    if (options.originS !== undefined) {
      checkOrigin(options.originS);
      this.#setOrigin(options.originS);
    }
  }

  /** The rows of whatever records are complete now; none after a fault. */
  push(chunk: Uint8Array): Tags {
    if (this.fault) return { timePs: new Float64Array(0), detector: new Uint8Array(0) };
    const records = Math.ceil((this.#heldBytes + chunk.length) / (this.#record - 1)) + 1;
    const rows = new Rows(records);
    if (this.#format.layout === 'hexadecimal') this.#pushText(chunk, rows);
    else this.#pushBinary(chunk, rows);
    this.#offset += chunk.length;
    return rows.taken();
  }

  /** Says that the file has ended, so that a record without its end is a fault. A last line may lack its newline. */
  end(): Tags {
    const rows = new Rows(1);
    if (this.fault || this.#heldBytes === 0) return rows.taken();
    const at = this.#offset - this.#heldBytes;
    if (this.#format.layout === 'hexadecimal' && this.#heldBytes >= 16) {
      this.#line(this.#held, 0, this.#heldBytes, at, rows);
    } else {
      const [unit, whole] = this.#format.layout === 'hexadecimal' ? ['digits', 16] : ['bytes', 8];
      this.#fail(at, 'cut', `the file ends after ${this.#heldBytes} of the ${whole} ${unit} of a record`);
    }
    this.#heldBytes = 0;
    return rows.taken();
  }

  #pushBinary(chunk: Uint8Array, rows: Rows): void {
    let at = 0;
    if (this.#heldBytes > 0) {
      at = Math.min(8 - this.#heldBytes, chunk.length);
      this.#held.set(chunk.subarray(0, at), this.#heldBytes);
      this.#heldBytes += at;
      if (this.#heldBytes < 8) return;
      this.#words(new DataView(this.#held.buffer), 0, 1, this.#offset + at - 8, rows);
      this.#heldBytes = 0;
    }
    const records = Math.floor((chunk.length - at) / 8);
    if (this.fault) return;
    this.#words(new DataView(chunk.buffer, chunk.byteOffset, chunk.length), at, records, this.#offset + at, rows);
    const rest = chunk.subarray(at + records * 8);
    this.#held.set(rest);
    this.#heldBytes = rest.length;
  }

  #words(view: DataView, from: number, records: number, fileOffset: number, rows: Rows): void {
    const highAt = this.#format.layout === 'high-word-first' ? 0 : 4;
    const lowAt = 4 - highAt;
    for (let i = 0; i < records && !this.fault; i++) {
      const at = from + i * 8;
      this.#event(view.getUint32(at + highAt, true), view.getUint32(at + lowAt, true), fileOffset + i * 8, rows);
    }
  }

  #pushText(chunk: Uint8Array, rows: Rows): void {
    let from = 0;
    while (!this.fault) {
      const end = chunk.indexOf(NEWLINE, from);
      if (end < 0) break;
      if (this.#heldBytes > 0) {
        const more = Math.min(end - from, this.#held.length - this.#heldBytes);
        this.#held.set(chunk.subarray(from, from + more), this.#heldBytes);
        const before = this.#heldBytes;
        this.#heldBytes = 0;
        this.#line(this.#held, 0, before + more, this.#offset + from - before, rows);
      } else this.#line(chunk, from, end, this.#offset + from, rows);
      from = end + 1;
    }
    if (this.fault) return;
    const rest = chunk.subarray(from);
    if (this.#heldBytes + rest.length > 17) {
      const at = this.#offset + from - this.#heldBytes;
      this.#fail(at, 'content', 'a line is longer than 16 characters; it must be 16 hexadecimal digits');
      return;
    }
    this.#held.set(rest, this.#heldBytes);
    this.#heldBytes += rest.length;
  }

  #line(bytes: Uint8Array, from: number, end: number, fileOffset: number, rows: Rows): void {
    const stop = end > from && bytes[end - 1] === RETURN ? end - 1 : end;
    const words = [0, 0];
    let good = stop - from === 16;
    for (let i = 0; i < 16 && good; i++) {
      const digit = hexDigit(bytes[from + i]!);
      good = digit >= 0;
      words[i >> 3] = words[i >> 3]! * 16 + digit;
    }
    if (good) this.#event(words[0]!, words[1]!, fileOffset, rows);
    else {
      const found = stop - from === 16 ? 'other signs' : `${stop - from} characters`;
      this.#fail(fileOffset, 'content', `a line has ${found}; it must be 16 hexadecimal digits`);
    }
  }

  #event(high: number, low: number, fileOffset: number, rows: Rows): void {
    const pattern = low & 0xf;
    if (low & ROLL_OVER_FLAG) {
      this.markers++;
      return;
    }
    if (pattern === 0) {
      this.#fail(fileOffset, 'channel', 'an event names no detector; one of its four lowest bits must be set');
      return;
    }
    const fine = this.#format.timeBits === 54 ? low >>> 10 : (low >>> 15) << 5;
    if (this.originS === null) {
      const second = secondOf(high, fine);
      this.#setOrigin(second < HOUR_S ? 0 : second);
    }
    let ticks = (high - this.#origin.high + this.#wraps * 2 ** 32) * 2 ** 22 + fine - this.#origin.low;
    if (ticks < this.#lastTicks - 2 ** 53 || (this.events === 0 && ticks < 0)) {
      this.#wraps++;
      ticks = (high - this.#origin.high + this.#wraps * 2 ** 32) * 2 ** 22 + fine - this.#origin.low;
    }
    if (ticks < this.#lastTicks) {
      const early = psOfTicks(this.#lastTicks - ticks);
      this.#fail(
        fileOffset,
        'order',
        `an event is ${early} ps earlier than the one before it; events must not go back`,
      );
      return;
    }
    if (ticks > MOST_TICKS) {
      const rule =
        'it must be less than 2^53 ps (2.5 hours): split the recording, or give an origin nearer to its first event';
      this.#fail(
        fileOffset,
        'range',
        `an event is ${Math.floor(ticks / 256e9)} s after second ${this.originS}; ${rule}`,
      );
      return;
    }
    this.#lastTicks = ticks;
    this.events++;
    if (low & OTHER_DETECTORS) this.otherDetectors++;
    const timePs = psOfTicks(ticks);
    const { detectors } = this.#format;
    for (let bit = 0; bit < 4; bit++) if (pattern & (1 << bit)) rows.add(timePs, detectors[bit]!);
  }

  #setOrigin(originS: number): void {
    this.originS = originS;
    this.#origin = originTicks(originS);
  }

  #fail(byteOffset: number, kind: TagFault['kind'], reason: string): void {
    this.fault ??= { byteOffset, kind, reason };
  }
}

/** The whole second at or before a time; its low 22 bits decide when the high ones begin alike. */
function secondOf(high: number, low: number): number {
  const second = Math.floor(high / SECOND_HIGH);
  const next = originTicks(second + 1);
  return high > next.high || (high === next.high && low >= next.low) ? second + 1 : second;
}

/** 0 to 15, -1 for what is no digit. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Rows as they are found: most events have one detector. */
class Rows {
  #timePs: Float64Array;
  #detector: Uint8Array;
  #count = 0;

  constructor(expected: number) {
    this.#timePs = new Float64Array(expected);
    this.#detector = new Uint8Array(expected);
  }

  add(timePs: number, detector: number): void {
    if (this.#count === this.#timePs.length) {
      const timePsGrown = new Float64Array(2 * this.#count + 4);
      timePsGrown.set(this.#timePs);
      this.#timePs = timePsGrown;
      const detectorGrown = new Uint8Array(2 * this.#count + 4);
      detectorGrown.set(this.#detector);
      this.#detector = detectorGrown;
    }
    this.#timePs[this.#count] = timePs;
    this.#detector[this.#count++] = detector;
  }

  taken(): Tags {
    return { timePs: this.#timePs.subarray(0, this.#count), detector: this.#detector.subarray(0, this.#count) };
  }
}
