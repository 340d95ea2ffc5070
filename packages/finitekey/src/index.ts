/** From counts to secret length, with the proof named. Sees counts, never a bit of a key. */
export * from './bbm92.ts';
export * from './coverage.ts';
export type { DarkExcess, DecoyDocument, Epsilon, KeyDocument, KeyStatement, PairDocument } from './document.ts';
export { binaryEntropy } from './entropy.ts';
export { FiniteKeyError } from './error.ts';
export { lim2014 } from './lim2014.ts';
export type { ExpectedCounts, ExpectedLink, Setting } from './link-model.ts';
export * from './mismatch.ts';
export * from './optimise.ts';
export * from './proofs.ts';
export { securedKeyLength } from './secure.ts';
export { STUDIED_ATTACKS, type StudiedAttack, type StudiedLink } from './sessions.ts';
export type * from './side-channels.ts';
export * from './source-gate.ts';
export type * from './timing.ts';
export type * from './types.ts';
