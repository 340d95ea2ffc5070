/**
 * Bytes of ETSI GS QKD 004 V2.1.1 over a TLS socket. The standard fixes no wire format; two are in use and differ in
 * details (tables in ETSI004.md): dialect C is that of the ETSI forge's C library (as kept in
 * diogoftm/minimal-etsi-qkd-004, serializers.c), dialect P that of QUBIP/etsi-qkd-004 (client.py). All integers are
 * big-endian. Everything read is checked against what is there before it is taken; nothing but KmeError
 * `kme/malformed` is thrown.
 */
import { SecretBytes } from '@skykey/bits';
import { KmeError } from '../error.ts';
import type { Dialect, GetResponse, Qos, StreamRequest, StreamResponse, StreamStatus } from './message.ts';

export const HEADER_BYTES = 8;
/** Largest payload read or written. */
export const MAX_PAYLOAD_BYTES = 65_536;

/** Third byte of the header; a response has the lowest bit set. */
const SERVICE = { open: 0x02, get: 0x04, close: 0x08 } as const;
/** "Close server" of dialect C. */
const CLOSE_SERVER = 0xff;
const VERSION: Record<Dialect, readonly [number, number, number]> = { P: [1, 0, 1], C: [2, 1, 1] };

const MIMETYPE_BYTES = 256;
const MAX_URI_BYTES = 1024;
const KSID_BYTES = 16;
const NULL_KSID = '00000000-0000-0000-0000-000000000000';
const HIGHEST_STATUS = 8;

export interface FrameHeader {
  readonly call: 'open' | 'get' | 'close' | 'close-server';
  readonly response: boolean;
  /** What the version bytes say; the payload knows better. */
  readonly dialect: Dialect;
  readonly payloadBytes: number;
}

/** Reads 8 bytes. Throws KmeError `kme/malformed` for a service or length that is none. */
export function decodeHeader(bytes: Uint8Array): FrameHeader {
  if (bytes.length !== HEADER_BYTES) throw malformed(`a header has 8 bytes, not ${bytes.length}`);
  const service = bytes[3]!;
  const payloadBytes = view(bytes).getUint32(4);
  const dialect: Dialect = bytes[0]! >= 2 ? 'C' : 'P';
  if (service === CLOSE_SERVER) return { call: 'close-server', response: false, dialect, payloadBytes: 0 };
  const call = (['open', 'get', 'close'] as const).find((name) => SERVICE[name] === (service & 0xfe));
  if (!call) throw malformed(`service ${service} is none of 2, 4, 8`);
  if (payloadBytes > MAX_PAYLOAD_BYTES) {
    throw malformed(`a payload of ${payloadBytes} bytes; at most ${MAX_PAYLOAD_BYTES} are read`);
  }
  return { call, response: (service & 1) === 1, dialect, payloadBytes };
}

/** Throws KmeError `kme/malformed`. */
export function decodeRequest(header: FrameHeader, payload: Uint8Array): StreamRequest {
  if (header.response) throw malformed('a response where a request was expected');
  const input = new Payload(payload);
  switch (header.call) {
    case 'open': {
      const source = input.uri();
      const destination = input.uri();
      const { qos, dialect } = input.qos(KSID_BYTES, header.dialect);
      const ksid = input.ksid();
      return { call: 'open', dialect, source, destination, qos, ksid: ksid === NULL_KSID ? null : ksid };
    }
    case 'get': {
      const ksid = input.ksid();
      const index = input.u32();
      const metadataBytes = input.u32();
      // Dialect C sends as many bytes as it says, dialect P none; with nothing said they are alike.
      if (metadataBytes === 0) {
        input.end();
        return { call: 'get', dialect: null, ksid, index, metadataRoom: 0 };
      }
      if (input.left === 0) return { call: 'get', dialect: 'P', ksid, index, metadataRoom: metadataBytes };
      input.skip(metadataBytes);
      input.end();
      return { call: 'get', dialect: 'C', ksid, index, metadataRoom: Number.POSITIVE_INFINITY };
    }
    case 'close': {
      const ksid = input.ksid();
      input.end();
      return { call: 'close', ksid };
    }
    default:
      throw malformed('a request to close the server');
  }
}

