import { DistillError } from './error.ts';
import type { EmissionRecord } from './types.ts';

/** The file of what a transmitter sent, pulse by pulse: four bits each, found by slot. EMISSIONS.md is the format. */

/** Header, and block of a whole file: a power of two, so that blocks do not straddle the pages of a disk. */
export const EMISSION_BLOCK_BYTES = 512;
const CHECK_BYTES = 4;
const DATA_BYTES = EMISSION_BLOCK_BYTES - CHECK_BYTES;
/** Pulses of every block but the last, which has the rest. */
export const EMISSION_BLOCK_PULSES = 2 * DATA_BYTES;
const VERSION = 1;
const MAGIC = 'SKYEMIT\n';
const SIMULATED = 1;
const ID_BYTES = 96;
/** What lies between two blocks that are needed is read with them up to this many blocks. */
const SKIP_BLOCKS = 32;
/** Most blocks in one reading. */
const RUN_BLOCKS = 2048;

/** What the header of an emission file says. */
export interface EmissionHeader {
  readonly linkId: string;
  /** Whose light this is: the light of one session makes one block of key, once. */
  readonly sessionId: string;
  readonly pulseRateHz: number;
  /** Slots 0 to `pulses - 1` are in the file. */
  readonly pulses: number;
  /** The light was never sent: whatever key comes of it protects nothing. */
  readonly simulated: boolean;
}

/** A file as this module needs it. `read` gives fewer bytes only where the file ends. */
export interface EmissionBytes {
  readonly byteLength: number;
  /** The bytes are looked at before the next call and not kept. */
  read(at: number, length: number): Uint8Array | Promise<Uint8Array>;
}

function fault(problem: string): never {
  throw new DistillError('distill/emission-file', problem);
}

/** Bytes of a file of so many pulses. */
export function emissionFileBytes(pulses: number): number {
  const rest = pulses % EMISSION_BLOCK_PULSES;
  const whole = (pulses - rest) / EMISSION_BLOCK_PULSES;
  return EMISSION_BLOCK_BYTES * (1 + whole) + (rest ? Math.ceil(rest / 2) + CHECK_BYTES : 0);
}

/** Whether a file begins as an emission file does, for whoever is handed one by mistake. */
export function isEmissionFile(start: Uint8Array): boolean {
  return textAt(start, 0, MAGIC.length) === MAGIC;
}

function textAt(bytes: Uint8Array, from: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(from, from + length));
}

/** The 512 bytes of a header. Throws DistillError `distill/emission-file`, naming the field. */
export function encodeEmissionHeader(header: EmissionHeader): Uint8Array {
  checkHeader(header);
  const { linkId, sessionId, pulseRateHz, pulses, simulated } = header;
  const bytes = new Uint8Array(EMISSION_BLOCK_BYTES);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < MAGIC.length; i++) bytes[i] = MAGIC.charCodeAt(i);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, simulated ? SIMULATED : 0, true);
  view.setFloat64(16, pulseRateHz, true);
  view.setBigUint64(24, BigInt(pulses), true);
  let at = 32;
  for (const id of [linkId, sessionId]) {
    const text = new TextEncoder().encode(id);
    view.setUint16(at, text.length, true);
    bytes.set(text, at + 2);
    at += 2 + text.length;
  }
  view.setUint32(DATA_BYTES, crc32(bytes, 0, DATA_BYTES), true);
  return bytes;
}

function checkHeader({ linkId, sessionId, pulseRateHz, pulses }: EmissionHeader): void {
  for (const [field, id] of Object.entries({ linkId, sessionId })) {
    const length = id.isWellFormed() ? new TextEncoder().encode(id).length : 0;
    if (length < 1 || length > ID_BYTES) fault(`${field} must be a text of 1 to ${ID_BYTES} bytes`);
  }
  if (!(pulseRateHz > 0 && pulseRateHz < Infinity)) fault(`pulseRateHz must be above 0, not ${pulseRateHz}`);
  if (!(Number.isSafeInteger(pulses) && pulses >= 1))
    fault(`pulses must be a whole number from 1 to 2^53 - 1, not ${pulses}`);
}

