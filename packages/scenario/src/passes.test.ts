import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jointPasses, look, separationDeg, sun } from '@skykey/orbit';
import type { Window } from './dark.ts';
import { jointScenarioPasses, type ScenarioPass, scenarioPasses } from './passes.ts';
import { BIN_S } from './terminal.ts';
import { ALL, assumed, type Change, MICIUS, mission, PUBLISHED, read, TARGET, USEFUL } from './test/micius.ts';
import { linkTrace } from './trace.ts';

const BIN_MS = BIN_S * 1000;
const lengthS = ({ window }: ScenarioPass): number => (window!.endMs - window!.startMs) / 1000;

describe('scenarioPasses', () => {
  it('has the published pass: 272 to 274 s within 1200 km of Xinglong, on 19 December 2016', () => {
    assert.ok(lengthS(PUBLISHED) >= 272 && lengthS(PUBLISHED) <= 274, `${lengthS(PUBLISHED)} s`);
    assert.ok(Math.abs(PUBLISHED.pass.minRangeKm - 645.5) < 0.1);
    const { startMs, endMs } = PUBLISHED.window!;
    const rangeAt = (utcMs: number): number => look(TARGET, PUBLISHED.link.station.station, utcMs).rangeKm;
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
      ALL.filter(({ link }) => link.station.id === 'zvenigorod'),
    );
  });
});

describe('the window of a pass', () => {
  it('lies on whole bins, in the pass, within range and elevation', () => {
    for (const { link, pass, window } of USEFUL) {
      const { startMs, endMs } = window!;
      assert.ok(startMs % BIN_MS === 0 && endMs % BIN_MS === 0 && endMs - startMs >= 1000);
      assert.ok(pass.aosMs <= startMs && endMs <= pass.losMs);
      for (const utcMs of [startMs, pass.tcaMs, endMs]) {
        const { rangeKm, elevationDeg } = look(TARGET, link.station.station, utcMs);
        const { maxRangeKm, minElevationDeg } = link.station.window;
        assert.ok(rangeKm <= maxRangeKm && elevationDeg >= minElevationDeg);
      }
    }
  });

  it('never opens by daylight, and every dark pass near enough has one', () => {
    let light = 0;
    for (const {
      link: { station },
      pass,
      window,
    } of ALL) {
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
      for (const station of stations) {
        station.window.sunBelowDeg.value = 90;
        station.window.sunAvoidanceDeg = assumed(10);
      }
    });
    const daylight = scenarioPasses(scenario, mission(scenario)).filter(
      ({ link, window }) => window && sun(link.station.station, window.startMs).elevationDeg > 0,
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
    const { link, window } = scenarioPasses(scenario, mission(scenario)).find(
      ({ passId }) => passId === PUBLISHED.passId,
    )!;
    const elevationAt = (utcMs: number): number =>
      look(scenario.satellites[0]!.target, link.station.station, utcMs).elevationDeg;
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
      stations[0].measured.nearer.value = 'refuse';
    });
    const passes = scenarioPasses(scenario, { ...mission(scenario), stationId: 'xinglong' });
    const useful = passes.filter(({ window }) => window);
    assert.ok(useful.length > 0 && useful.length < USEFUL.filter(({ link }) => link.station.id === 'xinglong').length);
    for (const { pass } of useful) assert.ok(pass.minRangeKm >= 645);
    assert.equal(useful[0]!.passId, PUBLISHED.passId);
  });

  it('is there where the satellite comes nearer than anybody measured only outside of it', () => {
    const scenario = read(({ stations }) => {
      stations[0].measured.nearer.value = 'refuse';
      // By day near the closest approach of some passes, and no window then.
      stations[0].window.sunBelowDeg.value = 90;
      stations[0].window.sunAvoidanceDeg = assumed(90);
    });
    const passes = scenarioPasses(scenario, { ...mission(scenario), stationId: 'xinglong' });
    const near = passes.filter(({ pass, window }) => window && pass.minRangeKm < 640);
    assert.ok(near.length > 0);
    for (const { link, windows } of near) {
      for (const { startMs, endMs } of windows) {
        for (let utcMs = startMs; utcMs <= endMs; utcMs += 1000) {
          assert.ok(link.channel.covers(look(TARGET, link.station.station, utcMs)));
        }
      }
    }
  });

  it('comes twice in a stay of an orbit that is far from round and near enough twice', () => {
    const scenario = read((document) => {
      geostationary(document);
      document.satellites[0].orbit = {
        kind: 'keplerian',
        epochUtc: assumed('2026-01-01T00:00:00Z'),
        semiMajorAxisKm: assumed(26_560),
        eccentricity: assumed(0.69),
        inclinationDeg: assumed(63.4),
        ascendingNodeDeg: assumed(330),
        argumentOfPerigeeDeg: assumed(270),
        meanAnomalyDeg: assumed(0),
      };
      document.stations[0].window.maxRangeKm.value = 25_000;
      document.stations[0].window.sunBelowDeg.value = 90;
      document.stations[0].window.sunAvoidanceDeg = assumed(1);
    });
    const fromMs = Date.parse('2026-01-01T00:00:00Z');
    const passes = scenarioPasses(scenario, { fromMs, toMs: fromMs + 2 * 86_400_000 });
    assert.ok(passes.some(({ windows }) => windows.length === 2));
    for (const { link, pass, windows } of passes) {
      const at = (utcMs: number) => look(link.satellite.target, link.station.station, utcMs);
      for (let utcMs = pass.aosMs; utcMs < pass.losMs; utcMs += 60_000) {
        const { rangeKm, elevationDeg } = at(utcMs);
        if (Math.abs(rangeKm - 25_000) < 1 || elevationDeg < 15.1) continue;
        const inside = windows.some(({ startMs, endMs }) => startMs <= utcMs && utcMs <= endMs);
        assert.equal(inside, rangeKm < 25_000, new Date(utcMs).toISOString());
      }
    }
  });
});