/** Header and payload. `metadata` of a GET_KEY of dialect C: what the caller sends along, at least a byte. */
export function encodeRequest(request: StreamRequest, dialect: Dialect, metadata = Uint8Array.of(0)): Uint8Array {
  const out: Uint8Array[] = [];
  switch (request.call) {
    case 'open':
      out.push(zeroEnded(request.source), zeroEnded(request.destination), qosBytes(request.qos, dialect));
      out.push(ksidBytes(request.ksid ?? NULL_KSID));
      break;
    case 'get': {
      out.push(ksidBytes(request.ksid), u32(request.index));
      if (dialect === 'P') out.push(u32(request.metadataRoom));
      else if (request.metadataRoom === 0) out.push(u32(0));
      else out.push(u32(metadata.length), metadata);
      break;
    }
    case 'close':
      out.push(ksidBytes(request.ksid));
  }
  return frame(SERVICE[request.call], dialect, out);
}

/**
 * Header and payload. `fallback` is for answers that know no dialect. The bytes hold key when the answer does: whoever
 * sends them overwrites them afterwards. The key of the response itself is left to its owner.
 */
export function encodeResponse(response: StreamResponse, fallback: Dialect): Uint8Array {
  const dialect = (response.call === 'close' ? null : response.dialect) ?? fallback;
  const out: Uint8Array[] = [u32(response.status)];
  if (response.call === 'open' && (dialect === 'C' || isOpened(response.status))) {
    out.push(qosBytes(response.qos, dialect), ksidBytes(response.ksid ?? NULL_KSID));
  }
  if (response.call === 'get') {
    if (dialect === 'P' && response.status === 8) out.push(u32(response.metadataNeeded));
    else if (dialect === 'C' || response.status === 0) return getFrame(response, dialect);
  }
  return frame(SERVICE[response.call] | 1, dialect, out);
}

/** For clients. Throws KmeError `kme/malformed`. */
export function decodeResponse(header: FrameHeader, payload: Uint8Array, dialect: Dialect): StreamResponse {
  if (!header.response) throw malformed('a request where a response was expected');
  const input = new Payload(payload);
  const status = input.status();
  switch (header.call) {
    case 'open': {
      if (dialect === 'P' && !isOpened(status)) {
        input.end();
        return { call: 'open', dialect, status, qos: NO_QOS, ksid: null };
      }
      const { qos } = input.qos(KSID_BYTES, dialect);
      const ksid = input.ksid();
      return { call: 'open', dialect, status, qos, ksid: ksid === NULL_KSID ? null : ksid };
    }
    case 'get': {
      if (dialect === 'P' && status !== 0) {
        const metadataNeeded = status === 8 ? input.u32() : 0;
        input.end();
        return { call: 'get', dialect, status, index: 0, key: null, metadata: '', metadataNeeded };
      }
      const index = input.u32();
      const key = input.take(input.u32());
      const metadata = input.take(input.u32());
      input.end();
      return {
        call: 'get',
        dialect,
        status,
        index,
        key: status === 0 ? SecretBytes.adopt(key) : null,
        metadata: ascii(metadata, 'the metadata'),
        metadataNeeded: 0,
      };
    }
    case 'close':
      input.end();
      return { call: 'close', status };
    default:
      throw malformed('a response to nothing');
  }
}

/** Whether a stream exists after this answer: then dialect P reads its quality and id. */
function isOpened(status: StreamStatus): boolean {
  return status === 0 || status === 1 || status === 7;
}

const NO_QOS: Qos = {
  chunkBytes: 0,
  maxBps: 0,
  minBps: 0,
  jitterBps: 0,
  priority: 0,
  timeoutMs: 0,
  ttlS: 0,
  metadataType: '',
};

/** Written in one piece, so that there is one copy of the key to overwrite. */
function getFrame(response: GetResponse, dialect: Dialect): Uint8Array {
  const keyBytes = response.key?.length ?? 0;
  const metadata = new TextEncoder().encode(response.metadata);
  const bytes = frame(SERVICE.get | 1, dialect, [
    u32(response.status),
    u32(response.index),
    u32(keyBytes),
    new Uint8Array(keyBytes),
    u32(metadata.length),
    metadata,
  ]);
  response.key?.open((key) => bytes.set(key, HEADER_BYTES + 12));
  return bytes;
}

