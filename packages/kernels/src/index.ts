/** Hot loops in WebAssembly SIMD, each with a plain TypeScript twin that the tests hold it to. No state, no key kept. */
export { type KernelExports, Workspace } from './workspace.ts';