const geostationary: Change = (scenario) => {
  scenario.satellites[0].orbit = {
    kind: 'geostationary',
    epochUtc: assumed('2026-03-01T00:00:00Z'),
    longitudeDeg: assumed(100),
  };
  scenario.stations = [scenario.stations[0]];
  scenario.stations[0].window.maxRangeKm.value = 45_000;
  delete scenario.stations[0].measured;
  delete scenario.stations[0].siteId;
  delete scenario.live;
};

describe('a stay of days', () => {
  const scenario = read(geostationary);
  const fromMs = Date.parse('2026-03-01T06:00:00Z');
  const toMs = fromMs + 3 * 86_400_000;
  const [stay, ...others] = scenarioPasses(scenario, { fromMs, toMs });

  it('is one pass, cut by the interval, which its id says', () => {
    assert.equal(others.length, 0);
    assert.deepEqual(stay!.pass.clipped, { start: true, end: true });
    assert.equal(stay!.passId, 'micius-xinglong-20260301t060000z-20260304t060000z');
  });

  it('has a window a night, from dusk to dawn', () => {
    const { windows, link } = stay!;
    assert.equal(windows.length, 3);
    assert.equal(stay!.window, windows[0]);
    const elevation = (utcMs: number): number => sun(link.station.station, utcMs).elevationDeg;
    for (const { startMs, endMs } of windows) {
      assert.ok(startMs % BIN_MS === 0 && endMs % BIN_MS === 0);
      assert.ok(endMs - startMs > 9 * 3_600_000 && endMs - startMs < 11 * 3_600_000);
      assert.ok(elevation(startMs) < -18 && elevation(startMs - BIN_MS) > -18 - 1e-3);
      assert.ok(elevation(endMs) < -18 && elevation(endMs + BIN_MS) > -18 - 1e-3);
    }
  });
});