function frame(service: number, dialect: Dialect, parts: readonly Uint8Array[]): Uint8Array {
  const payloadBytes = parts.reduce((sum, part) => sum + part.length, 0);
  if (payloadBytes > MAX_PAYLOAD_BYTES) {
    throw malformed(`a payload of ${payloadBytes} bytes; at most ${MAX_PAYLOAD_BYTES} can be sent`);
  }
  const bytes = new Uint8Array(HEADER_BYTES + payloadBytes);
  bytes.set([...VERSION[dialect], service]);
  view(bytes).setUint32(4, payloadBytes);
  let at = HEADER_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function qosBytes(qos: Qos, dialect: Dialect): Uint8Array {
  const type = zeroEnded(qos.metadataType);
  if (type.length > MIMETYPE_BYTES) throw malformed('a media type of more than 255 characters');
  const bytes = new Uint8Array(28 + (dialect === 'P' ? MIMETYPE_BYTES : type.length));
  const numbers = [qos.chunkBytes, qos.maxBps, qos.minBps, qos.jitterBps, qos.priority, qos.timeoutMs, qos.ttlS];
  numbers.forEach((value, i) => {
    bytes.set(u32(value), 4 * i);
  });
  bytes.set(type, 28);
  return bytes;
}

function u32(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw malformed(`${value} is no whole number of 32 bits`);
  }
  const bytes = new Uint8Array(4);
  view(bytes).setUint32(0, value);
  return bytes;
}

function zeroEnded(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  ascii(bytes, 'a text');
  const ended = new Uint8Array(bytes.length + 1);
  ended.set(bytes);
  return ended;
}

function ksidBytes(ksid: string): Uint8Array {
  const hex = ksid.replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/.test(hex)) throw malformed('a key stream id is a UUID in lower case');
  return Uint8Array.from({ length: KSID_BYTES }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** URIs and media types have no others (RFC 3986, RFC 6838), JSON is written so: nothing to decode differently. */
function ascii(bytes: Uint8Array, what: string): string {
  if (bytes.some((byte) => byte < 0x20 || byte > 0x7e)) throw malformed(`${what} is not printable ASCII`);
  return new TextDecoder().decode(bytes);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Reads a payload from front to back. */
class Payload {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  skip(count: number): number {
    if (count > this.left) throw malformed(`it ends ${count - this.left} bytes too early`);
    const at = this.#at;
    this.#at += count;
    return at;
  }

  /** A copy. */
  take(count: number): Uint8Array {
    const at = this.skip(count);
    return new Uint8Array(this.#bytes.subarray(at, at + count));
  }

  u32(): number {
    return view(this.#bytes).getUint32(this.skip(4));
  }

  status(): StreamStatus {
    const status = this.u32();
    if (status > HIGHEST_STATUS) throw malformed(`status ${status} is none`);
    return status as StreamStatus;
  }

  ksid(): string {
    const hex = Array.from(this.take(KSID_BYTES), (byte) => byte.toString(16).padStart(2, '0')).join('');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }

  uri(): string {
    const end = this.#bytes.subarray(0, this.#at + MAX_URI_BYTES + 1).indexOf(0, this.#at);
    if (end < 0) throw malformed(`a URI does not end within ${MAX_URI_BYTES} bytes`);
    const uri = ascii(this.take(end - this.#at), 'a URI');
    this.skip(1);
    return uri;
  }

  /** The last but `after` bytes; the length of the media type tells the dialect. */
  qos(after: number, hint: Dialect): { qos: Qos; dialect: Dialect } {
    const [chunkBytes, maxBps, minBps, jitterBps, priority, timeoutMs, ttlS] = [
      this.u32(),
      this.u32(),
      this.u32(),
      this.u32(),
      this.u32(),
      this.u32(),
      this.u32(),
    ];
    const length = this.left - after;
    if (length < 1 || length > MIMETYPE_BYTES) {
      throw malformed('the media type does not take 1 to 256 bytes, its zero included');
    }
    const field = this.take(length);
    const end = field.indexOf(0);
    if (end < 0) throw malformed('the media type does not end with a zero');
    const padded = end < length - 1;
    if (padded && (length !== MIMETYPE_BYTES || field.subarray(end).some((byte) => byte !== 0))) {
      throw malformed('bytes are left over after the media type');
    }
    // A type of 255 characters fills the field in both dialects.
    const dialect = padded ? 'P' : length === MIMETYPE_BYTES ? hint : 'C';
    const metadataType = ascii(field.subarray(0, end), 'the media type');
    return {
      qos: { chunkBytes, maxBps, minBps, jitterBps, priority, timeoutMs, ttlS, metadataType },
      dialect,
    };
  }

  end(): void {
    if (this.left > 0) throw malformed(`${this.left} bytes are left over`);
  }
}

function malformed(what: string): KmeError {
  return new KmeError('kme/malformed', `this is no message of ETSI GS QKD 004 over TLS: ${what}`);
}
