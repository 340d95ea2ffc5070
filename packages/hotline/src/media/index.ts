/**
 * Voice and video: SFrame (RFC 9605) with AES_256_GCM_SHA512_128 under a lease that runs out by itself. Runs unchanged
 * in the worker of a browser and in Node: WebCrypto, the clock and the page are handed in, nothing of Node is imported.
 */
export * from './call-keys.ts';
export * from './call-media.ts';
export * from './header.ts';
export * from './key.ts';
export * from './lease.ts';
export * from './receiver.ts';
export * from './replay-window.ts';
export * from './sender.ts';
export * from './speech-pad.ts';
export * from './suites.ts';
export * from './transform.ts';
