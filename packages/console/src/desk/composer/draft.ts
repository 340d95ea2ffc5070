import type { DeskPermissions, Permission, Sealing } from '@skykey/telemetry';
import { utf8Bytes } from '../../format.ts';

/** Longest text of one message on the wire, UTF-8 bytes (hotline protocol). */
export const LONGEST_BYTES = 4000;
/** From here on the composer counts along. */
const COUNT_FROM_BYTES = 3000;

/** Whether a draft may leave, and if not, why. */
export type Readiness =
  | { readonly state: 'ready' }
  | { readonly state: 'empty' }
  | { readonly state: 'too-long'; readonly bytes: number }
  | { readonly state: 'locked'; readonly reason: string; readonly otherwise: boolean }
  | { readonly state: 'disconnected' };

/**
 * The lock goes before everything, and it is the lock of the chosen sealing: `otherwise` says that the other one would be
 * allowed, which a person may choose and this page never does.
 */
export function readiness(draft: string, sealing: Sealing, may: DeskPermissions, connected: boolean): Readiness {
  if (!connected) return { state: 'disconnected' };
  const permission = permissionOf(sealing, may);
  if (!permission.allowed) {
    const other = permissionOf(sealing === 'sealed' ? 'hybrid' : 'sealed', may);
    return { state: 'locked', reason: permission.reason, otherwise: other.allowed };
  }
  const bytes = utf8Bytes(draft.trim());
  if (bytes === 0) return { state: 'empty' };
  if (bytes > LONGEST_BYTES) return { state: 'too-long', bytes };
  return { state: 'ready' };
}

function permissionOf(sealing: Sealing, may: DeskPermissions): Permission {
  return sealing === 'sealed' ? may.sealedText : may.text;
}

/** Bytes of a draft once it is long enough to be worth counting; null before. */
export function countedBytes(draft: string): number | null {
  const bytes = utf8Bytes(draft.trim());
  return bytes >= COUNT_FROM_BYTES ? bytes : null;
}

/**
 * What was written and not sent, kept while the page stands: a session that ends in the middle of a sentence takes
 * nothing away. Only the person who wrote it gets it back.
 */
export class KeptDraft {
  #personId: string | null = null;
  #text = '';

  of(personId: string): string {
    return personId === this.#personId ? this.#text : '';
  }

  keep(personId: string, text: string): void {
    this.#personId = personId;
    this.#text = text;
  }

  forget(): void {
    this.#personId = null;
    this.#text = '';
  }
}
