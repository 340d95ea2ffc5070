import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { look, moon, separationDeg, sun } from '@skykey/orbit';
import { backgroundAt } from './background.ts';
import { unhidden } from './lunar.ts';
import type { LinkScenario } from './model.ts';
import { scenarioPasses } from './passes.ts';
import { assumed, read } from './test/micius.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.parse('2026-01-28T12:00:00Z');

/** The link of Xinglong with something at the Moon. */
function lunar(orbit: object) {
  return read((scenario) => {
    scenario.satellites[0].orbit = orbit;
    scenario.stations = [scenario.stations[0]];
    const [station] = scenario.stations;
    station.window.maxRangeKm.value = 410_000;
    delete station.measured;
    delete station.siteId;
    delete scenario.live;
  });
}

const surface = (longitudeDeg: number) =>
  lunar({
    kind: 'lunar-surface',
    latitudeDeg: assumed(5),
    longitudeDeg: assumed(longitudeDeg),
    heightM: assumed(0),
  });

const relay = lunar({
  kind: 'lunar-orbit',
  epochUtc: assumed('2026-01-28T00:00:00Z'),
  semiMajorAxisKm: assumed(1838),
  eccentricity: assumed(0),
  inclinationDeg: assumed(10),
  ascendingNodeDeg: assumed(0),
  argumentOfPeriapsisDeg: assumed(0),
  meanAnomalyDeg: assumed(0),
});

const day = { startMs: START_MS, endMs: START_MS + 24 * HOUR_MS };

describe('the body of the Moon', () => {
  it('hides the far side for ever and the near side never', () => {
    assert.deepEqual(unhidden(surface(0).links[0]!, day), [day]);
    assert.deepEqual(unhidden(surface(180).links[0]!, day), []);
  });

  it('hides a low relay for less than half of each revolution of two hours', () => {
    const [link] = relay.links as [LinkScenario];
    const found = unhidden(link, day);
    const seen = found.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0) / (24 * HOUR_MS);
    assert.ok(found.length >= 11 && found.length <= 14, `${found.length}`);
    // A hundred kilometres up the limb covers 2 asin(1737.4 / 1838) of the revolution where the Earth lies in its plane.
    assert.ok(Math.abs(seen - (1 - Math.asin(1737.4 / 1838) / Math.PI)) < 0.02, `${seen}`);
    const { target } = link.satellite;
    const { station } = link.station;
    for (const { startMs, endMs } of found) {
      for (const utcMs of [startMs, endMs]) {
        if (utcMs === day.startMs || utcMs === day.endMs) continue;
        const limbDeg = (Math.asin(1737.4 / look(target, station, utcMs).rangeKm) * 180) / Math.PI;
        const besideDeg = separationDeg(look(target, station, utcMs), moon(station, utcMs));
        // The Moon of `moon` has aberration (20 arcsec), and the limb is a little nearer or farther than the satellite.
        assert.ok(Math.abs(besideDeg - limbDeg) < 0.01, `${besideDeg} ${limbDeg}`);
      }
    }
  });

  it('leaves other orbits alone', () => {
    const [link] = read().links as [LinkScenario];
    assert.deepEqual(unhidden(link, day), [day]);
  });

  it('cuts the windows of a night', () => {
    const [pass] = scenarioPasses(relay, { fromMs: START_MS, toMs: START_MS + HOUR_MS });
    assert.ok(pass!.windows.length > 3);
    for (const [i, window] of pass!.windows.entries()) {
      assert.ok(sun(pass!.link.station.station, window.startMs).elevationDeg < -18);
      assert.deepEqual(unhidden(pass!.link, window), [window]);
      if (i > 0) assert.ok(window.startMs - pass!.windows[i - 1]!.endMs > 30 * 60_000);
    }
  });
});

describe('the background of a link to the Moon', () => {
  it('is its disc, a thousand times brighter where the Sun shines on it', () => {
    // Ten days after new Moon: of the near side the east is lit, the far west is not.
    const utcMs = START_MS;
    const disc = (longitudeDeg: number) => {
      const [link] = surface(longitudeDeg).links as [LinkScenario];
      return backgroundAt(link, utcMs).terms.at(-1)!;
    };
    assert.equal(disc(40).name, 'lit Moon');
    assert.equal(disc(-80).name, 'earthshine');
    assert.ok(disc(40).radiance > 1000 * disc(-80).radiance);
  });

  it('is the sky alone beside the disc', () => {
    const [link] = relay.links as [LinkScenario];
    const names = new Set<string>();
    for (let utcMs = START_MS; utcMs < START_MS + 2 * HOUR_MS; utcMs += 60_000) {
      names.add(backgroundAt(link, utcMs).terms.at(-1)!.name);
    }
    assert.ok(names.has('city glow') && names.has('lit Moon'));
  });
});
