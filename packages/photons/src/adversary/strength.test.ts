import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PhotonsError } from '../error.ts';
import type { Attack } from './adversary.ts';
import { beamSplitting } from './beam-splitting.ts';
import { breidbart } from './breidbart.ts';
import { intensity, laserSeeding } from './intensity.ts';
import {
  interceptResend,
  interceptResendBasis,
  interceptResendBursts,
  interceptResendKeyBasis,
} from './intercept-resend.ts';
import { laserDamage } from './laser-damage.ts';
import { photonNumberSplitting } from './photon-number-splitting.ts';
import { sourceTiming, sourceTimingStates } from './source-timing.ts';
import { classDiscrimination, unambiguousDiscrimination } from './state-discrimination.ts';
import { actsIn } from './strength.ts';
import { faintTrojanHorse, trojanHorse } from './trojan-horse.ts';

const all: readonly Attack[] = [
  beamSplitting,
  breidbart,
  classDiscrimination,
  faintTrojanHorse,
  intensity,
  interceptResend,
  interceptResendBasis,
  interceptResendBursts,
  interceptResendKeyBasis,
  laserDamage,
  laserSeeding,
  photonNumberSplitting,
  sourceTiming,
  sourceTimingStates,
  trojanHorse,
  unambiguousDiscrimination,
];

test('a strength beside the scale is refused with name, value, range and meaning, for every attack', () => {
  for (const { name, strength, create } of all) {
    for (const value of [strength.low - 1e-9, strength.high * 1.0001, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(
        () => create(value),
        (error: unknown) =>
          error instanceof PhotonsError &&
          error.code === 'photons/strength' &&
          error.message.startsWith(
            `strength of ${name} is ${value}; it must be from ${strength.low} to ${strength.high}`,
          ) &&
          error.message.endsWith(`(${strength.meaning})`),
      );
    }
    for (const value of [strength.low, strength.usual, strength.high]) assert.equal(create(value).name, name);
  }
  assert.throws(() => sourceTiming.create(400), {
    message:
      'strength of source-timing is 400; it must be from 0 to 300 ps (distance in time between the diodes that are furthest apart)',
  });
});

test('what cannot be seen is expected to look clean, and rests on an assumption or on the decoy bound alone', () => {
  for (const { visibility, expected, assumption, name } of all) {
    assert.equal(visibility === 'D3', expected === 'clean', name);
    if (visibility === 'D2') assert.notEqual(assumption, null, name);
  }
});

test('she acts in bins that begin in her time', () => {
  const time = { fromS: 1.5, toS: 3 };
  assert.deepEqual(
    [0, 1, 1.5, 2, 2.9, 3].map((startS) => actsIn({ startS }, time)),
    [false, false, true, true, true, false],
  );
  assert.ok(actsIn({ startS: 7 }, undefined));
});
