import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { look, sun } from '@skykey/orbit';
import fc from 'fast-check';
import { BIN_S, type Scenario } from './scenario.ts';
import { MICIUS, read } from './test/micius.ts';
import { backgroundAt, linkTrace, type ScenarioPass, scenarioPasses } from './trace.ts';

const BIN_MS = BIN_S * 1000;
const mission = (scenario: Scenario): { fromMs: number; toMs: number } => ({
  fromMs: Date.parse(scenario.document.clock.startUtc),
  toMs: Date.parse(scenario.document.clock.endUtc),
});
const ALL = scenarioPasses(MICIUS, mission(MICIUS));
const USEFUL = ALL.filter(({ window }) => window);
const PUBLISHED = ALL.find(({ passId }) => passId === 'micius-beijing-20161219t165214z')!;
const lengthS = ({ window }: ScenarioPass): number => (window!.endMs - window!.startMs) / 1000;

describe('scenarioPasses', () => {
  it('has the published pass: 272 to 274 s within 1200 km of Xinglong, on 19 December 2016', () => {
    assert.ok(lengthS(PUBLISHED) >= 272 && lengthS(PUBLISHED) <= 274, `${lengthS(PUBLISHED)} s`);
    assert.ok(Math.abs(PUBLISHED.pass.minRangeKm - 645.5) < 0.1);
    const { startMs, endMs } = PUBLISHED.window!;
    const rangeAt = (utcMs: number): number =>
      look(MICIUS.satellite.elements, PUBLISHED.station.station, utcMs).rangeKm;
    for (const inside of [startMs, endMs]) assert.ok(rangeAt(inside) <= 1200);
    for (const outside of [startMs - BIN_MS, endMs + BIN_MS]) assert.ok(rangeAt(outside) > 1200);
  });

  it('is the first of the mission for Xinglong, and the whole night of the demonstration follows', () => {
    assert.equal(USEFUL[0], PUBLISHED);
    assert.equal(USEFUL[1]!.passId, 'micius-moscow-20161219t213220z');
    assert.ok(USEFUL.length > 20);
  });

  it('gives every pass an id of its own, in which an operator can read link and time', () => {
    assert.equal(new Set(ALL.map(({ passId }) => passId)).size, ALL.length);
    for (const { passId, pass } of ALL) {
      const [, day, time] = /^micius-(?:beijing|moscow)-(\d{8})t(\d{6})z$/.exec(passId)!;
      assert.equal(
        new Date(Math.round(pass.tcaMs / 1000) * 1000).toISOString().replace(/\D/g, '').slice(0, 14),
        day! + time!,
      );
    }
  });

  it('comes in order of time and knows the pass whichever interval asks', () => {
    for (const [i, { pass }] of ALL.entries()) assert.ok(i === 0 || ALL[i - 1]!.pass.aosMs <= pass.aosMs);
    const [again] = scenarioPasses(MICIUS, {
      fromMs: PUBLISHED.pass.tcaMs,
      toMs: PUBLISHED.pass.tcaMs + 1,
      stationId: 'xinglong',
    });
    assert.deepEqual(again, PUBLISHED);
  });

  it('asks one station only, when told so', () => {
    const moscow = scenarioPasses(MICIUS, { ...mission(MICIUS), stationId: 'zvenigorod' });
    assert.deepEqual(
      moscow,
      ALL.filter(({ station }) => station.id === 'zvenigorod'),
    );
  });
});

