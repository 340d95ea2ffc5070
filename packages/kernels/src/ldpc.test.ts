import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DecodingTask, Ldpc, type LiftedCode } from './ldpc.ts';
import { decodeTwin, syndromeTwin } from './ldpc-twin.ts';

/** Mulberry32 (T. Ettinger, public domain): for tests only. */
function seeded(seed: number): () => number {
  let a = seed | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Every column in `degree` layers drawn by lot. */
function randomCode(lift: number, columns: number, layers: number, degree: number, next: () => number): LiftedCode {
  const out = Array.from({ length: layers }, () => ({ columns: [] as number[], shifts: [] as number[] }));
  for (let column = 0; column < columns; column++) {
    const order = [...out.keys()].sort(() => next() - 0.5);
    for (const layer of order.slice(0, degree)) {
      out[layer]!.columns.push(column);
      out[layer]!.shifts.push(Math.floor(next() * lift));
    }
  }
  return { lift, columns, layers: out.filter((layer) => layer.columns.length) };
}

function randomBits(bits: number, rate: number, next: () => number): Uint8Array {
  const out = new Uint8Array(bits / 8);
  for (let i = 0; i < bits; i++) if (next() < rate) out[i >> 3]! |= 1 << (i & 7);
  return out;
}

const nats = (rate: number): number => Math.log((1 - rate) / rate);

describe('LDPC kernel', () => {
  it('has the syndromes of its twin, at every lift and shift', () => {
    const next = seeded(1);
    for (const lift of [16, 32, 48, 64, 80, 112, 128, 208, 512]) {
      const code = randomCode(lift, 9, 4, 2, next);
      const kernel = new Ldpc(code);
      for (let round = 0; round < 3; round++) {
        const bits = randomBits(lift * code.columns, 0.5, next);
        assert.deepEqual(kernel.syndrome(bits), syndromeTwin(code, bits), `lift ${lift}`);
        assert.deepEqual(new Ldpc(code, true).syndrome(bits), kernel.syndrome(bits), `lift ${lift}`);
      }
    }
    // One edge, every shift: nothing hides behind another edge.
    for (let shift = 0; shift < 48; shift++) {
      const code = { lift: 48, columns: 1, layers: [{ columns: [0], shifts: [shift] }] };
      const bits = randomBits(48, 0.5, next);
      assert.deepEqual(new Ldpc(code).syndrome(bits), syndromeTwin(code, bits), `shift ${shift}`);
    }
  });

  it('decodes as its twin does, sweep by sweep, also where neither succeeds', () => {
    const next = seeded(2);
    let solved = 0;
    let unsolved = 0;
    for (const [lift, columns, layers, degree] of [
      [16, 20, 9, 3],
      [32, 24, 12, 3],
      [48, 40, 12, 3],
      [64, 60, 9, 4],
      [112, 30, 15, 3],
    ] as const) {
      const code = randomCode(lift, columns, layers, degree, next);
      const kernel = new Ldpc(code);
      for (const rate of [0.005, 0.02, 0.05, 0.11]) {
        const errors = randomBits(lift * columns, rate, next);
        const syndrome = kernel.syndrome(errors);
        for (const sweeps of [1, 2, 3, 7, 30]) {
          const rows = code.layers.length * lift - 16 * Math.floor(next() * 3);
          const unknown = Array.from({ length: columns }, () => lift - Math.floor(next() * 3) * 5);
          const task: DecodingTask = { rows, unknown, nats: nats(rate), sweeps };
          const found = kernel.decode(syndrome, task);
          assert.deepEqual(new Ldpc(code, true).decode(syndrome, task), found, 'without relaxed SIMD');
          assert.deepEqual(found, decodeTwin(code, syndrome, task), `lift ${lift}, rate ${rate}, ${sweeps} sweeps`);
          if (found.unsatisfied) unsolved++;
          else solved++;
        }
      }
    }
    assert.ok(solved > 10 && unsolved > 20, `${solved} solved, ${unsolved} not`);
  });

  it('finds the errors that were made', () => {
    const next = seeded(3);
    const code = randomCode(256, 40, 12, 3, next);
    const kernel = new Ldpc(code);
    for (let frame = 0; frame < 10; frame++) {
      const errors = randomBits(256 * 40, 0.02, next);
      const unknown = new Array(40).fill(256);
      const found = kernel.decode(kernel.syndrome(errors), { rows: 12 * 256, unknown, nats: nats(0.02), sweeps: 50 });
      assert.equal(found.unsatisfied, 0);
      assert.deepEqual(found.errors, errors);
    }
  });

  it('never touches what is known', () => {
    const next = seeded(4);
    const code = randomCode(64, 20, 8, 3, next);
    const kernel = new Ldpc(code);
    const unknown = Array.from({ length: 20 }, (_, c) => (c % 3 ? 64 : 41));
    const syndrome = kernel.syndrome(randomBits(64 * 20, 0.3, next));
    const { errors } = kernel.decode(syndrome, { rows: 8 * 64, unknown, nats: nats(0.1), sweeps: 25 });
    for (let c = 0; c < 20; c++) {
      for (let p = unknown[c]!; p < 64; p++) {
        const bit = 64 * c + p;
        assert.equal((errors[bit >> 3]! >> (bit & 7)) & 1, 0);
      }
    }
  });

  it('forgets a frame when told to, and works on', () => {
    const next = seeded(5);
    const code = randomCode(64, 20, 8, 3, next);
    const kernel = new Ldpc(code);
    const errors = randomBits(64 * 20, 0.01, next);
    const task = { rows: 8 * 64, unknown: new Array(20).fill(64), nats: nats(0.01), sweeps: 25 };
    const before = kernel.decode(kernel.syndrome(errors), task);
    kernel.wipe();
    assert.ok(kernel.isWiped());
    assert.deepEqual(kernel.decode(kernel.syndrome(errors), task), before);
    assert.ok(!kernel.isWiped());
  });

  it('refuses codes and tasks of another shape', () => {
    const good = { lift: 32, columns: 2, layers: [{ columns: [0, 1], shifts: [3, 31] }] };
    for (const [wrong, what] of [
      [{ ...good, lift: 24 }, /multiple of 16, not 24/],
      [{ ...good, columns: 0 }, /at least one column/],
      [{ ...good, layers: [] }, /at least one layer/],
      [{ ...good, layers: [{ columns: [0, 1], shifts: [3] }] }, /a shift for every edge/],
      [{ ...good, layers: [{ columns: [1, 1], shifts: [3, 4] }] }, /at most once/],
      [{ ...good, layers: [{ columns: [0, 2], shifts: [3, 4] }] }, /columns below 2/],
      [{ ...good, layers: [{ columns: [0, 1], shifts: [3, 32] }] }, /shifts below 32/],
    ] as const) {
      assert.throws(() => new Ldpc(wrong), { code: 'kernels/argument', message: what });
    }
    const kernel = new Ldpc(good);
    assert.throws(() => kernel.syndrome(new Uint8Array(7)), { code: 'kernels/argument', message: /8 bytes, not 7/ });
    const task = { rows: 32, unknown: [32, 32], nats: 3, sweeps: 5 };
    for (const [wrong, what] of [
      [{ ...task, rows: 24 }, /rows in sixteens/],
      [{ ...task, rows: 48 }, /rows in sixteens/],
      [{ ...task, unknown: [32] }, /each of 2 columns/],
      [{ ...task, unknown: [32, 33] }, /0 to 32 unknown/],
      [{ ...task, nats: 0 }, /above 0/],
      [{ ...task, sweeps: 0 }, /at least one sweep/],
    ] as const) {
      assert.throws(() => kernel.decode(new Uint8Array(4), wrong), { code: 'kernels/argument', message: what });
    }
    assert.throws(() => kernel.decode(new Uint8Array(3), task), /32 parities, not the 24/);
  });
});
