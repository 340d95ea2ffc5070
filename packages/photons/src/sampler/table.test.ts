import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Adversary, Disturbance } from '../adversary/adversary.ts';
import { PhotonsError, type PhotonsErrorCode } from '../error.ts';
import { Statistics } from '../light/branches.ts';
import { MONITORS } from '../observe/observation.ts';
import { imperfectPass, intercepting } from '../test/imperfect-link.ts';
import { createTables } from './table.ts';

const refuses = (work: () => unknown, code: PhotonsErrorCode, says: RegExp): void =>
  assert.throws(work, (error: unknown) => {
    assert.ok(error instanceof PhotonsError);
    assert.equal(error.code, code);
    assert.match(error.message, says);
    return true;
  });

test('an undisturbed bin has one branch a kind, with the mean fading in it', () => {
  const input = imperfectPass(1);
  const table = createTables(input).next(1);
  assert.equal(table.branches.count, table.kinds.count);
  assert.equal(table.pulses, 200_000);
  assert.equal(table.firstSlot, 200_000);
  for (let b = 0; b < table.branches.count; b++) {
    assert.equal(table.branches.kind[b], b);
    assert.equal(table.branches.statistics[b], Statistics.coherent);
    assert.ok(Math.abs(table.branches.amount[b]! - table.kinds.meanPhotons[b]! * 0.032) < 1e-9);
    assert.ok(Math.abs(table.branches.purity[b]! - 0.99) < 1e-12);
    assert.equal(table.branches.guess[b], 0.5);
  }
  assert.ok(Math.abs(table.conditions.noiseHz[2]! - 6e-5 / 1.2e-9) < 1e-6);
  assert.deepEqual(Array.from(table.noiseHz), Array.from(table.conditions.noiseHz));
  assert.deepEqual(table.clock, { fromPs: -50, toPs: 0, jitterPs: 40 });
  assert.equal(table.conditions.frameRad, 0.08);
  assert.equal(table.monitors.length, MONITORS.length);
});

test('the clock of the last bin goes on as it was', () => {
  assert.deepEqual(createTables(imperfectPass(1)).next(3).clock, { fromPs: 80, toPs: 160, jitterPs: 40 });
});

test('fading steps are against the mean of their bin', () => {
  const input = imperfectPass(1);
  const gain = Float32Array.from({ length: 8 }, (_, i) => 0.5 + i / 8);
  const trace = { ...input.trace, fading: { stepsPerBin: 2, gain } };
  const table = createTables({ ...input, trace }).next(1);
  assert.deepEqual(Array.from(table.fading!), [0.75 / 0.8125, 0.875 / 0.8125]);
  assert.ok(Math.abs(table.conditions.channelTransmittance - 0.032 * 0.8125) < 1e-9);
});

/** Remembers everything it is told. */
function witness(log: string[], name: string): Disturbance {
  const hook =
    (which: string) =>
    (conditions: { readonly bin: number }): void => {
      log.push(`${name} ${which} ${conditions.bin}`);
    };
  return {
    name,
    source: hook('source'),
    channel: hook('channel'),
    receiverFront: hook('receiverFront'),
    detector: hook('detector'),
    clock: hook('clock'),
  };
}

test('hooks are called in order, one disturbance after the other, bins before the first included', () => {
  const log: string[] = [];
  const input = { ...imperfectPass(1, [witness(log, 'a'), witness(log, 'b')]), firstBin: 2 };
  createTables(input).next(2);
  assert.equal(log.length, 30);
  assert.deepEqual(log.slice(0, 6), [
    'a source 0',
    'a channel 0',
    'a receiverFront 0',
    'a detector 0',
    'a clock 0',
    'b source 0',
  ]);
  assert.equal(log.at(-1), 'b clock 2');
});

test('what a disturbance draws and a monitor reads does not depend on where a pass begins', () => {
  const walk: () => Disturbance = () => {
    let frameRad = 0;
    return {
      name: 'walk',
      channel(conditions, random) {
        frameRad += random.uniform() - 0.5;
        conditions.frameRad = frameRad;
      },
    };
  };
  const whole = createTables(imperfectPass(7, [walk()]));
  whole.next(0);
  whole.next(1);
  whole.next(2);
  const expected = whole.next(3);
  const part = createTables({ ...imperfectPass(7, [walk()]), firstBin: 3 }).next(3);
  assert.equal(part.conditions.frameRad, expected.conditions.frameRad);
  assert.deepEqual(part.monitors, expected.monitors);
  const other = createTables(imperfectPass(8, [walk()])).next(3);
  assert.notEqual(other.conditions.frameRad, expected.conditions.frameRad);
  assert.notDeepEqual(other.monitors, expected.monitors);
});

