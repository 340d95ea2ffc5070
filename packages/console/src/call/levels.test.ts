import assert from 'node:assert/strict';
import { it } from 'node:test';
import { loudness } from './levels.ts';

const tone = (amplitude: number) => Float32Array.from({ length: 1024 }, (_, n) => amplitude * Math.sin(n / 5));

it('a meter rises with the decibels, from silence to too loud', () => {
  assert.equal(loudness(new Float32Array(1024)), 0);
  assert.equal(loudness([]), 0);
  assert.equal(loudness(tone(1)), 1);
  const [soft, loud] = [loudness(tone(0.01)), loudness(tone(0.1))];
  // Ten times the amplitude is 20 dB: the same step anywhere on the scale.
  assert.ok(Math.abs(loud - soft - 20 / 54) < 0.01);
  assert.equal(loudness(tone(0.0001)), 0);
});