/**
 * Reads the header from the first bytes of a file. Throws DistillError `distill/emission-file`: no such file, another
 * version, one that ends early or is damaged, each with the byte.
 */
export function decodeEmissionHeader(bytes: Uint8Array): EmissionHeader {
  if (!isEmissionFile(bytes)) fault(`this is no emission file${resemblance(bytes)}; one begins with SKYEMIT`);
  if (bytes.length < EMISSION_BLOCK_BYTES)
    fault(`the file ends at byte ${bytes.length}, inside its header of ${EMISSION_BLOCK_BYTES} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(8, true);
  if (version !== VERSION) fault(`the file is of version ${version}; this program reads version ${VERSION}`);
  if (view.getUint32(DATA_BYTES, true) !== crc32(bytes, 0, DATA_BYTES))
    fault(`bytes 0 to ${DATA_BYTES - 1}, the header, are damaged: their checksum is another`);
  const flags = view.getUint32(12, true);
  if (flags > SIMULATED) fault(`byte 12: flags ${flags} mean nothing in version ${VERSION}`);
  let at = 32;
  const text = (): string => {
    const length = view.getUint16(at, true);
    if (length > ID_BYTES) fault(`byte ${at}: an id has at most ${ID_BYTES} bytes, not ${length}`);
    const from = at + 2;
    at = from + length;
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(from, at));
    } catch {
      return fault(`byte ${from}: the id is not UTF-8`);
    }
  };
  const header: EmissionHeader = {
    linkId: text(),
    sessionId: text(),
    pulseRateHz: view.getFloat64(16, true),
    pulses: Number(view.getBigUint64(24, true)),
    simulated: (flags & SIMULATED) === 1,
  };
  checkHeader(header);
  return header;
}

function resemblance(bytes: Uint8Array): string {
  if (textAt(bytes, 0, 4) === 'PAR1') return ' but Parquet: time tags and slots are what Bob gives';
  if (textAt(bytes, 0, 5) === 'slot,') return ' but a table of slots, which Bob gives';
  return bytes.length ? ' (time tags are what Bob gives)' : ' but an empty one';
}

/** An emission file that is open for questions. */
export class EmissionFile {
  readonly header: EmissionHeader;
  readonly #file: EmissionBytes;
  readonly #seed: number;

  private constructor(file: EmissionBytes, header: EmissionHeader, headerCheck: Uint8Array) {
    this.header = header;
    this.#file = file;
    this.#seed = blockSeed(headerCheck);
  }

  /** Throws DistillError `distill/emission-file`, also for a file that does not end where its header says. */
  static async open(file: EmissionBytes): Promise<EmissionFile> {
    const start = (await file.read(0, EMISSION_BLOCK_BYTES)).slice();
    const header = decodeEmissionHeader(start);
    const due = emissionFileBytes(header.pulses);
    if (file.byteLength < due)
      fault(`the file ends at byte ${file.byteLength}; ${header.pulses} pulses go on to byte ${due}`);
    if (file.byteLength > due)
      fault(`byte ${due}: ${header.pulses} pulses end here, and the file goes on to byte ${file.byteLength}`);
    return new EmissionFile(file, header, start.subarray(DATA_BYTES));
  }

  /**
   * What was sent in these slots, which must rise. Every block that is looked into is checked; what lies between is not
   * read where it is long. Throws DistillError `distill/emissions` for a slot that is not in the file, and
   * `distill/emission-file` for damage, with the byte.
   */
  async at(slots: Float64Array): Promise<EmissionRecord> {
    const { pulses } = this.header;
    const n = slots.length;
    const record = { intensity: new Uint8Array(n), basis: new Uint8Array(n), bit: new Uint8Array(n) };
    for (let i = 0; i < n; i++) {
      const slot = slots[i]!;
      if (!(Number.isInteger(slot) && slot > (i ? slots[i - 1]! : -1) && slot < pulses)) {
        const rule = `rising whole numbers below ${pulses} can be asked for`;
        throw new DistillError('distill/emissions', `slot ${slot} of row ${i}: ${rule}`);
      }
    }
    for (let from = 0; from < n; ) {
      const first = Math.floor(slots[from]! / EMISSION_BLOCK_PULSES);
      let last = first;
      let to = from + 1;
      for (; to < n; to++) {
        const block = Math.floor(slots[to]! / EMISSION_BLOCK_PULSES);
        if (block - last > SKIP_BLOCKS || block - first >= RUN_BLOCKS) break;
        last = block;
      }
      const at = EMISSION_BLOCK_BYTES * (1 + first);
      const length = Math.min(EMISSION_BLOCK_BYTES * (last - first + 1), this.#file.byteLength - at);
      const bytes = await this.#file.read(at, length);
      if (bytes.length !== length) fault(`the file ends at byte ${at + bytes.length}; it was longer a moment ago`);
      this.#pick(bytes, first, slots, from, to, record);
      from = to;
    }
    return record;
  }

  #pick(bytes: Uint8Array, first: number, slots: Float64Array, from: number, to: number, into: EmissionRecord): void {
    const { intensity, basis, bit } = into;
    let checked = -1;
    for (let i = from; i < to; i++) {
      const slot = slots[i]!;
      const block = Math.floor(slot / EMISSION_BLOCK_PULSES);
      const start = EMISSION_BLOCK_BYTES * (block - first);
      if (block !== checked) this.#check(bytes, start, block);
      checked = block;
      const inBlock = slot - block * EMISSION_BLOCK_PULSES;
      const value = (bytes[start + (inBlock >> 1)]! >> ((inBlock & 1) * 4)) & 15;
      if (value > 11) {
        const byte = EMISSION_BLOCK_BYTES * (1 + block) + (inBlock >> 1);
        fault(`byte ${byte}: slot ${slot} has intensity 3; there are 0, 1 and 2`);
      }
      intensity[i] = value >> 2;
      basis[i] = (value >> 1) & 1;
      bit[i] = value & 1;
    }
  }

  #check(bytes: Uint8Array, start: number, block: number): void {
    const end = Math.min(start + EMISSION_BLOCK_BYTES, bytes.length) - CHECK_BYTES;
    const said = bytes[end]! | (bytes[end + 1]! << 8) | (bytes[end + 2]! << 16) | (bytes[end + 3]! << 24);
    if (crc32(bytes, start, end, numberedSeed(this.#seed, block)) >>> 0 === said >>> 0) return;
    const byte = EMISSION_BLOCK_BYTES * (1 + block);
    fault(`bytes ${byte} to ${byte + end - start - 1} are damaged: their checksum is another`);
  }
}

/** Makes an emission file in pieces: header first, then whole blocks as they fill, the rest at the end. */
export class EmissionWriter {
  readonly #header: EmissionHeader;
  readonly #seed: number;
  #start: Uint8Array | undefined;
  readonly #block = new Uint8Array(EMISSION_BLOCK_BYTES);
  #inBlock = 0;
  #blocks = 0;

  /** Throws DistillError `distill/emission-file`, naming the field. */
  constructor(header: EmissionHeader) {
    this.#header = header;
    this.#start = encodeEmissionHeader(header);
    this.#seed = blockSeed(this.#start.subarray(DATA_BYTES));
  }

  /**
   * The bytes that follow in the file once these pulses, `intensity * 4 + basis * 2 + bit` each (the bits above are
   * ignored), were sent too. Throws DistillError `distill/emission-file` for more pulses than the header has.
   */
  write(emissions: Uint8Array): Uint8Array {
    const before = this.#blocks * EMISSION_BLOCK_PULSES + this.#inBlock;
    const { pulses } = this.#header;
    if (before + emissions.length > pulses)
      fault(`${before + emissions.length} pulses were written, and the header says ${pulses}`);
    const blocks = Math.floor((this.#inBlock + emissions.length) / EMISSION_BLOCK_PULSES);
    const start = this.#takeStart();
    const out = new Uint8Array(start.length + blocks * EMISSION_BLOCK_BYTES);
    out.set(start);
    let to = start.length;
    const block = this.#block;
    for (let from = 0; from < emissions.length; ) {
      const next = Math.min(emissions.length, from + EMISSION_BLOCK_PULSES - this.#inBlock);
      let inBlock = this.#inBlock;
      for (; from < next; from++, inBlock++) block[inBlock >> 1]! |= (emissions[from]! & 15) << ((inBlock & 1) * 4);
      this.#inBlock = inBlock;
      if (inBlock === EMISSION_BLOCK_PULSES) to += this.#put(out, to);
    }
    return out;
  }

  /** The last bytes. Throws DistillError `distill/emission-file` for fewer pulses than the header has. */
  end(): Uint8Array {
    const written = this.#blocks * EMISSION_BLOCK_PULSES + this.#inBlock;
    const { pulses } = this.#header;
    if (written !== pulses) fault(`${written} pulses were written, and the header says ${pulses}`);
    const start = this.#takeStart();
    const out = new Uint8Array(start.length + (this.#inBlock ? Math.ceil(this.#inBlock / 2) + CHECK_BYTES : 0));
    out.set(start);
    if (this.#inBlock) this.#put(out, start.length);
    return out;
  }

  /** Closes the block that is full, or the last: how many bytes it has. */
  #put(out: Uint8Array, at: number): number {
    const length = Math.ceil(this.#inBlock / 2);
    out.set(this.#block.subarray(0, length), at);
    const check = crc32(this.#block, 0, length, numberedSeed(this.#seed, this.#blocks));
    for (let i = 0; i < CHECK_BYTES; i++) out[at + length + i] = check >>> (8 * i);
    this.#block.fill(0);
    this.#inBlock = 0;
    this.#blocks++;
    return length + CHECK_BYTES;
  }

  #takeStart(): Uint8Array {
    const start = this.#start ?? new Uint8Array(0);
    this.#start = undefined;
    return start;
  }
}

/** A block's checksum begins with the header's and its own number: blocks of other files and places do not fit. */
function blockSeed(headerCheck: Uint8Array): number {
  return crc32(headerCheck, 0, CHECK_BYTES);
}

function numberedSeed(seed: number, block: number): number {
  let crc = ~seed;
  const high = Math.floor(block / 2 ** 32);
  for (const word of [block | 0, high]) {
    for (let shift = 0; shift < 32; shift += 8) crc = (crc >>> 8) ^ TABLE[(crc ^ (word >>> shift)) & 255]!;
  }
  return ~crc;
}

/** Eight tables of 256: what a byte does to the remainder 0 to 7 bytes later. */
const TABLE = crcTables();

function crcTables(): Int32Array {
  const table = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    table[byte] = crc;
  }
  for (let at = 256; at < table.length; at++) {
    const before = table[at - 256]!;
    table[at] = (before >>> 8) ^ table[before & 255]!;
  }
  return table;
}

/**
 * CRC-32 of ISO 3309 and ITU-T V.42 (reflected polynomial 0xedb88320) of `bytes[from]` to `bytes[to - 1]`, going on from
 * `before`. Eight bytes a step (Kounavis and Berry, Intel 2005). For damage alone: it keeps nobody from changing a file.
 */
function crc32(bytes: Uint8Array, from: number, to: number, before = 0): number {
  let crc = ~before;
  let at = from;
  for (; at + 8 <= to; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      TABLE[0x700 + (crc & 255)]! ^
      TABLE[0x600 + ((crc >>> 8) & 255)]! ^
      TABLE[0x500 + ((crc >>> 16) & 255)]! ^
      TABLE[0x400 + (crc >>> 24)]! ^
      TABLE[0x300 + bytes[at + 4]!]! ^
      TABLE[0x200 + bytes[at + 5]!]! ^
      TABLE[0x100 + bytes[at + 6]!]! ^
      TABLE[bytes[at + 7]!]!;
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[at]!) & 255]!;
  return ~crc >>> 0;
}
