import type { DeskFile } from '@skykey/telemetry';
import { count, decimal, type Quantity } from '../../format.ts';

export type FileCommand = 'pause' | 'resume' | 'cancel';

/** What a person may do with a file now, in the order of the buttons. */
export function fileCommands({ state }: Pick<DeskFile, 'state'>): readonly FileCommand[] {
  switch (state) {
    case 'offered':
      return ['cancel'];
    case 'running':
      return ['pause', 'cancel'];
    case 'paused':
      return ['resume', 'cancel'];
    case 'done':
    case 'refused':
    case 'changed':
    case 'cancelled':
      return [];
  }
}

/** A received file that is whole can be taken out of the desk. */
export function downloadable({ direction, state }: Pick<DeskFile, 'direction' | 'state'>): boolean {
  return direction === 'received' && state === 'done';
}

/** On its way: worth a bar. */
export function underWay({ state }: Pick<DeskFile, 'state'>): boolean {
  return state === 'offered' || state === 'running' || state === 'paused';
}

/** Whole per cent, and never 100 before the last byte. An empty file has nothing to wait for. */
export function percentDone(doneBytes: number, bytes: number): number {
  if (bytes <= 0 || doneBytes >= bytes) return 100;
  return Math.max(0, Math.floor((doneBytes / bytes) * 100));
}

/** A size in powers of ten: `0 B`, `512 B`, `1.5 kB`, `50.0 MB`, `4.20 GB`. */
export function size(bytes: number): Quantity {
  if (bytes < 1000) return { value: count(bytes), unit: 'B' };
  if (bytes < 999_950) return { value: decimal(bytes / 1e3, 1), unit: 'kB' };
  if (bytes < 999_950_000) return { value: decimal(bytes / 1e6, 1), unit: 'MB' };
  return { value: decimal(bytes / 1e9, 2), unit: 'GB' };
}

/**
 * A name as people may see it. A name comes from the other side and could pretend: characters that turn the direction of
 * writing would make `exe.txt` of `txt.exe`, control characters would hide a part. They are shown as a dot.
 */
export function shownName(name: string): string {
  return name.toWellFormed().replaceAll(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\u00ad\u200b\u2060\ufeff]/gu, '·');
}
