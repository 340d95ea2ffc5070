import { KernelError } from './error.ts';
import base64 from './wasm/polynomial-hash.ts';
import { type KernelExports, Workspace } from './workspace.ts';

/**
 * Polynomial evaluation over the prime field of p = 2^127 - 1, the inner loop of authentication and of verification.
 *
 * Field elements are 16 little-endian bytes. Time and addresses depend on the number of blocks alone.
 */

/** Bytes of a point and of a state. */
export const POINT_BYTES = 16;
/** Bytes of a block: with 120 bits every block is a number below p, and no two are the same. */
export const BLOCK_BYTES = 15;

interface Exports extends KernelExports {
  powersBytes(): number;
  absorb(state: number, point: number, powers: number, text: number, blocks: number): void;
}

/** Text copied in at a time, a multiple of what the kernel takes together: half of a usual second-level cache or less. */
const CHUNK_BYTES = 512 * 8 * BLOCK_BYTES;

/** Where things stand in the one memory of this thread, all zero between two calls. */
class Desk {
  readonly kernel: Exports;
  readonly state: number;
  readonly point: number;
  readonly powers: number;
  readonly text: number;
  readonly memory: Uint8Array;

  constructor() {
    const workspace = new Workspace<Exports>(base64);
    this.kernel = workspace.kernel;
    this.state = workspace.take(POINT_BYTES);
    this.point = workspace.take(POINT_BYTES);
    this.powers = workspace.take(this.kernel.powersBytes());
    this.text = workspace.take(CHUNK_BYTES);
    this.memory = workspace.bytes(0, this.text + CHUNK_BYTES);
  }
}

let desk: Desk | undefined;

/**
 * `state` becomes (… ((state + c_1) r + c_2) r + … + c_k) r mod p, in [0, p), for the blocks c_1 … c_k of `text`, each a
 * little-endian number, and the point r. `state` and `point` have 16 bytes, whose top bits are not read; `text` has a
 * multiple of 15. Nothing of the three stays in the kernel's memory.
 * Throws KernelError `kernels/argument` for other sizes.
 */
export function hashBlocks(state: Uint8Array, point: Uint8Array, text: Uint8Array): void {
  checkBlocks(state, point, text);
  desk ??= new Desk();
  const { kernel, memory } = desk;
  memory.set(state, desk.state);
  memory.set(point, desk.point);
  for (let at = 0; at < text.length; at += CHUNK_BYTES) {
    const chunk = text.subarray(at, at + CHUNK_BYTES);
    memory.set(chunk, desk.text);
    kernel.absorb(desk.state, desk.point, desk.powers, desk.text, chunk.length / BLOCK_BYTES);
  }
  if (text.length) state.set(memory.subarray(desk.state, desk.state + POINT_BYTES));
  memory.fill(0, desk.state, desk.text + Math.min(text.length, CHUNK_BYTES));
}

/** Throws KernelError `kernels/argument` unless the sizes are those of `hashBlocks`. */
export function checkBlocks(state: Uint8Array, point: Uint8Array, text: Uint8Array): void {
  if (state.length === POINT_BYTES && point.length === POINT_BYTES && text.length % BLOCK_BYTES === 0) return;
  throw new KernelError(
    'kernels/argument',
    `state and point have ${POINT_BYTES} bytes and the text whole blocks of ${BLOCK_BYTES}, not ${state.length}, ${point.length} and ${text.length} bytes`,
  );
}
