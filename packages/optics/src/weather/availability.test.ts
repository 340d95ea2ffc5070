import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { xorshift } from '../test/xorshift.ts';
import { alignSeries, jointAvailability, modelAvailability } from './availability.ts';
import type { Climate } from './climate.ts';
import type { StateSeries } from './measured-series.ts';
import { replayWeather } from './replay.ts';
import { weatherModel } from './weather.ts';

const HOUR = 3_600_000;
const FROM = Date.UTC(2024, 0, 1);
const series = (stationId: string, times: ArrayLike<number>, clear: ArrayLike<number>): StateSeries => ({
  stationId,
  times: Float64Array.from(times),
  clear: Uint8Array.from(clear),
  source: 'made up',
});
const hourly = (stationId: string, length: number, clear: (i: number) => number): StateSeries =>
  series(
    stationId,
    Array.from({ length }, (_, i) => FROM + i * HOUR),
    Array.from({ length }, (_, i) => clear(i)),
  );

describe('alignSeries', () => {
  it('keeps what all have, and counts what it leaves out', () => {
    const aligned = alignSeries([
      series('a', [0, 10, 20, 30], [1, 0, 1, 0]),
      series('b', [10, 15, 30, 40, 50], [1, 1, 0, 1, 1]),
    ]);
    assert.deepEqual([...aligned.times], [10, 30]);
    assert.deepEqual(aligned.clear, [Uint8Array.of(0, 0), Uint8Array.of(1, 0)]);
    assert.deepEqual(aligned.leftOut, [2, 3]);
  });

  it('takes the nearest within a tolerance, each sample once', () => {
    const a = series('a', [0, 1000, 2000, 9000], [1, 1, 1, 1]);
    const b = series('b', [400, 1900, 2200], [1, 0, 1]);
    const aligned = alignSeries([a, b], { toleranceS: 1 });
    assert.deepEqual([...aligned.times], [0, 1000, 2000]);
    assert.deepEqual(aligned.clear[1], Uint8Array.of(1, 0, 1));
    assert.deepEqual(aligned.leftOut, [1, 0]);
  });

  it('refuses series that have nothing in common', () => {
    const a = series('a', [0, 10], [1, 1]);
    assert.throws(() => alignSeries([a, series('b', [5, 15], [1, 1])]), {
      code: 'optics/weather-series',
      message: /series of a, b have no instant in common within 0 s/,
    });
    assert.throws(() => alignSeries([a, a]), { code: 'optics/weather-series', message: /station a has two series/ });
    assert.throws(() => alignSeries([]), { code: 'optics/weather-series' });
    assert.throws(() => alignSeries([a], { toleranceS: -1 }), { code: 'optics/parameter' });
  });
});