describe('a link by day', () => {
  const daylight: Change = ({ satellites: [satellite], stations }) => {
    // On a Fraunhofer line: the red one of ionised calcium.
    satellite.transmitter.wavelengthNm.value = 854.2;
    for (const station of stations) {
      delete station.measured;
      station.air.extinction = {
        kind: 'visibility',
        visibilityKm: assumed(23),
        law: assumed('kim'),
        hazeScaleHeightKm: assumed(1.2),
      };
      station.receiver.filterWidthNm.value = 0.1;
      station.window.sunBelowDeg.value = 90;
      station.window.sunAvoidanceDeg = assumed(5);
    }
  };

  it('has a trace for every window, of a sky that is four times as dark as beside the line', () => {
    const scenario = read(daylight);
    const beside = read((document) => {
      daylight(document);
      document.satellites[0].transmitter.wavelengthNm.value = 851.9;
    });
    const [line, continuum] = [scenario, beside].map((one) => scenarioPasses(one, mission(one)));
    let byDay = 0;
    for (const [i, pass] of line!.entries()) {
      const { link, windows } = pass;
      for (const window of windows) {
        const { noisePerGate, channelTransmittance } = linkTrace(pass, { window, binS: 5 });
        assert.ok([...noisePerGate, ...channelTransmittance].every((value) => value > 0 && Number.isFinite(value)));
        if (sun(link.station.station, window.startMs).elevationDeg < 0) continue;
        byDay++;
        const ratio = linkTrace(continuum![i]!, { window, binS: 5 }).noisePerGate[0]! / noisePerGate[0]!;
        assert.ok(ratio > 3 && ratio < 4.5, `${ratio}`);
      }
    }
    assert.ok(byDay > 10, `${byDay} windows by day`);
  });

  it('stops while the Sun passes behind the satellite', () => {
    const scenario = read((document) => {
      geostationary(document);
      daylight(document);
    });
    // From 40 degrees north the geostationary ring is at declination -6.3, where the Sun stands on 4 March.
    const fromMs = Date.parse('2026-03-04T02:00:00Z');
    const [stay] = scenarioPasses(scenario, { fromMs, toMs: fromMs + 10 * 3_600_000 });
    const { link, windows, pass } = stay!;
    const [morning, afternoon, ...others] = windows as [Window, Window];
    assert.deepEqual(others, []);
    const away = (utcMs: number): number =>
      separationDeg(look(link.satellite.target, link.station.station, utcMs), sun(link.station.station, utcMs));
    for (const [inside, outside] of [
      [morning.endMs, morning.endMs + BIN_MS],
      [afternoon.startMs, afternoon.startMs - BIN_MS],
    ] as const) {
      assert.ok(away(inside) >= 5 && away(outside) < 5);
    }
    for (const window of windows) assert.ok(linkTrace(stay!, { window, binS: 60 }).noisePerGate.every(Number.isFinite));
    assert.throws(() => linkTrace(stay!, { window: { startMs: pass.aosMs, endMs: pass.losMs }, binS: 60 }), {
      code: 'optics/parameter',
      message: /disc of the Sun/,
    });
  });
});

describe('jointScenarioPasses', () => {
  const scenario = read((document) => {
    document.link = 'entanglement';
    document.satellites[0].transmitter.source = {
      kind: 'pairs',
      pairRateHz: assumed(5.9e6),
      visibility: assumed(0.9),
    };
    // Two stations 1,200 km apart see Micius at once.
    Object.assign(document.stations[1], {
      latitudeDeg: assumed(37.379),
      longitudeDeg: assumed(103),
      altitudeM: assumed(3153),
    });
  });
  const interval = mission(scenario);
  const joint = jointScenarioPasses(scenario, interval);
  const single = scenarioPasses(scenario, interval);

  it('has every moment at which both stations have a window, and no other', () => {
    assert.ok(joint.some(({ window }) => window));
    const lit = (list: readonly { windows: readonly Window[] }[], utcMs: number): boolean =>
      list.some(({ windows }) => windows.some(({ startMs, endMs }) => startMs <= utcMs && utcMs < endMs));
    const of = (id: string): ScenarioPass[] => single.filter(({ link }) => link.station.id === id);
    const [here, there] = [of('xinglong'), of('zvenigorod')];
    for (const { windows } of single) {
      for (const { startMs, endMs } of windows) {
        for (let utcMs = startMs; utcMs < endMs; utcMs += 7000) {
          assert.equal(lit(joint, utcMs), lit(here, utcMs) && lit(there, utcMs));
        }
      }
    }
  });

  it('agrees with the orbit package on when both see the satellite', () => {
    const [one, other] = scenario.stations.map(({ station }) => station);
    const expected = jointPasses(scenario.satellites[0]!.target, one!, other!, { ...interval, minElevationDeg: 10 });
    assert.ok(expected.length > 5);
    assert.deepEqual(
      jointScenarioPasses(scenario, { ...interval, minElevationDeg: 10 }).map(({ startMs, endMs }) => [startMs, endMs]),
      expected.map(({ startMs, endMs }) => [startMs, endMs]),
    );
  });

  it('names passes by both ends, each once, and picks a pair of stations', () => {
    assert.equal(new Set(joint.map(({ passId }) => passId)).size, joint.length);
    for (const { passId } of joint) assert.match(passId, /^micius-beijing-moscow-\d{8}t\d{6}z$/);
    assert.deepEqual(jointScenarioPasses(scenario, { ...interval, stationIds: ['zvenigorod', 'xinglong'] }), joint);
    assert.deepEqual(jointScenarioPasses(scenario, { ...interval, stationIds: ['xinglong', 'elsewhere'] }), []);
  });
});
