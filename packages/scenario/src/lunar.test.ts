import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { occulted, sun } from '@skykey/orbit';
import { backgroundAt } from './background.ts';
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

describe('windows of a low relay', () => {
  it('end where the Moon hides it, and begin again half a revolution later', () => {
    const windows = scenarioPasses(relay, { fromMs: START_MS, toMs: START_MS + 12 * HOUR_MS }).flatMap(
      (pass) => pass.windows,
    );
    assert.ok(windows.length > 3);
    const [link] = relay.links as [LinkScenario];
    for (const [i, window] of windows.entries()) {
      assert.ok(sun(link.station.station, window.startMs).elevationDeg < -18);
      for (const utcMs of [window.startMs, (window.startMs + window.endMs) / 2, window.endMs]) {
        assert.ok(!occulted(link.satellite.target, link.station.station, utcMs));
      }
      if (i > 0) assert.ok(window.startMs - windows[i - 1]!.endMs > 30 * 60_000);
    }
  });

  it('never open for a place on the far side', () => {
    const found = scenarioPasses(surface(180), { fromMs: START_MS, toMs: START_MS + 24 * HOUR_MS });
    assert.deepEqual(
      found.flatMap((pass) => pass.windows),
      [],
    );
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