describe('the window of a pass', () => {
  it('lies on whole bins, in the pass, within range and elevation', () => {
    for (const { station, pass, window } of USEFUL) {
      const { startMs, endMs } = window!;
      assert.ok(startMs % BIN_MS === 0 && endMs % BIN_MS === 0 && endMs - startMs >= 1000);
      assert.ok(pass.aosMs <= startMs && endMs <= pass.losMs);
      for (const utcMs of [startMs, pass.tcaMs, endMs]) {
        const { rangeKm, elevationDeg } = look(MICIUS.satellite.elements, station.station, utcMs);
        assert.ok(rangeKm <= station.window.maxRangeKm && elevationDeg >= station.window.minElevationDeg);
      }
    }
  });

  it('never opens by daylight, and every dark pass near enough has one', () => {
    let light = 0;
    for (const { station, pass, window } of ALL) {
      const dark = [pass.aosMs, pass.losMs].every(
        (utcMs) => sun(station.station, utcMs).elevationDeg < station.window.sunBelowDeg,
      );
      if (window) {
        for (let utcMs = window.startMs; utcMs <= window.endMs; utcMs += 10_000) {
          assert.ok(sun(station.station, utcMs).elevationDeg < -18);
        }
      } else if (dark) assert.ok(pass.minRangeKm > 1190 || pass.maxElevationDeg < 15.5);
      else light++;
    }
    assert.ok(light > 10, 'the mission must have daylight passes for this to say anything');
  });

  it('opens by daylight when the scenario allows the Sun', () => {
    const scenario = read(({ stations }) => {
      for (const station of stations) station.window.sunBelowDeg.value = 90;
    });
    const daylight = scenarioPasses(scenario, mission(scenario)).filter(
      ({ station, window }) => window && sun(station.station, window.startMs).elevationDeg > 0,
    );
    assert.ok(daylight.length > 10);
  });

  it('does not depend on how passes are listed', () => {
    for (const minElevationDeg of [0, 10, 25, 40]) {
      const listed = scenarioPasses(MICIUS, { ...mission(MICIUS), minElevationDeg });
      const common = USEFUL.filter(({ pass }) => pass.maxElevationDeg > minElevationDeg);
      assert.ok(common.length > 0);
      for (const { passId, window } of common) {
        assert.deepEqual(listed.find((pass) => pass.passId === passId)?.window, window);
      }
    }
  });

  it('ends where the satellite sinks below the least elevation of the station', () => {
    const scenario = read(({ stations }) => {
      stations[0].window.minElevationDeg.value = 30;
    });
    const { station, window } = scenarioPasses(scenario, mission(scenario)).find(
      ({ passId }) => passId === PUBLISHED.passId,
    )!;
    const elevationAt = (utcMs: number): number =>
      look(scenario.satellite.elements, station.station, utcMs).elevationDeg;
    assert.ok(elevationAt(window!.startMs) >= 30 && elevationAt(window!.startMs - BIN_MS) < 30);
    assert.ok(elevationAt(window!.endMs) >= 30 && elevationAt(window!.endMs + BIN_MS) < 30);
  });

  it('lies inside the listed pass also where the station looks lower than ten degrees', () => {
    const scenario = read(({ stations }) => {
      stations[1].window.minElevationDeg.value = 2;
      stations[1].window.maxRangeKm.value = 2500;
    });
    const moscow = scenarioPasses(scenario, { ...mission(scenario), stationId: 'zvenigorod' });
    assert.ok(moscow.some(({ pass, window }) => window && pass.maxElevationDeg < 10));
    for (const { pass, window } of moscow) {
      if (window) assert.ok(pass.aosMs <= window.startMs && window.endMs <= pass.losMs);
    }
  });

  it('is refused where the satellite comes nearer than anybody measured', () => {
    const scenario = read(({ stations }) => {
      stations[0].channel.nearer.value = 'refuse';
    });
    const passes = scenarioPasses(scenario, { ...mission(scenario), stationId: 'xinglong' });
    const useful = passes.filter(({ window }) => window);
    assert.ok(useful.length > 0 && useful.length < USEFUL.filter(({ station }) => station.id === 'xinglong').length);
    for (const { pass } of useful) assert.ok(pass.minRangeKm >= 645);
    assert.equal(useful[0]!.passId, PUBLISHED.passId);
  });
});

