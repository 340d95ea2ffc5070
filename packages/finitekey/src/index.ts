/** From counts to secret length, with the proof named. Sees counts, never a bit of a key. */
export * from './bbm92.ts';
export { binaryEntropy } from './entropy.ts';
export { FiniteKeyError } from './error.ts';
export * from './lim2014.ts';
