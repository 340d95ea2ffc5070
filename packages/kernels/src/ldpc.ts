import { KernelError } from './error.ts';
import ldpc from './wasm/ldpc.ts';
import relaxed from './wasm/ldpc-relaxed.ts';
import { type KernelExports, Workspace } from './workspace.ts';

/**
 * Syndromes and decoding of quasi-cyclic low-density parity-check codes, for reconciliation in one message: the
 * parities of Alice's string against those of Bob's are the syndrome of the error pattern, and the pattern is what is
 * decoded.
 *
 * Belief propagation, layer after layer (Hocevar, SiPS 2004): a row takes what it said last time out of the beliefs
 * of its bits, says anew, and the next layer hears it in the same sweep. Near the end only rows speak that have a
 * wrong parity beside them, as long as that helps. Numbers are log-likelihood ratios in units of 1 / UNITS_PER_NAT,
 * 16 bits a belief, 8 a message.
 *
 * A row says to all its bits but the least sure one the parity of all, to that one the parity of the others (A-min*,
 * Jones et al., MILCOM 2003): two answers a row. Plain minima would be far too sure in a row of 25 bits, and rounding
 * adds up in a chain of 25 small corrections; so the parity of the others is a product of tanh(L / 2), in Q15, of
 * which every factor keeps its relative precision. There 1 - tanh(L / 2) = 2 / (1 + e^L) is taken as (y^2 + b)^4, y =
 * 9.74 - L or 0, b = 0.1255 of one: at most 0.2 off as a log-likelihood ratio between 0 and 8, and nothing is surer
 * than 9.
 */

/**
 * A quasi-cyclic parity-check matrix. Row `r` of a layer is the parity of bit `(r + shifts[e]) mod lift` of column
 * `columns[e]`, over all its edges `e`; a column appears in a layer at most once. Bit `p` of column `c` is bit
 * `c * lift + p` of a frame.
 */
export interface LiftedCode {
  /** Rows of a layer and bits of a column, a multiple of 16. */
  readonly lift: number;
  readonly columns: number;
  readonly layers: readonly { readonly columns: readonly number[]; readonly shifts: readonly number[] }[];
}

export interface DecodingTask {
  /** Rows in use, a multiple of 16: parities beyond are ignored. */
  readonly rows: number;
  /** Bits of each column that may be wrong; those behind are known. */
  readonly unknown: ArrayLike<number>;
  /** Log-likelihood ratio of a bit before anything is known, in nats, above 0. */
  readonly nats: number;
  /** Most sweeps. */
  readonly sweeps: number;
}

export interface Decoding {
  /** The error pattern, packed; it has the syndrome asked for when `unsatisfied` is 0. */
  readonly errors: Uint8Array;
  /** Rows in use whose parity is still wrong. */
  readonly unsatisfied: number;
  readonly sweeps: number;
}

interface LdpcExports extends KernelExports {
  sweep(layers: number, count: number, lift: number, scratch: number, wrong: number): number;
  fill(values: number, bytes: number, value: number): void;
  spread(bits: number, bytes: number, out: number): void;
  compare(to: number, from: number, bytes: number): number;
  signs(values: number, stride: number, columns: number, lift: number, bits: number, bitStride: number): void;
  syndrome(
    layers: number,
    count: number,
    lift: number,
    values: number,
    stride: number,
    bits: number,
    columns: number,
    bitStride: number,
    out: number,
  ): void;
}

/** Units of a log-likelihood ratio of 1: with it y^2 in units is y^2 in Q15 as the fit wants it, without a product. */
export const UNITS_PER_NAT = 17.56;
/** A bit that is known. */
export const CERTAIN_UNITS = 16_000;
/**
 * Signs are compared with the syndrome only once fewer than this fraction of the rows is contradicted within a sweep.
 */
export const NEARLY = 1 / 16;
/** Sweeps without a new least number of contradicted rows after which a frame is given up. */
export const PATIENCE = 20;

const LAYER_WORDS = 5;
const EDGE_WORDS = 3;
const HEARD_BYTES = 80;
/**
 * Values behind a column: its first ones again. Bytes behind a column of bits and its copy, for loads that reach
 * over.
 */
const BEHIND_VALUES = 16;
const BEHIND_BYTES = 16;

/** The units of a bit that is wrong with the ratio `nats`. */
export function priorUnits(nats: number): number {
  return Math.max(1, Math.min(CERTAIN_UNITS, Math.round(UNITS_PER_NAT * nats)));
}

