/**
 * The two-party protocol from detections to secret key: sift, estimate, reconcile, verify, amplify, authenticate, with a
 * live alarm. No clock, no socket, no file: the line, the devices, the stores and the randomness are handed in.
 */
export { type AliceOptions, runAlice } from './alice.ts';
export * from './amplify.ts';
export * from './authenticate.ts';
export { type BobOptions, runBob } from './bob.ts';
export * from './error.ts';
export { blockIdOf } from './parameters.ts';
export type { PartyOptions } from './session.ts';
export type * from './types.ts';
export * from './verify.ts';
