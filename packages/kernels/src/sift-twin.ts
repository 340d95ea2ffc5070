import { type Bits, get, pack } from '@skykey/bits';
import { checkLengths } from './column.ts';
import { packedBytes } from './packing.ts';
import { unpackColumn } from './packing-twin.ts';
import { type Intensities, refuseIntensity, type Sifted, type Triple } from './sift.ts';

/** The twin of `sift.ts` in plain TypeScript, detection by detection. */

/** As `sift` of `sift.ts`. */
export function sift(own: Uint8Array, aliceBasis: Bits, bobBasis: Bits, intensity: Intensities): Sifted {
  checkLengths(own.length, { aliceBasis, bobBasis, intensity });
  checkLengths(packedBytes(own.length, 2), { 'intensity.packed': intensity.packed });
  const { values } = unpackColumn(intensity.packed, intensity.length, 2);
  if (values.some((k) => k > 2)) refuseIntensity(values);
  const keyDetections: Triple = [0, 0, 0];
  const testDetections: Triple = [0, 0, 0];
  const key: number[] = [];
  const test: number[] = [];
  const testIntensity: number[] = [];
  for (let i = 0; i < own.length; i++) {
    const basis = get(aliceBasis, i);
    const k = values[i] as 0 | 1 | 2;
    if (basis !== get(bobBasis, i)) continue;
    if (basis) {
      testDetections[k]++;
      test.push(own[i]! & 1);
      testIntensity.push(k);
    } else {
      keyDetections[k]++;
      key.push(own[i]! & 1);
    }
  }
  return {
    keyDetections,
    testDetections,
    key: pack(key),
    test: pack(test),
    testIntensity: Uint8Array.from(testIntensity),
  };
}

/** As `countErrors` of `sift.ts`. */
export function countErrors(alice: Bits, bob: Bits, intensity: Uint8Array): Triple {
  checkLengths(intensity.length, { alice, bob });
  if (intensity.some((k) => k > 2)) refuseIntensity(intensity);
  const errors: Triple = [0, 0, 0];
  for (let i = 0; i < intensity.length; i++) errors[intensity[i] as 0 | 1 | 2] += get(alice, i) ^ get(bob, i);
  return errors;
}
