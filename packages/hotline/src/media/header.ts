/** What an SFrame header says (RFC 9605, 4.3). Both numbers are of 0 to 2^64 − 1. */
export interface Header {
  /** Names the key. */
  readonly kid: bigint;
  /** Counts the frames under that key. */
  readonly ctr: bigint;
}

/** A header as it was read, with the bytes it took at the front of its frame. */
export interface ReadHeader extends Header {
  /** 1 to 17. */
  readonly length: number;
}

/** A number up to 7 fits the config byte itself; of a larger one the byte holds the length, less one, and this flag. */
const LONG = 8;

/**
 * Config byte ‖ KID ‖ CTR, 1 to 17 bytes, each number in as few bytes as it needs (RFC 9605, 4.3).
 * Throws RangeError for a number that is not of 0 to 2^64 − 1.
 */
export function encodeHeader({ kid, ctr }: Header): Uint8Array<ArrayBuffer> {
  const [kidField, kidBytes] = encodeNumber(kid);
  const [ctrField, ctrBytes] = encodeNumber(ctr);
  return Uint8Array.from([(kidField << 4) | ctrField, ...kidBytes, ...ctrBytes]);
}

/**
 * The header at the front of a frame, or undefined when there is none: too few bytes, or a number in more bytes than it
 * needs. A pair of KID and CTR has one header, so that no second reading of a frame is possible.
 */
export function decodeHeader(frame: Uint8Array): ReadHeader | undefined {
  const config = frame[0];
  if (config === undefined) return undefined;
  const kid = decodeNumber(config >> 4, frame, 1);
  if (!kid) return undefined;
  const ctr = decodeNumber(config & 15, frame, kid.end);
  if (!ctr) return undefined;
  return { kid: kid.value, ctr: ctr.value, length: ctr.end };
}

/** The four bits of the config byte that stand for `value`, and the bytes that follow. */
function encodeNumber(value: bigint): [field: number, bytes: number[]] {
  if (value < 0n || value >> 64n) throw new RangeError(`an SFrame header holds numbers of 0 to 2^64 - 1, not ${value}`);
  if (value < LONG) return [Number(value), []];
  const bytes: number[] = [];
  for (let rest = value; rest; rest >>= 8n) bytes.unshift(Number(rest & 255n));
  return [LONG | (bytes.length - 1), bytes];
}

function decodeNumber(field: number, frame: Uint8Array, at: number): { value: bigint; end: number } | undefined {
  if (field < LONG) return { value: BigInt(field), end: at };
  const end = at + (field & 7) + 1;
  if (end > frame.length) return undefined;
  let value = 0n;
  for (const byte of frame.subarray(at, end)) value = (value << 8n) | BigInt(byte);
  const shortest = frame[at] !== 0 && value >= LONG;
  return shortest ? { value, end } : undefined;
}
