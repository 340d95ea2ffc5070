/**
 * Durable key store of one site or satellite: blocks from distillation and relay, lanes that two ends have in common, key
 * copies delivered once and erased. Synchronous: what a call has returned is on the disk.
 */
export { VaultError, type VaultErrorCode } from './error.ts';
export type { Keys } from './keys.ts';
export { PAD_BYTES, type Pads } from './pads.ts';
export type { Journal, Outbox } from './records.ts';
export type * from './types.ts';
export { Vault } from './vault.ts';
