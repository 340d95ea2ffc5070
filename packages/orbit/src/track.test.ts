import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { look } from './look.ts';
import { MICIUS, XINGLONG } from './test/micius.ts';

const NEAREST = 1_482_166_333_784.4;

/** Seconds and kilometres of the digitised figure. */
const track = readFileSync(new URL('../data/micius2017_track.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split(',').map(Number) as [number, number]);

/** Differences, km, when second `offsetS` of the figure is closest approach; every second of it. */
function differences(offsetS: number): number[] {
  return track
    .filter((_, i) => i % 10 === 0)
    .map(([s, km]) => look(MICIUS, XINGLONG, NEAREST + (s - offsetS) * 1000).rangeKm - km);
}
const rms = (values: number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

describe('the published range curve of 2016-12-19', () => {
  it('is that of the dated elements, shifted in time', () => {
    assert.equal(track.length, 2741);
    // As compared before us: second 135.8 at closest approach leaves 9.6 km rms, 23 km at most. Half a digit of the 135.8
    // is 0.2 km.
    const left = differences(135.8);
    assert.ok(Math.abs(rms(left) - 9.6) < 0.25);
    assert.ok(Math.abs(Math.max(...left.map(Math.abs)) - 23) < 0.5);
  });

  it('fits best two seconds later, to 4 km rms', () => {
    let best = 130;
    for (let offsetS = 130; offsetS < 145; offsetS += 0.1) {
      if (rms(differences(offsetS)) < rms(differences(best))) best = offsetS;
    }
    // A regression band, set after the result was seen: it says that nothing broke, not that the figure is right. The
    // band that was asked for is 15 km.
    assert.ok(Math.abs(best - 137.7) < 0.2 && rms(differences(best)) < 5);
  });
});