describe('linkTrace', () => {
  const moscow = USEFUL.find(({ passId }) => passId === 'micius-moscow-20161219t213220z')!;

  it('has a bin for each tenth of a second and values that the photon engine accepts', () => {
    for (const pass of [PUBLISHED, moscow]) {
      const trace = linkTrace(MICIUS, pass);
      assert.equal(trace.binS, BIN_S);
      assert.equal(trace.channelTransmittance.length, Math.round(lengthS(pass) / BIN_S));
      assert.equal(trace.noisePerGate.length, trace.channelTransmittance.length);
      assert.equal(trace.receiverTransmittance, 0.5);
      assert.ok(trace.channelTransmittance.every((value) => value > 0 && value < 1));
      assert.ok(trace.noisePerGate.every((value) => value > 0 && value < 1e-4));
    }
  });

  it('is the loss of the channel where the satellite stands in the middle of each bin', () => {
    const { channelTransmittance } = linkTrace(MICIUS, PUBLISHED);
    const { station, window } = PUBLISHED;
    fc.assert(
      fc.property(fc.nat(channelTransmittance.length - 1), (bin) => {
        const at = look(MICIUS.satellite.elements, station.station, window!.startMs + (bin + 0.5) * BIN_MS);
        assert.equal(channelTransmittance[bin], station.channel.loss(at).transmittance);
      }),
      { seed: 4, numRuns: 50 },
    );
  });

  it('rises to the closest approach and falls from there, in a model of clear air', () => {
    const { channelTransmittance } = linkTrace(MICIUS, moscow);
    const closest = (moscow.pass.tcaMs - moscow.window!.startMs) / BIN_MS;
    for (let bin = 1; bin < channelTransmittance.length; bin++) {
      const rises = channelTransmittance[bin]! > channelTransmittance[bin - 1]!;
      // Elevation peaks some seconds beside the closest approach: between the two either may win.
      if (Math.abs(bin - closest) > 3 / BIN_S) assert.equal(rises, bin < closest, `bin ${bin}`);
    }
  });

  it('rises strictly while the satellite is nearer than the measured curve, up to the closest approach', () => {
    const near = USEFUL.find(({ passId }) => passId === 'micius-beijing-20161220t163048z')!;
    const { channelTransmittance } = linkTrace(MICIUS, near);
    const rangeOf = (bin: number): number =>
      look(MICIUS.satellite.elements, near.station.station, near.window!.startMs + (bin + 0.5) * BIN_MS).rangeKm;
    let compared = 0;
    for (let bin = 1; bin < channelTransmittance.length; bin++) {
      const [before, now] = [rangeOf(bin - 1), rangeOf(bin)];
      if (before >= 645 || now >= 645) continue;
      assert.equal(channelTransmittance[bin]! > channelTransmittance[bin - 1]!, now < before);
      compared++;
    }
    assert.ok(compared > 500);
  });

  it('draws the noise straight from one end of the window to the other', () => {
    const { noisePerGate } = linkTrace(MICIUS, PUBLISHED);
    const { station, window } = PUBLISHED;
    const ends = [backgroundAt(MICIUS, station, window!.startMs), backgroundAt(MICIUS, station, window!.endMs)];
    const sign = Math.sign(ends[1]! - ends[0]!);
    for (let bin = 1; bin < noisePerGate.length; bin++) {
      assert.equal(Math.sign(noisePerGate[bin]! - noisePerGate[bin - 1]!), sign);
    }
    // A detector sees a quarter of the background and its own dark counts, through a gate of 2 ns.
    const middle = ((ends[0]! + ends[1]!) / 2 / 4 + 25) * 2e-9;
    const half = noisePerGate.length / 2;
    assert.ok(Math.abs((noisePerGate[half - 1]! + noisePerGate[half]!) / 2 / middle - 1) < 1e-9);
  });

  it('has more noise under a bright sky', () => {
    const noon = Date.parse('2016-12-20T04:00:00Z');
    const { station } = PUBLISHED;
    assert.ok(backgroundAt(MICIUS, station, noon) > 1000 * backgroundAt(MICIUS, station, PUBLISHED.window!.startMs));
  });

  it('refuses a pass without a window and says what may be the reason', () => {
    const without = ALL.find(({ window }) => !window)!;
    assert.throws(() => linkTrace(MICIUS, without), {
      code: 'scenario/no-window',
      message: new RegExp(
        `^the pass ${without.passId} has no quantum window: the satellite stays farther than 1200 km, lower than 1[05]°`,
      ),
    });
  });
});