test('a monitor that is not fitted reads nothing', () => {
  const monitors = Object.fromEntries(MONITORS.map((name) => [name, { fitted: name !== 'clock', noise: 0 }]));
  const input = { ...imperfectPass(1), monitors: monitors as never };
  const { monitors: readings } = createTables(input).next(0);
  assert.ok(Number.isNaN(readings[MONITORS.indexOf('clock')]!));
  assert.equal(readings[MONITORS.indexOf('source-power')], 1);
});

test('an adversary acts on every kind, and a pulse that she leaves alone passes', () => {
  const onlySignal: Adversary = {
    name: 'signal',
    visibility: 'D1',
    act(pulse, _, out) {
      if (pulse.intensity === 0) {
        out.add(
          pulse.kind,
          pulse.probability,
          { statistics: Statistics.fock, amount: 0, angleRad: 0 },
          {
            guess: 1,
            attacked: true,
          },
        );
      }
    },
  };
  const { branches, kinds } = createTables(imperfectPass(1, [onlySignal])).next(0);
  assert.equal(branches.count, kinds.count);
  for (let b = 0; b < branches.count; b++) {
    assert.equal(branches.attacked[b], kinds.intensity[branches.kind[b]!] === 0 ? 1 : 0);
  }
});

test('branches that cannot be are refused with the name of who made them', () => {
  const light = { statistics: Statistics.coherent, amount: 0.1, angleRad: 0 };
  const ledger = { guess: 0.5, attacked: true };
  const bad = (change: object, changedLedger: object = {}, factor = 1, ofKind = 0): (() => unknown) => {
    const act: Adversary['act'] = (pulse, _, out) =>
      out.add(
        pulse.kind + ofKind,
        factor * pulse.probability,
        { ...light, ...change },
        { ...ledger, ...changedLedger },
      );
    const mallory: Adversary = { name: 'mallory', visibility: 'D1', act };
    return () => createTables(imperfectPass(1, [mallory])).next(0);
  };
  refuses(bad({}, {}, 0.9), 'photons/adversary', /mallory .* sum to/);
  refuses(bad({}, {}, 1, 1), 'photons/adversary', /mallory .* of kind/);
  refuses(bad({}, { guess: 0.4 }), 'photons/adversary', /guess 0.4/);
  refuses(bad({}, { guess: Number.NaN }), 'photons/adversary', /guess NaN/);
  refuses(bad({}, { clickGuess: Number.NaN }), 'photons/adversary', /clickGuess NaN/);
  refuses(bad({}, { clickGuess: 1.1 }), 'photons/adversary', /clickGuess 1.1/);
  refuses(bad({ amount: -1 }), 'photons/adversary', /amount -1/);
  refuses(bad({ statistics: Statistics.fock, amount: 1.5 }), 'photons/adversary', /1.5 photons/);
  refuses(bad({ statistics: Statistics.fock, amount: 256 }), 'photons/adversary', /256 photons/);
  refuses(bad({ purity: 1.1 }), 'photons/adversary', /purity 1.1/);
  refuses(bad({ shiftPs: Infinity }), 'photons/adversary', /not finite/);
});