/** One code at work, with a private memory of about `edges + 2.3 bits` bytes. One frame at a time. */
export class Ldpc {
  readonly code: LiftedCode;
  readonly #space: Workspace<LdpcExports>;
  /** Bytes from a column's values, and bits, to the next one's. */
  readonly #stride: number;
  readonly #bitStride: number;
  readonly #messageBytes: number;
  readonly #layers: number;
  readonly #values: number;
  readonly #bits: number;
  readonly #messages: number;
  readonly #wanted: number;
  readonly #target: number;
  readonly #parities: number;
  readonly #scratch: number;
  readonly #end: number;

  /**
   * Throws KernelError for a code of another shape than `LiftedCode` tells. `plain`: without relaxed SIMD, as engines
   * that do not have it do in any case; by the same numbers.
   */
  constructor(code: LiftedCode, plain = false) {
    checkCode(code);
    this.code = code;
    const { lift, columns, layers } = code;
    const space = new Workspace<LdpcExports>(plain || !hasRelaxed() ? ldpc : relaxed);
    this.#space = space;
    const edges = layers.reduce((sum, layer) => sum + layer.columns.length, 0);
    const widest = Math.max(...layers.map((layer) => layer.columns.length));
    this.#stride = 2 * (lift + BEHIND_VALUES);
    this.#bitStride = lift / 4 + BEHIND_BYTES;
    this.#messageBytes = edges * lift;
    this.#layers = space.take(4 * LAYER_WORDS * layers.length);
    const table = space.take(4 * EDGE_WORDS * edges);
    this.#values = space.take(this.#stride * columns);
    this.#bits = space.take(this.#bitStride * columns);
    this.#messages = space.take(this.#messageBytes);
    this.#wanted = space.take(layers.length * lift);
    this.#target = space.take((layers.length * lift) / 8);
    this.#parities = space.take((layers.length * lift) / 8);
    this.#scratch = space.take(HEARD_BYTES * widest);
    this.#end = this.#scratch + HEARD_BYTES * widest;
    const records = space.uint32(this.#layers, LAYER_WORDS * layers.length);
    let edge = 0;
    for (const [l, layer] of layers.entries()) {
      const degree = layer.columns.length;
      const at = table + 4 * EDGE_WORDS * edge;
      records.set([degree, lift, at, this.#messages + edge * lift, this.#wanted + l * lift], LAYER_WORDS * l);
      const words = space.uint32(at, EDGE_WORDS * degree);
      const order = [...layer.shifts.keys()].sort((a, b) => layer.shifts[b]! - layer.shifts[a]!);
      for (let e = 0; e < degree; e++) {
        words.set([this.#values + layer.columns[e]! * this.#stride, layer.shifts[e]!, order[e]!], EDGE_WORDS * e);
      }
      edge += degree;
    }
  }

  /**
   * Parities of every row, packed, layer by layer. `bits`: `columns * lift` packed bits. Throws KernelError for
   * others.
   */
  syndrome(bits: Uint8Array): Uint8Array {
    const { columns, lift } = this.code;
    expectBytes('a frame', bits, (columns * lift) / 8);
    const bytes = lift / 8;
    const room = this.#space.bytes(this.#bits, columns * this.#bitStride);
    for (let c = 0; c < columns; c++) room.set(bits.subarray(c * bytes, (c + 1) * bytes), c * this.#bitStride);
    this.#parity();
    return this.#space.bytes(this.#parities, this.code.layers.length * bytes).slice();
  }

  /** The likeliest error pattern of a syndrome. Throws KernelError for a task that does not fit the code. */
  decode(syndrome: Uint8Array, task: DecodingTask): Decoding {
    const { lift, columns, layers } = this.code;
    checkTask(this.code, syndrome, task);
    const { rows } = task;
    const { kernel } = this.#space;
    const records = this.#space.uint32(this.#layers, LAYER_WORDS * layers.length);
    for (let l = 0; l < layers.length; l++) records[LAYER_WORDS * l + 1] = Math.max(0, Math.min(lift, rows - l * lift));
    this.#space.bytes(this.#target, rows / 8).set(syndrome.subarray(0, rows / 8));
    kernel.spread(this.#target, rows / 8, this.#wanted);
    kernel.fill(this.#messages, this.#messageBytes, 0);
    this.#believe(task);

    const used = Math.ceil(rows / lift);
    let unsatisfied = rows;
    let fewest = rows;
    let since = 0;
    let sweeps = 0;
    let narrow = false;
    while (unsatisfied && sweeps < task.sweeps && since < PATIENCE) {
      const wrong = narrow ? this.#parities : 0;
      const contradicted = kernel.sweep(this.#layers, used, lift, this.#scratch, wrong);
      sweeps++;
      if (!narrow) {
        since = contradicted < fewest ? 0 : since + 1;
        fewest = Math.min(fewest, contradicted);
        if (contradicted > rows * NEARLY && sweeps < task.sweeps && since < PATIENCE) continue;
      }
      kernel.signs(this.#values, this.#stride, columns, lift, this.#bits, this.#bitStride);
      this.#parity();
      const left = kernel.compare(this.#parities, this.#target, rows / 8);
      narrow = left < unsatisfied;
      unsatisfied = left;
    }

    const bytes = lift / 8;
    const errors = new Uint8Array(columns * bytes);
    const room = this.#space.bytes(this.#bits, columns * this.#bitStride);
    for (let c = 0; c < columns; c++) {
      errors.set(room.subarray(c * this.#bitStride, c * this.#bitStride + bytes), c * bytes);
    }
    return { errors, unsatisfied, sweeps };
  }

  /** Overwrites whatever of a frame stands in memory; the next frame can come. */
  wipe(): void {
    this.#frame().fill(0);
  }

  /** Whether nothing of a frame stands in memory: for tests. */
  isWiped(): boolean {
    return this.#frame().every((byte) => byte === 0);
  }

  /** All that depends on a frame: from the beliefs to the end of the scratch. */
  #frame(): Uint8Array {
    return this.#space.bytes(this.#values, this.#end - this.#values);
  }

  /** What is believed before anything is heard; the first values of each column stand behind it again. */
  #believe({ unknown, nats }: DecodingTask): void {
    const { lift, columns } = this.code;
    this.#space.kernel.fill(this.#values, columns * this.#stride, priorUnits(nats));
    const values = this.#space.uint16(this.#values, (columns * this.#stride) / 2);
    for (let c = 0, at = 0; c < columns; c++, at += this.#stride / 2) {
      if (unknown[c] === lift) continue;
      values.fill(CERTAIN_UNITS, at + unknown[c]!, at + lift);
      values.copyWithin(at + lift, at, at + BEHIND_VALUES);
    }
  }

  #parity(): void {
    const { lift, columns, layers } = this.code;
    this.#space.kernel.syndrome(
      this.#layers,
      layers.length,
      lift,
      this.#values,
      this.#stride,
      this.#bits,
      columns,
      this.#bitStride,
      this.#parities,
    );
  }
}

let relaxedSimd: boolean | undefined;

/** Whether this engine takes the module with relaxed SIMD: a third faster, the rounding product is one instruction. */
function hasRelaxed(): boolean {
  relaxedSimd ??= WebAssembly.validate(Uint8Array.from(atob(relaxed), (character) => character.charCodeAt(0)));
  return relaxedSimd;
}

function expectBytes(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw new KernelError('kernels/argument', `${what} has ${length} bytes, not ${bytes.length}`);
  }
}

export function checkCode({ lift, columns, layers }: LiftedCode): void {
  const need = (ok: boolean, what: string): void => {
    if (!ok) throw new KernelError('kernels/argument', `a lifted code needs ${what}`);
  };
  need(Number.isInteger(lift) && lift >= 16 && lift % 16 === 0, `a lift that is a multiple of 16, not ${lift}`);
  need(Number.isInteger(columns) && columns >= 1, `at least one column, not ${columns}`);
  need(layers.length >= 1, 'at least one layer');
  for (const layer of layers) {
    need(
      layer.columns.length === layer.shifts.length && layer.columns.length >= 1,
      'a shift for every edge of a layer',
    );
    need(new Set(layer.columns).size === layer.columns.length, 'each column at most once in a layer');
    need(
      layer.columns.every((c) => Number.isInteger(c) && c >= 0 && c < columns),
      `columns below ${columns}`,
    );
    need(
      layer.shifts.every((s) => Number.isInteger(s) && s >= 0 && s < lift),
      `shifts below ${lift}`,
    );
  }
}

export function checkTask({ lift, columns, layers }: LiftedCode, syndrome: Uint8Array, task: DecodingTask): void {
  const { rows, unknown, nats, sweeps } = task;
  const need = (ok: boolean, what: string): void => {
    if (!ok) throw new KernelError('kernels/argument', `decoding needs ${what}`);
  };
  need(
    rows >= 16 && rows <= layers.length * lift && rows % 16 === 0,
    `rows in sixteens that the code has, not ${rows}`,
  );
  need(syndrome.length >= rows / 8, `${rows} parities, not the ${8 * syndrome.length} of this syndrome`);
  need(unknown.length === columns, `a number of unknown bits for each of ${columns} columns, not ${unknown.length}`);
  for (let c = 0; c < columns; c++) {
    const bits = unknown[c]!;
    need(Number.isInteger(bits) && bits >= 0 && bits <= lift, `0 to ${lift} unknown bits in a column, not ${bits}`);
  }
  need(nats > 0, `a log-likelihood ratio above 0, not ${nats}`);
  need(Number.isInteger(sweeps) && sweeps >= 1, `at least one sweep, not ${sweeps}`);
}
