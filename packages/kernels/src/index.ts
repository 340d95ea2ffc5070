/** Hot loops in WebAssembly SIMD, each with a plain TypeScript twin that the tests hold it to. No state, no key kept. */
export { toeplitz, toeplitzSteps } from './amplify.ts';
export * from './error.ts';
export { type Decoding, type DecodingTask, Ldpc, type LiftedCode } from './ldpc.ts';
export { BLOCK_BYTES, hashBlocks, POINT_BYTES } from './polynomial-hash.ts';
export { countErrors, type Sifted, sift, type Triple } from './sift.ts';
export { type KernelExports, Workspace } from './workspace.ts';