test("who collects what is lost of Alice's own light holds a photon of it or none; Bob's light stays as it is", () => {
  // Half of the pulses a time shift makes up for losses, a tenth is replaced, the others pass.
  const mixed: Adversary = {
    name: 'mixed',
    visibility: 'D1',
    act(pulse, conditions, out) {
      const { kind, probability, angleRad, purity, meanPhotons } = pulse;
      const light = { statistics: Statistics.coherent, angleRad, purity };
      const own = { ...light, amount: meanPhotons * conditions.channelTransmittance };
      out.add(kind, 0.5 * probability, { ...light, amount: 0.5 * meanPhotons }, { ...pushed, own: true });
      out.add(kind, 0.1 * probability, { ...light, amount: 0.01 }, { guess: 0.5, attacked: true });
      out.add(kind, 0.4 * probability, own, { guess: 0.5, attacked: false });
    },
  };
  const pushed = { guess: 0.5, clickGuess: 0.7, attacked: true };
  const input = imperfectPass(1, [mixed]);
  const collects = { fromS: 1e-3, toS: 3e-3 };
  const tables = createTables({ ...input, collects });
  const held = [0, 1, 2, 3].map((bin) => {
    const { branches, kinds } = tables.next(bin);
    const without = createTables({ ...input, firstBin: bin }).next(bin).branches;
    const sums = new Map<string, number>();
    const add = (of: typeof branches, sign: number): void => {
      for (let b = 0; b < of.count; b++) {
        const name = [of.kind, of.amount, of.attacked, of.angleRad, of.purity, of.photons].map((one) => one[b]).join();
        sums.set(name, (sums.get(name) ?? 0) + sign * of.probability[b]!);
      }
    };
    add(branches, 1);
    add(without, -1);
    for (const difference of sums.values()) assert.ok(Math.abs(difference) < 1e-15);
    for (let b = 0; b < branches.count; b++) {
      if (branches.guess[b]! > 0.5) continue;
      assert.equal(
        branches.clickGuess[b],
        branches.amount[b] === 0.5 * kinds.meanPhotons[branches.kind[b]!]! ? 0.7 : 0.5,
      );
    }
    let [all, expected] = [0, 0];
    for (let b = 0; b < branches.count; b++) {
      if (branches.guess[b]! === 0.5) continue;
      // (1 + purity) / 2 of a source that leaks 0.5 %.
      assert.ok(Math.abs(branches.guess[b]! - 0.995) < 1e-12 && branches.clickGuess[b] === branches.guess[b]);
      all += branches.probability[b]!;
    }
    for (let kind = 0; kind < kinds.count; kind++) {
      const mean = kinds.meanPhotons[kind]!;
      const transmittance = 0.03 + [0, 2e-3, 3e-3, 1e-3][bin]!;
      const [shifted, passing] = [Math.expm1(-mean / 2), Math.expm1(-mean * (1 - transmittance))];
      expected -= kinds.probability[kind]! * (0.5 * shifted + 0.4 * passing);
    }
    return all / expected;
  });
  for (const [bin, share] of [0, 1, 1, 0].entries()) assert.ok(Math.abs(held[bin]! - share) < 1e-6, `${held}`);
  for (const bad of [
    { fromS: Number.NaN, toS: 1 },
    { fromS: 2, toS: 1 },
  ]) {
    refuses(() => createTables({ ...imperfectPass(1), collects: bad }), 'photons/range', /collects is from/);
  }
});

test('two who act on pulses are refused, and so is what disturbances may not leave behind', () => {
  refuses(
    () => createTables(imperfectPass(1, [intercepting(0.1), intercepting(0.2)])),
    'photons/adversary',
    /at most one/,
  );
  const leaves = (change: (conditions: Parameters<NonNullable<Disturbance['channel']>>[0]) => void) => () =>
    createTables(imperfectPass(1, [{ name: 'storm', channel: change }])).next(0);
  refuses(
    leaves((conditions) => {
      conditions.channelTransmittance = 1.1;
    }),
    'photons/trace',
    /channelTransmittance/,
  );
  refuses(
    leaves((conditions) => {
      conditions.noiseHz[3] = -1;
    }),
    'photons/trace',
    /noiseHz/,
  );
  refuses(
    leaves((conditions) => {
      conditions.blindedShare = 2;
    }),
    'photons/trace',
    /blindedShare/,
  );
});

test('bins are taken in order, and those that are not there are refused', () => {
  const tables = createTables({ ...imperfectPass(1), firstBin: 1, bins: 2 });
  refuses(() => tables.next(0), 'photons/range', /from 1 to 2/);
  tables.next(2);
  refuses(() => tables.next(1), 'photons/range', /bin is 1/);
  refuses(() => tables.next(3), 'photons/range', /bin is 3/);
  refuses(() => createTables({ ...imperfectPass(1), firstBin: 5 }), 'photons/range', /firstBin/);
  refuses(() => createTables({ ...imperfectPass(1), bins: 5 }), 'photons/range', /bins/);
  refuses(() => createTables(imperfectPass(-1)), 'photons/seed', /seed/);
});
