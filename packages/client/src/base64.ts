/** Standard base64 with padding (RFC 4648, section 4), canonical: exactly one text for the same bytes. */

const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const PAD = 0x3d;

/** Null for anything else. Some JSON writers escape the slash; that is the one escape a key may have. */
export function decodeBase64(text: Uint8Array): Uint8Array | null {
  const digits = new Uint8Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === BACKSLASH && text[++i] !== SLASH) return wiped(digits);
    digits[length++] = text[i]!;
  }
  if (length === 0 || length % 4 !== 0) return wiped(digits);
  const padding = digits[length - 1] !== PAD ? 0 : digits[length - 2] !== PAD ? 1 : 2;
  const bytes = new Uint8Array((length / 4) * 3 - padding);
  let invalid = 0;
  let written = 0;
  for (let i = 0; i < length; i += 4) {
    let group = 0;
    for (let j = 0; j < 4; j++) {
      const isPadding = i + j >= length - padding;
      const value = isPadding ? 0 : sixBits(digits[i + j]!);
      invalid |= value;
      group = (group << 6) | (value & 63);
    }
    for (let shift = 16; shift >= 0; shift -= 8) {
      const byte = (group >> shift) & 0xff;
      if (written < bytes.length) bytes[written++] = byte;
      // Bits behind the end have to be zero.
      else if (byte !== 0) invalid = -1;
    }
  }
  digits.fill(0);
  return invalid < 0 ? wiped(bytes) : bytes;
}

/** Six bits of a digit, -1 for what is none; by arithmetic alone, so that no table is read at a place that key decides. */
function sixBits(digit: number): number {
  let value = -1;
  value += within(digit, 0x41, 0x5a) & (digit - 0x41 + 1);
  value += within(digit, 0x61, 0x7a) & (digit - 0x61 + 27);
  value += within(digit, 0x30, 0x39) & (digit - 0x30 + 53);
  value += within(digit, 0x2b, 0x2b) & 63;
  value += within(digit, SLASH, SLASH) & 64;
  return value;
}

/** All ones when `low <= digit <= high`, else zero. */
function within(digit: number, low: number, high: number): number {
  return ~(((digit - low) | (high - digit)) >> 31);
}

function wiped(bytes: Uint8Array): null {
  bytes.fill(0);
  return null;
}
