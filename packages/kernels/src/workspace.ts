/** A WebAssembly module of `src/wasm/` at work: its functions, and the memory that they share with nobody. */

/** What every kernel exports beside its own functions. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  /** First byte behind the module's own tables. */
  heapBase(): number;
}

const PAGE_BYTES = 65_536;
/** All that 32-bit addresses reach. */
const MOST_BYTES = 65_535 * PAGE_BYTES;
/** SIMD loads want whole vectors. */
const ALIGNMENT = 16;

const modules = new Map<string, WebAssembly.Module>();

/** Compiled once a thread. */
function moduleOf(base64: string): WebAssembly.Module {
  let compiled = modules.get(base64);
  if (!compiled) {
    const text = atob(base64);
    compiled = new WebAssembly.Module(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    modules.set(base64, compiled);
  }
  return compiled;
}

/**
 * One instance of a kernel, with a private memory whose room is handed out from the bottom up and taken back all at once.
 *
 * Views of the memory are gone when it grows: take all room first, ask for views after.
 */
export class Workspace<Exports extends KernelExports> {
  readonly kernel: Exports;
  readonly #base: number;
  #next: number;
  #highest: number;

  /** `base64`: default export of a file of `src/wasm/`. */
  constructor(base64: string) {
    this.kernel = new WebAssembly.Instance(moduleOf(base64)).exports as unknown as Exports;
    this.#base = align(this.kernel.heapBase());
    this.#next = this.#base;
    this.#highest = this.#base;
  }

  /** Address of `bytes` bytes of room, a multiple of 16; their content is what was there. Throws RangeError beyond 4 GB. */
  take(bytes: number): number {
    const at = this.#next;
    const end = align(at + bytes);
    if (!(end <= MOST_BYTES)) throw new RangeError(`a kernel has ${MOST_BYTES} bytes, not the ${end} asked for`);
    const { memory } = this.kernel;
    const missing = Math.ceil((end - memory.buffer.byteLength) / PAGE_BYTES);
    if (missing > 0) memory.grow(missing);
    this.#next = end;
    this.#highest = Math.max(this.#highest, end);
    return at;
  }

  /** Views of the memory, valid until the next `take`. */
  bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.kernel.memory.buffer, at, length);
  }

  uint16(at: number, length: number): Uint16Array {
    return new Uint16Array(this.kernel.memory.buffer, at, length);
  }

  uint32(at: number, length: number): Uint32Array {
    return new Uint32Array(this.kernel.memory.buffer, at, length);
  }

  /** Copies bytes in and returns where they stand. */
  put(bytes: Uint8Array): number {
    const at = this.take(bytes.length);
    this.bytes(at, bytes.length).set(bytes);
    return at;
  }

  /** Takes all room back; what stands there stays until it is written over. */
  reset(): void {
    this.#next = this.#base;
  }

  /** Takes all room back and overwrites whatever was ever in it: after work on a key. */
  wipe(): void {
    this.bytes(this.#base, this.#highest - this.#base).fill(0);
    this.#next = this.#base;
    this.#highest = this.#base;
  }
}

function align(at: number): number {
  return Math.ceil(at / ALIGNMENT) * ALIGNMENT;
}
