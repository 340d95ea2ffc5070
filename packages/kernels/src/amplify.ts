import { type Bits, zeros } from '@skykey/bits';
import { CHUNK_BITS, type Plan, planToeplitz } from './amplify-plan.ts';
import { amplifyTables } from './amplify-tables.ts';
import { KernelError } from './error.ts';
import base64 from './wasm/amplify.ts';
import { type KernelExports, Workspace } from './workspace.ts';

/** Addresses and lengths in bytes, `d` a binary logarithm; `assembly/lib/gf-transform.ts` has the mathematics. */
interface Exports extends KernelExports {
  tables(): number;
  multiplyRoom(): number;
  expand(at: number, unit: number, step: number, d: number): void;
  contract(at: number, unit: number, step: number, d: number): void;
  convert(at: number, size: number, d: number): void;
  unconvert(at: number, size: number, d: number): void;
  convertRows(at: number, stride: number, width: number, d: number): void;
  unconvertRows(at: number, stride: number, width: number, d: number): void;
  evaluate(at: number, bytes: number, block: number, least: number): void;
  interpolate(at: number, bytes: number, block: number, least: number): void;
  collect(from: number, stride: number, width: number, d: number, to: number): void;
  distribute(to: number, stride: number, width: number, d: number, from: number): void;
  spread(from: number, to: number, count: number): void;
  gather(at: number, count: number): void;
  multiply(a: number, b: number, sum: number, group: number, room: number): void;
}

/** Bytes of a coefficient before a transform, and of a value. */
const CHUNK = 2;
const VALUE = 4;
/** Coefficients of the polynomials that are multiplied without a transform, and values that the kernel does at once. */
const GROUP = 16;
const BATCH = 128 * GROUP;
/** Transforms of more coefficients than this are a matrix with rows of so many: one fits the second-level cache. */
const LOG_ROW = 16;
const STRIP_BYTES = VALUE << LOG_ROW;

/** A part of the work. */
interface Phase {
  readonly steps: number;
  run(step: number): void;
}

/** Transforms of one size, in the memory of one instance. */
class Transform {
  readonly #kernel: Exports;
  readonly #logRow: number;
  readonly #logRows: number;
  /** Of a strip. */
  readonly #room: number;

  /** `room`: address of `STRIP_BYTES` bytes. */
  constructor(kernel: Exports, logSize: number, room: number) {
    this.#kernel = kernel;
    this.#logRow = Math.min(logSize, LOG_ROW);
    this.#logRows = logSize - this.#logRow;
    this.#room = room;
  }

  /** One step for each row, of coefficients of `size` bytes. */
  #rows(size: number, run: (at: number, row: number, bytes: number) => void): Phase {
    const bytes = size << this.#logRow;
    return { steps: 1 << this.#logRows, run: (row) => run(row * bytes, row, bytes) };
  }

  /**
   * One step for each strip across all rows, as many as rows. Rows lie a power of two apart, where a cache has room for
   * few of them: what is done to a strip is done to a copy.
   */
  #strips(from: number, size: number, run: (at: number, width: number) => void): Phase {
    const stride = size << this.#logRow;
    const width = stride >> this.#logRows;
    const strip = (step: number): void => {
      this.#kernel.collect(from + step * width, stride, width, this.#logRows, this.#room);
      run(this.#room, width);
      this.#kernel.distribute(from + step * width, stride, width, this.#logRows, this.#room);
    };
    return { steps: this.#logRows && 1 << this.#logRows, run: strip };
  }

  /** Chunks at `from`, which are lost, to values at `to`. */
  forward(from: number, to: number): Phase[] {
    const kernel = this.#kernel;
    const [logRow, logRows] = [this.#logRow, this.#logRows];
    return [
      { steps: 1, run: () => kernel.expand(from, CHUNK << logRow, CHUNK, logRows) },
      this.#strips(from, CHUNK, (at, width) => kernel.convertRows(at, width, width, logRows)),
      this.#rows(CHUNK, (at) => {
        kernel.convert(from + at, CHUNK, logRow);
        kernel.spread(from + at, to + (at / CHUNK) * VALUE, 1 << logRow);
      }),
      this.#strips(to, VALUE, (at, width) => kernel.evaluate(at, width << logRows, 0, width)),
      this.#rows(VALUE, (at, row, bytes) => kernel.evaluate(to + at, bytes, row, GROUP * VALUE)),
    ];
  }

