/** From counts to secret length, with the proof named. Sees counts, never a bit of a key. */
export * from './bbm92.ts';
export { binaryEntropy } from './entropy.ts';
export { FiniteKeyError } from './error.ts';
export { lim2014 } from './lim2014.ts';
export * from './mismatch.ts';
export { securedKeyLength } from './secure.ts';
export type * from './side-channels.ts';
export * from './source-gate.ts';
export type * from './timing.ts';
export type * from './types.ts';