describe('joint availability', () => {
  it('counts pairs and k of n, by hand', () => {
    // Eight states of three skies, over and over: every figure is a fraction of eight.
    const states = [0b000, 0b001, 0b011, 0b111, 0b111, 0b110, 0b100, 0b101];
    const stations = ['a', 'b', 'c'].map((id, bit) => hourly(id, 8 * 600, (i) => (states[i % 8]! >> bit) & 1));
    const found = jointAvailability(alignSeries(stations), { uniform: xorshift(31) });
    assert.deepEqual(found.stationIds, ['a', 'b', 'c']);
    assert.deepEqual(
      found.single.map(({ value }) => value),
      [5 / 8, 4 / 8, 5 / 8],
    );
    assert.deepEqual(
      found.pairs.map(({ stationIds, joint }) => [stationIds.join(''), joint.value]),
      [
        ['ab', 3 / 8],
        ['ac', 3 / 8],
        ['bc', 3 / 8],
      ],
    );
    assert.deepEqual(
      found.atLeast.map(({ atLeast, joint }) => [atLeast, joint.value]),
      [
        [1, 7 / 8],
        [2, 5 / 8],
        [3, 2 / 8],
      ],
    );
    const [any, two, all] = found.atLeast;
    const close = (value: number, expected: number) => assert.ok(Math.abs(value - expected) < 1e-12, `${value}`);
    close(found.pairs[0]!.independent, (5 / 8) * (4 / 8));
    close(any!.independent, 1 - (3 / 8) * (4 / 8) * (3 / 8));
    close(all!.independentMean, (5 / 8) * (4 / 8) * (5 / 8));
    close(two!.independent, all!.independent + ((5 * 4 * 3) / 512) * 2 + (5 * 4 * 5) / 512);
    close(two!.difference.value, 5 / 8 - two!.independent);
  });

  it('shows skies that follow and skies that flee each other on either side of independence', () => {
    const uniform = xorshift(32);
    let state = 0;
    const weather = Array.from({ length: 365 * 24 }, () =>
      uniform() < 0.1 ? (state = Number(uniform() < 0.5)) : state,
    );
    const noisy = (flip: number) => (i: number) => (uniform() < 0.1 ? Number(uniform() < 0.5) : weather[i]! ^ flip);
    const a = hourly('a', weather.length, noisy(0));
    const alike = jointAvailability(alignSeries([a, hourly('b', weather.length, noisy(0))]), { uniform });
    const unlike = jointAvailability(alignSeries([a, hourly('b', weather.length, noisy(1))]), { uniform });
    // Both clear: more often than the product, or less; one clear at least: the other way round.
    assert.ok(alike.pairs[0]!.difference.low > 0.1 && unlike.pairs[0]!.difference.high < -0.1);
    assert.ok(alike.atLeast[0]!.difference.high < -0.1 && unlike.atLeast[0]!.difference.low > 0.1);
    const fresh = () => hourly('c', weather.length, () => Number(uniform() < 0.5));
    const apart = jointAvailability(alignSeries([a, fresh()]), { uniform });
    // An interval of 95 % misses one time in twenty; by how little is what counts here.
    const { low, high } = apart.pairs[0]!.difference;
    assert.ok(low < 0.003 && high > -0.003 && high - low < 0.03, `${low} to ${high}`);
  });

  it('does not take a common season for common weather', () => {
    const uniform = xorshift(33);
    const season = (i: number) => (new Date(FROM + i * HOUR).getUTCMonth() < 6 ? 0.9 : 0.1);
    const sky = (id: string) => hourly(id, 366 * 24, (i) => Number(uniform() < season(i)));
    const [pair] = jointAvailability(alignSeries([sky('a'), sky('b')]), { uniform }).pairs;
    assert.ok(Math.abs(pair!.joint.value - pair!.independent) < 0.01);
    assert.ok(pair!.joint.value > pair!.independentMean + 0.1);
  });

  const place = (stationId: string, longitudeDeg: number, clear: number): Climate => ({
    stationId,
    latitudeDeg: 45,
    longitudeDeg,
    clearFraction: Array(12).fill(clear),
    correlationH: 8,
    source: 'made up',
  });
  const model = weatherModel({
    climates: [place('a', 0, 0.5), place('b', 2, 0.6), place('c', 4, 0.4)],
    correlationKm: 300,
    fromMs: FROM,
    toMs: Date.UTC(2026, 0, 1),
    stepH: 1,
  });

  it('is the model’s own for drawn and for played weather, and its intervals hold as often as they say', () => {
    const uniform = xorshift(34);
    const drawn = modelAvailability(model, { uniform, realisations: 40, resamples: 400 });
    const truth = [model.jointClear(0, 1, FROM), model.jointClear(0, 2, FROM), model.jointClear(1, 2, FROM)];
    for (const [i, { joint, independent }] of drawn.pairs.entries()) {
      const error = (joint.high - joint.low) / 3.92;
      assert.ok(error < 0.003 && Math.abs(joint.value - truth[i]!) < 4 * error, `${joint.value} is not ${truth[i]}`);
      assert.ok(joint.value > independent + 4 * error);
    }
    const times = Array.from({ length: 365 * 12 }, (_, i) => FROM + 2 * i * HOUR);
    let [held, apart, asked] = [0, 0, 0];
    const product = [0.5 * 0.6, 0.5 * 0.4, 0.6 * 0.4];
    const bias = new Float64Array(3);
    for (let k = 0; k < 60; k++) {
      const run = model.draw(uniform);
      const played = replayWeather(
        model.stationIds.map((id, station) =>
          series(
            id,
            times,
            times.map((at) => Number(run.clear(station, at))),
          ),
        ),
      );
      const again = played.stationIds.map((id, station) =>
        series(
          id,
          times,
          times.map((at) => Number(played.clear(station, at))),
        ),
      );
      const { pairs } = jointAvailability(alignSeries(again), { uniform, resamples: 300 });
      for (const [i, { joint, difference, independent }] of pairs.entries()) {
        asked++;
        const gain = truth[i]! - product[i]!;
        if (difference.low <= gain && gain <= difference.high) apart++;
        bias[i]! += (independent - product[i]!) / 60;
        assert.ok(Math.abs(difference.value - (joint.value - independent)) < 1e-12);
        if (joint.low <= truth[i]! && truth[i]! <= joint.high) held++;
      }
    }
    assert.ok(held / asked > 0.88 && held / asked < 0.995, `${held} of ${asked}`);
    // The means of a month hold what the two skies had in common in it: uncorrected, dependence looks smaller than it is.
    assert.ok(apart / asked > 0.85 && apart / asked < 0.995, `${apart} of ${asked}`);
    for (const off of bias) assert.ok(Math.abs(off) < 0.006, `${[...bias]}`);
  });

  it('is the same for a seed, and refuses too little to say anything', () => {
    const a = hourly('a', 24 * 90, (i) => Number(i % 50 < 20));
    const b = hourly('b', 24 * 90, (i) => Number(i % 31 < 20));
    const once = jointAvailability(alignSeries([a, b]), { uniform: xorshift(35) });
    assert.deepEqual(jointAvailability(alignSeries([a, b]), { uniform: xorshift(35) }), once);
    assert.equal(once.confidence, 0.95);
    const uniform = xorshift(36);
    assert.throws(() => jointAvailability(alignSeries([hourly('a', 120, () => 1)]), { uniform }), {
      code: 'optics/weather-series',
      message: /series of a have \d blocks of 120 h in common; ten are the least/,
    });
    for (const bad of [{ confidence: 1 }, { confidence: 0 }, { resamples: 5 }, { blockH: 0 }]) {
      assert.throws(() => jointAvailability(alignSeries([a, b]), { uniform, ...bad }), { code: 'optics/parameter' });
    }
    assert.throws(() => modelAvailability(model, { uniform, realisations: 1 }), { code: 'optics/parameter' });
  });
});
