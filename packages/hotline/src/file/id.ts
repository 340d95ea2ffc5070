/** Which file a message is about: 16 random bytes, as 32 hexadecimal digits in lower case. */
export type FileId = string;

export const FILE_ID_BYTES = 16;

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** `hex` holds pairs of hexadecimal digits only. */
export function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

export function isFileId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}
