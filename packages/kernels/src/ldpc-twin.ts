import {
  CERTAIN_UNITS,
  checkCode,
  checkTask,
  type Decoding,
  type DecodingTask,
  type LiftedCode,
  NEARLY,
  PATIENCE,
  priorUnits,
} from './ldpc.ts';

/** What `ldpc.ts` does, in plain TypeScript, row by row and number by number: slow, and the same to the last bit. */

const MOST = 127;
const KNEE = 171;
const BASE = 4_114;
const UNITS = 1_558;

const float = new Float32Array(1);
const bitsOfFloat = new Int32Array(float.buffer);

const int16 = (value: number): number => (value << 16) >> 16;
/** Rounded product in Q15. */
const q15 = (a: number, b: number): number => Math.min(32_767, (a * b + 0x4000) >> 15);

function tanh(size: number): number {
  const y = Math.max(0, KNEE - size);
  const u = Math.min(32_767, y * y + BASE);
  const u2 = q15(u, u);
  return 32_767 - q15(u2, u2);
}

function units(t: number): number {
  float[0] = 32_768 - t;
  const steps = Math.min(32_767, (((127 + 15) << 23) - bitsOfFloat[0]!) >>> 15);
  return Math.min(MOST, q15(int16(steps + (t >> 7)), UNITS));
}

function both(a: number, b: number): number {
  const near = Math.max(0, 56 - Math.abs(a - b));
  const far = Math.max(0, 56 - (a + b));
  return Math.min(a, b) - ((near * near - far * far) >> 8);
}

/** Parities of every row of `code`, packed, of packed bits. */
export function syndromeTwin(code: LiftedCode, bits: Uint8Array): Uint8Array {
  const { lift, layers } = code;
  const out = new Uint8Array((layers.length * lift) / 8);
  for (const [l, { columns, shifts }] of layers.entries()) {
    for (let r = 0; r < lift; r++) {
      let parity = 0;
      for (let e = 0; e < columns.length; e++) {
        const bit = columns[e]! * lift + ((r + shifts[e]!) % lift);
        parity ^= (bits[bit >> 3]! >> (bit & 7)) & 1;
      }
      const row = l * lift + r;
      out[row >> 3]! |= parity << (row & 7);
    }
  }
  return out;
}

/** As `Ldpc.decode`. */
export function decodeTwin(code: LiftedCode, syndrome: Uint8Array, task: DecodingTask): Decoding {
  checkCode(code);
  checkTask(code, syndrome, task);
  const { lift, columns, layers } = code;
  const { rows, unknown } = task;
  const values = new Int16Array(columns * lift).fill(priorUnits(task.nats));
  for (let c = 0; c < columns; c++) values.fill(CERTAIN_UNITS, c * lift + unknown[c]!, (c + 1) * lift);
  const messages = layers.map((layer) => new Int8Array(layer.columns.length * lift));
  const wanted = (row: number): number => (syndrome[row >> 3]! >> (row & 7)) & 1;

  /** One row: whether the signs that went into it contradict the syndrome. */
  const say = (l: number, r: number): number => {
    const layer = layers[l]!;
    const said = messages[l]!;
    const degree = layer.columns.length;
    const bits = layer.columns.map((c, e) => c * lift + ((r + layer.shifts[e]!) % lift));
    const heard = bits.map((bit, e) => int16(values[bit]! - said[r * degree + e]!));
    const negative = heard.reduce((odd, v) => odd ^ Number(v < 0), wanted(l * lift + r));
    let least = KNEE;
    let others = 32_767;
    for (const v of heard) {
      const sure = Math.abs(v);
      others = q15(others, tanh(Math.max(least, sure)));
      least = Math.min(least, sure);
    }
    const rest = units(others);
    const all = both(rest, least);
    for (const [e, v] of heard.entries()) {
      const size = Math.abs(v) === least ? rest : all;
      const message = Math.max(-128, Math.min(MOST, negative ^ Number(v < 0) ? -size : size));
      said[r * degree + e] = message;
      values[bits[e]!] = v + message;
    }
    return negative;
  };

  const errors = new Uint8Array((columns * lift) / 8);
  const wrong = new Uint8Array(rows);
  let unsatisfied = rows;
  let fewest = rows;
  let since = 0;
  let sweeps = 0;
  let narrow = false;
  while (unsatisfied && sweeps < task.sweeps && since < PATIENCE) {
    let contradicted = 0;
    for (let row = 0; row < rows; row++) {
      const group = row & ~15;
      if (narrow && !wrong.subarray(group, group + 16).includes(1)) continue;
      contradicted += say(Math.floor(row / lift), row % lift);
    }
    sweeps++;
    if (!narrow) {
      since = contradicted < fewest ? 0 : since + 1;
      fewest = Math.min(fewest, contradicted);
      if (contradicted > rows * NEARLY && sweeps < task.sweeps && since < PATIENCE) continue;
    }
    errors.fill(0);
    for (let bit = 0; bit < values.length; bit++) if (values[bit]! < 0) errors[bit >> 3]! |= 1 << (bit & 7);
    const parities = syndromeTwin(code, errors);
    for (let row = 0; row < rows; row++) wrong[row] = wanted(row) ^ ((parities[row >> 3]! >> (row & 7)) & 1);
    const left = wrong.reduce((sum, odd) => sum + odd, 0);
    narrow = left < unsatisfied;
    unsatisfied = left;
  }
  return { errors, unsatisfied, sweeps };
}
