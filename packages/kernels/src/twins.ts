/** The plain TypeScript twins, exact and slow: what the kernels are held to, and measured against. */
export { toeplitzTwin as toeplitz } from './amplify-twin.ts';
export { decodeTwin as decode } from './ldpc-twin.ts';
export { hashBlocks } from './polynomial-hash-twin.ts';
