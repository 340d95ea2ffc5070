/** Hot loops in WebAssembly SIMD, each with a plain TypeScript twin that the tests hold it to. No state, no key kept. */
export { toeplitz, toeplitzSteps } from './amplify.ts';
export { CascadeFrame, CascadeMemory, type CascadeSearch, type Learned } from './cascade.ts';
export { type CascadeShuffle, cascadeShuffle } from './cascade-shuffle.ts';
export type { Column } from './column.ts';
export * from './error.ts';
export { type Decoding, type DecodingTask, Ldpc, type LiftedCode } from './ldpc.ts';
export {
  decodeSlots,
  divide,
  encodeSlots,
  joinColumns,
  largestOfColumn,
  packColumn,
  packedBytes,
  unpackColumn,
  type Width,
} from './packing.ts';
export { BLOCK_BYTES, hashBlocks, POINT_BYTES } from './polynomial-hash.ts';
export { countErrors, type Intensities, type Sifted, sift, type Triple } from './sift.ts';
export * as twins from './twins.ts';
export { type KernelExports, Workspace } from './workspace.ts';
