/**
 * Durable key store of one site or satellite: blocks from distillation and relay, lanes that two ends have in common, keys
 * delivered once and erased. On SQLite for one process, on PostgreSQL for several; sealed under a keyring that is elsewhere.
 * What a transaction did is on the disk when its promise resolves.
 */
export { VaultError, type VaultErrorCode } from './error.ts';
export type { Keyring } from './keyring.ts';
export type { Keys, StockQuery, Wanted } from './keys.ts';
export { PAD_BYTES, type Pads } from './pads.ts';
export type { Journal, Outbox } from './records.ts';
export type { VaultTransaction } from './transaction.ts';
export type * from './types.ts';
export { Vault } from './vault.ts';