  /** Adds products of values. */
  multiply(a: number, b: number, sum: number, room: number): Phase {
    return this.#rows(VALUE, (at, row, bytes) => {
      for (let batch = 0; batch < bytes; batch += BATCH * VALUE) {
        const group = (row << this.#logRow) / GROUP + batch / (GROUP * VALUE);
        this.#kernel.multiply(a + at + batch, b + at + batch, sum + at + batch, group, room);
      }
    });
  }

  /** Values to coefficients of 31 bits, little-endian words, in place. */
  backward(values: number): Phase[] {
    const kernel = this.#kernel;
    const [logRow, logRows] = [this.#logRow, this.#logRows];
    return [
      this.#rows(VALUE, (at, row, bytes) => kernel.interpolate(values + at, bytes, row, GROUP * VALUE)),
      this.#strips(values, VALUE, (at, width) => kernel.interpolate(at, width << logRows, 0, width)),
      this.#rows(VALUE, (at) => {
        kernel.gather(values + at, 1 << logRow);
        kernel.unconvert(values + at, VALUE, logRow);
      }),
      this.#strips(values, VALUE, (at, width) => kernel.unconvertRows(at, width, width, logRows)),
      { steps: 1, run: () => kernel.contract(values, VALUE << logRow, VALUE, logRows) },
    ];
  }
}

/** An instance that nobody uses now, kept unless it has grown large. */
let idle: Workspace<Exports> | undefined;
const KEPT_BYTES = 2 ** 24;

let tables: Uint8Array | undefined;

function open(): Workspace<Exports> {
  const workspace = idle ?? new Workspace<Exports>(base64);
  if (!idle) workspace.bytes(workspace.kernel.tables(), (tables ??= amplifyTables()).length).set(tables);
  idle = undefined;
  return workspace;
}

function close(workspace: Workspace<Exports>): void {
  workspace.wipe();
  if (workspace.kernel.memory.buffer.byteLength <= KEPT_BYTES) idle = workspace;
}

/** The part of `source` from byte `from` on, which may lie before or behind it, with zeros around. */
function load(source: Uint8Array, from: number, into: Uint8Array): void {
  into.fill(0);
  const part = source.subarray(Math.max(0, from), Math.max(0, from + into.length));
  into.set(part, Math.min(into.length, Math.max(0, -from)));
}

/**
 * Product of a Toeplitz matrix over GF(2) and a bit string: out[i] = sum over j of seed[i + n - 1 - j] input[j] modulo 2,
 * for i < outputBits and j < n, n = input.length; the seed has n + outputBits - 1 bits. Exact. Yields after each step,
 * most of a millisecond, in the longest products some of up to a tenth of a second, which share of them is done. Time and memory access depend on lengths alone, and the kernel's memory is
 * overwritten at the end, also when the caller stops early.
 *
 * Coefficients of sixteen bits, as elements of GF(2^32), whose products have 31 bits and so stay exact; additive
 * transforms (Cantor, J. Combin. Theory A 50, 1989; Gao and Mateer, IEEE Trans. Inf. Theory 56, 2010; Lin, Chung and Han,
 * arXiv:1404.3458) down to polynomials of sixteen coefficients, which are multiplied bit by bit.
 *
 * `plan` is for tests: another way to cut the same product.
 * Throws KernelError `kernels/argument` when the seed has another length.
 */
