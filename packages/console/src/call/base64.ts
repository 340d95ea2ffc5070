import type { Bytes } from '@skykey/hotline/media';

/** Null for what is no base64. */
export function base64Bytes(base64: string): Bytes | null {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
