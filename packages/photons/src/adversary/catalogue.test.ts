import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Receiver, Source } from '../link.ts';
import { createTables } from '../sampler/table.ts';
import { flawedDetectors, flawedInput, flawedReceiver, flawedSource } from '../test/flawed-link.ts';
import type { Attack } from './adversary.ts';
import { attackNamed, attacks } from './catalogue.ts';

test('every attack that Skykey promises to play is there', () => {
  const promised = [
    'none',
    'intercept-resend',
    'intercept-resend-bursts',
    'intercept-resend-basis',
    'intercept-resend-key-basis',
    'breidbart',
    'pns',
    'beam-splitting',
    'unambiguous-discrimination',
    'class-discrimination',
    'source-timing',
    'source-timing-states',
    'trojan-horse',
    'trojan-horse-faint',
    'intensity',
    'laser-seeding',
    'laser-damage',
    'blinding',
    'after-gate',
    'energy-time',
    'dead-time',
    'time-shift',
    'time-shift-two-sided',
    'spatial-mode',
    'wavelength',
    'calibration',
    'back-flash',
    'jamming',
    'dazzling',
    'false-beacon',
    'false-time',
    'false-time-ramp',
    'dead-detector',
    'hot-detector',
    'misalignment',
    'after-pulse-fault',
    'laser-diode-fault',
  ];
  assert.deepEqual(attacks.map(({ name }) => name).toSorted(), promised.toSorted());
  for (const name of promised) assert.equal(attackNamed(name).name, name);
});

test('names are there once, and an unknown one is answered with those that there are', () => {
  const names = attacks.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.throws(() => attackNamed('teleport'), { code: 'photons/attack', message: /"teleport".*blinding.*jamming/ });
});

test('every entry is whole: class and verdict agree, the scale holds its usual strength, words are there', () => {
  for (const attack of attacks) {
    const { name, kind, visibility, expected, assumption, strength, reference, description } = attack;
    assert.ok(strength.low <= strength.usual && strength.usual <= strength.high, name);
    assert.ok(description !== '' && strength.meaning !== '', name);
    assert.ok(kind === 'none' || reference !== '', name);
    if (kind === 'none') assert.deepEqual([visibility, expected, assumption], [null, 'clean', null]);
    else if (kind === 'fault') assert.deepEqual([visibility, expected], ['D1', 'fault']);
    else {
      // What nobody can see has no alarm; what can be seen has one, and it is no fault.
      assert.equal(visibility === 'D3', expected === 'clean', name);
      assert.notEqual(expected, 'fault', name);
    }
    // A monitor is what makes an attack of class D2 visible, and the key rests on it.
    if (visibility === 'D2') assert.notEqual(assumption, null, name);
  }
});

test('strengths outside the scale are refused with name, value, range and meaning; its ends are not', () => {
  for (const attack of attacks) {
    const { name, strength } = attack;
    for (const value of [strength.low - 1, strength.high + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(
        () => attack.create(value),
        (error: Error & { code?: string }) =>
          error.code === 'photons/strength' &&
          error.message.includes(name) &&
          error.message.includes(`${value}`) &&
          error.message.includes(strength.meaning),
        name,
      );
    }
    for (const value of [strength.low, strength.usual, strength.high]) attack.create(value);
  }
});

const share = fc.double({ min: 0, max: 1, noNaN: true });

/** Links of every sort: bright and dark, biased, passive and active, with and without what detectors do. */
const link = fc.record({
  channel: fc.double({ min: -6, max: 0, noNaN: true }).map((x) => 10 ** x),
  receiverTransmittance: fc.double({ min: 1e-3, max: 0.9, noNaN: true }),
  source: fc.record({
    basisXProbability: fc.double({ min: 0.05, max: 0.95, noNaN: true }),
    flaws: fc.constantFrom<Source['flaws']>(
      undefined,
      { polarisationLeakage: 1e-3, pulseWidthPs: 50 },
      { fluctuation: 0.02, leakage: 1e-4, diodeOffsetPs: [5, -5, 3, 0, 2, 1, -4, 6, 0, 0, 1, -1], pulseWidthPs: 80 },
    ),
  }),
  receiver: fc.record({
    basisXProbability: fc.double({ min: 0.05, max: 0.95, noNaN: true }),
    misalignment: fc.double({ min: 0, max: 0.1, noNaN: true }),
    flaws: fc.constantFrom<Receiver['flaws']>(
      undefined,
      { detectors: flawedDetectors },
      { detectors: flawedDetectors, basisChoice: 'active' },
      {
        detectors: flawedDetectors,
        splitter: [
          [750, 0.97],
          [950, 0.02],
        ],
        filter: { centreNm: 850, widthNm: 2, outside: 1e-4 },
      },
    ),
  }),
});

test('on any link at any strength branches are whole and the ledger can be (checked by the tables)', () => {
  const some = fc.constantFrom<Attack>(...attacks);
  fc.assert(
    fc.property(
      some,
      share,
      link,
      fc.boolean(),
      (attack, place, { channel, receiverTransmittance, source, receiver }, late) => {
        const { low, high } = attack.strength;
        const adversary = attack.create(low + place * (high - low), late ? { fromS: 0.5, toS: 1 } : undefined);
        const input = flawedInput([adversary], {
          source: { ...flawedSource, ...(source as Partial<Source>) },
          receiver: { ...flawedReceiver, ...(receiver as Partial<Receiver>) },
          trace: { channelTransmittance: new Float64Array(2).fill(channel), receiverTransmittance },
        });
        const tables = createTables(input);
        for (const bin of [0, 1]) {
          const { branches, responses, click, noiseHz } = tables.next(bin);
          let sum = 0;
          for (let b = 0; b < branches.count; b++) sum += branches.probability[b]!;
          assert.ok(Math.abs(sum - 1) < 1e-9, `${attack.name}: probabilities sum to ${sum}`);
          assert.ok(click >= 0 && click <= 1);
          for (let i = 0; i < responses.count * 4; i++) assert.ok(responses.share[i]! >= 0 && responses.share[i]! <= 1);
          for (const hz of noiseHz) assert.ok(hz >= 0);
        }
      },
    ),
    { numRuns: 400, seed: 4 },
  );
});

test('an attack that is played twice does the same, and nobody touches a pulse outside the time of the attack', () => {
  for (const attack of attacks) {
    const { usual } = attack.strength;
    const play = (): Float64Array => {
      const { responses } = createTables(flawedInput([attack.create(usual)])).next(0);
      return responses.probability.slice(0, responses.count);
    };
    assert.deepEqual(play(), play(), attack.name);
    // A source that is flawed is so at all times: only what somebody does is compared.
    const { branches, conditions } = createTables(flawedInput([attack.create(usual, { fromS: 100, toS: 200 })])).next(
      0,
    );
    assert.ok(
      branches.attacked.subarray(0, branches.count).every((one) => one === 0),
      attack.name,
    );
    assert.equal(conditions.blindedShare, 0);
    assert.equal(conditions.backFlashCaught, false);
  }
});