export function* toeplitzSteps(input: Bits, seed: Bits, outputBits: number, plan?: Plan): Generator<number, Bits> {
  const seedBits = input.length + outputBits - 1;
  if (!(outputBits > 0 && input.length > 0 && seed.length === seedBits)) {
    throw new KernelError(
      'kernels/argument',
      `${input.length} to ${outputBits} bits, at least one each, take a seed of as many less one, not ${seed.length}`,
    );
  }
  const { logSize, inputBlocks, blockSize, outputParts, partSize } = plan ?? planToeplitz(input.length, outputBits);
  const size = 2 ** logSize;
  const workspace = open();
  // Sums of sixteen bits, from the one with bit n - 1 of the product on.
  const firstChunk = Math.floor((input.length - 1) / CHUNK_BITS);
  const chunks = new Uint16Array(outputParts * (partSize - 1) + 1);
  try {
    const coefficients = workspace.take(size * CHUNK);
    const blocks = Array.from({ length: inputBlocks }, () => workspace.take(size * VALUE));
    const window = workspace.take(size * VALUE);
    const sum = workspace.take(size * VALUE);
    const room = workspace.take(workspace.kernel.multiplyRoom());
    const transform = new Transform(workspace.kernel, logSize, workspace.take(STRIP_BYTES));

    const phases: Phase[] = [];
    const then = (run: () => void): unknown => phases.push({ steps: 1, run });
    for (const [j, block] of blocks.entries()) {
      then(() => {
        const part = input.bytes.subarray(j * blockSize * CHUNK, (j + 1) * blockSize * CHUNK);
        load(part, 0, workspace.bytes(coefficients, size * CHUNK));
      });
      phases.push(...transform.forward(coefficients, block));
    }
    for (let part = 0; part < outputParts; part++) {
      // One coefficient more than chunks: the upper half of one belongs to the next.
      const first = firstChunk - 1 + part * (partSize - 1);
      then(() => workspace.bytes(sum, size * VALUE).fill(0));
      for (const [j, block] of blocks.entries()) {
        const from = first - j * blockSize - (size - partSize);
        then(() => load(seed.bytes, from * CHUNK, workspace.bytes(coefficients, size * CHUNK)));
        phases.push(...transform.forward(coefficients, window), transform.multiply(block, window, sum, room));
      }
      phases.push(...transform.backward(sum));
      then(() => {
        const words = workspace.uint32(sum + (size - partSize) * VALUE, partSize);
        const at = part * (partSize - 1);
        for (let i = 1; i < partSize; i++) chunks[at + i - 1] = words[i]! ^ (words[i - 1]! >>> CHUNK_BITS);
      });
    }

    const steps = phases.reduce((all, phase) => all + phase.steps, 0);
    let done = 0;
    for (const phase of phases) {
      for (let step = 0; step < phase.steps; step++) {
        phase.run(step);
        yield ++done / steps;
      }
    }
    return shifted(chunks, (input.length - 1) % CHUNK_BITS, outputBits);
  } finally {
    chunks.fill(0);
    close(workspace);
  }
}

/** Bits `shift` to `shift + length` of chunks. */
function shifted(chunks: Uint16Array, shift: number, length: number): Bits {
  const out = zeros(length);
  for (let i = 0, at = 0; at < out.bytes.length; i++, at += 2) {
    const bits = (chunks[i]! | (chunks[i + 1]! << CHUNK_BITS)) >>> shift;
    out.bytes[at] = bits;
    if (at + 1 < out.bytes.length) out.bytes[at + 1] = bits >>> 8;
  }
  if (length & 7) out.bytes[out.bytes.length - 1]! &= (1 << (length & 7)) - 1;
  return out;
}

/** The same at once. */
export function toeplitz(input: Bits, seed: Bits, outputBits: number): Bits {
  const steps = toeplitzSteps(input, seed, outputBits);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
