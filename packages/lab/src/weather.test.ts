import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BinConditions, honestConditions, seededRandom } from '@skykey/photons';
import { normals, passSeed, wandering } from './random.ts';
import { miciusLink } from './test/micius.ts';
import { assumedWeather, weatherOf } from './weather.ts';

const link = miciusLink();
const bins = link.trace.channelTransmittance.length;

/** Conditions of all bins of a pass under the weather of a seed. */
function conditionsOf(seed: number): BinConditions[] {
  const { disturbances } = weatherOf(link, seed);
  const random = seededRandom(0);
  return Array.from({ length: bins }, (_, bin) => {
    const conditions = honestConditions(
      {
        source: link.source,
        receiver: link.receiver,
        channelTransmittance: 1,
        receiverTransmittance: 1,
        noiseHz: [0, 0, 0, 0],
      },
      { bin, startS: bin * 0.5, durationS: 0.5 },
    );
    for (const one of disturbances) {
      one.source?.(conditions, random);
      one.channel?.(conditions, random);
      one.receiverFront?.(conditions, random);
      one.detector?.(conditions, random);
      one.clock?.(conditions, random);
    }
    return conditions;
  });
}

const passes = Array.from({ length: 300 }, (_, pass) => conditionsOf(passSeed(1, 'weather-test', pass, 'weather')));
const rms = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
const each = (value: (conditions: BinConditions) => number): number[] => passes.flatMap((pass) => pass.map(value));

describe('the weather of clean passes', () => {
  it('is the same for a seed and another for another', () => {
    assert.deepEqual(conditionsOf(7), conditionsOf(7));
    assert.notDeepEqual(conditionsOf(7), conditionsOf(8));
  });

  it('drifts by as much as it declares', () => {
    const degrees = (rad: number): number => (rad * 180) / Math.PI;
    const near = (value: number, declared: number): void =>
      assert.ok(Math.abs(value / declared - 1) < 0.1, `${value} for ${declared}`);
    near(rms(each(({ frameRad }) => degrees(frameRad))), 1);
    near(rms(each(({ arrivalShiftPs }) => arrivalShiftPs)), 10);
    near(rms(each(({ efficiencyScale }) => efficiencyScale[2]! - 1)), 0.01);
    near(rms(each(({ monitors }) => monitors.sourcePowerRatio - 1)), 0.005);
    near(rms(each(({ intensityScale, monitors }) => intensityScale[1]! / monitors.sourcePowerRatio - 1)), 0.002);
    near(rms(each(({ channelTransmittance, monitors }) => channelTransmittance / monitors.beaconPowerRatio - 1)), 0.02);
  });

  it('has clouds in some passes, and closed ones', () => {
    const thinnest = passes.map((pass) => Math.min(...pass.map(({ monitors }) => monitors.beaconPowerRatio)));
    const cloudy = thinnest.filter((ratio) => ratio < 0.8).length / passes.length;
    assert.ok(cloudy > 0.2 && cloudy < 0.35, `${cloudy}`);
    assert.ok(thinnest.some((ratio) => ratio < 1e-4));
  });

  it('has moonlight over two decades', () => {
    const sky = passes.map((pass) => pass[0]!.monitors.outOfBandHz / link.skyHz[0]!);
    const decades = sky.map((ratio) => Math.log10(ratio));
    assert.ok(Math.min(...decades) > -0.3 && Math.max(...decades) < 2.3);
    const lower = decades.filter((x) => x < 1).length / passes.length;
    assert.ok(Math.abs(lower - 0.5) < 0.12);
    for (const pass of passes.slice(0, 20)) {
      for (const d of [0, 1, 2, 3]) assert.ok(pass[0]!.noiseHz[d]! > link.darkHz / 3);
    }
  });

  it('names a reason for every magnitude', () => {
    for (const { what, value, why } of assumedWeather) assert.ok(what && value && why);
  });
});

describe('a wandering magnitude', () => {
  it('has the correlation of its time', () => {
    const path = wandering(normals(seededRandom(5)), { sd: 2, timeS: 3 }, { bins: 40_000, binS: 0.5 });
    const product = (lag: number): number => {
      let sum = 0;
      for (let i = lag; i < path.length; i++) sum += path[i]! * path[i - lag]!;
      return sum / (path.length - lag);
    };
    assert.ok(Math.abs(product(0) - 4) < 0.3);
    assert.ok(Math.abs(product(6) / product(0) - Math.exp(-1)) < 0.05);
  });
});

describe('the seed of a pass', () => {
  it('is another for every pass, series and purpose', () => {
    const seeds = new Set<number>();
    for (const series of ['none', 'pns', 'training']) {
      for (const purpose of ['photons', 'weather', 'onset'] as const) {
        for (let pass = 0; pass < 200; pass++) seeds.add(passSeed(1, series, pass, purpose));
      }
    }
    assert.equal(seeds.size, 3 * 3 * 200);
    assert.ok([...seeds].every((seed) => Number.isSafeInteger(seed) && seed >= 0));
  });
});
