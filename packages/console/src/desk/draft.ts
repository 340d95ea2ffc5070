import type { LineState } from '@skykey/telemetry';
import { utf8Bytes } from '../format.ts';

/** Longest text of one message on the wire, UTF-8 bytes (hotline protocol). */
export const LONGEST_BYTES = 4000;
/** From here on the composer counts along. */
const COUNT_FROM_BYTES = 3000;

/** Whether a draft may leave, and if not, why. */
export type Readiness =
  | { readonly state: 'ready' }
  | { readonly state: 'empty' }
  | { readonly state: 'too-long'; readonly bytes: number }
  | { readonly state: 'locked' }
  | { readonly state: 'disconnected' };

/** The lock goes before everything: while the line is not secured nothing leaves the desk, whatever is written. */
export function readiness(draft: string, line: LineState, connected: boolean): Readiness {
  if (!connected) return { state: 'disconnected' };
  if (line.state !== 'secured') return { state: 'locked' };
  const bytes = utf8Bytes(draft.trim());
  if (bytes === 0) return { state: 'empty' };
  if (bytes > LONGEST_BYTES) return { state: 'too-long', bytes };
  return { state: 'ready' };
}

/** Bytes of a draft once it is long enough to be worth counting; null before. */
export function countedBytes(draft: string): number | null {
  const bytes = utf8Bytes(draft.trim());
  return bytes >= COUNT_FROM_BYTES ? bytes : null;
}
