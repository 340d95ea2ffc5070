import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { look } from '@skykey/orbit';
import type { Scenario } from './model.ts';
import { assumed, type Change, MICIUS, read, refused } from './test/micius.ts';

const EPOCH = assumed('2026-03-01T00:00:00Z');

/** The shipped scenario to be planned with alone, its satellite on another orbit. */
const onOrbit =
  (orbit: object): Change =>
  (scenario) => {
    scenario.satellites[0].orbit = orbit;
    for (const station of scenario.stations) delete station.siteId;
    delete scenario.live;
  };

const walker = {
  kind: 'walker',
  pattern: assumed('delta'),
  epochUtc: EPOCH,
  altitudeKm: assumed(600),
  inclinationDeg: assumed(53),
  satellites: assumed(12),
  planes: assumed(4),
  phasing: assumed(1),
  ascendingNodeDeg: assumed(0),
};

describe('satellites', () => {
  it('are refused with orbital elements of which a character was changed', () => {
    refused(
      (scenario) => {
        const { lines } = scenario.satellites[0].orbit;
        lines.value[1] = lines.value[1].replace('97.3699', '97.3698');
      },
      'orbit/tle-checksum',
      /^micius-2016-12-19\.json: satellites\.micius\.orbit\.lines: line 2, checksum \(column 69\) is "3", but the line adds up to 2/,
    );
  });

  it('may be made up, and say so', () => {
    const heightOf = ({ satellites: [satellite], stations: [station] }: Scenario): number =>
      look(satellite!.target, station!.station, Date.parse(EPOCH.value as string)).rangeKm;
    assert.equal(MICIUS.satellites[0]!.synthetic, false);
    for (const [orbit, nearest, farthest] of [
      [
        {
          kind: 'keplerian',
          epochUtc: EPOCH,
          semiMajorAxisKm: assumed(6878),
          eccentricity: assumed(0.001),
          inclinationDeg: assumed(97.4),
          ascendingNodeDeg: assumed(0),
          argumentOfPerigeeDeg: assumed(0),
          meanAnomalyDeg: assumed(0),
        },
        490,
        13_500,
      ],
      [
        {
          kind: 'sun-synchronous',
          epochUtc: EPOCH,
          altitudeKm: assumed(500),
          descendingNodeH: assumed(10.5),
          argumentOfLatitudeDeg: assumed(0),
        },
        490,
        13_500,
      ],
      [{ kind: 'geostationary', epochUtc: EPOCH, longitudeDeg: assumed(110) }, 35_700, 38_500],
    ] as const) {
      const scenario = read(onOrbit(orbit));
      assert.equal(scenario.satellites[0]!.synthetic, true);
      assert.equal(scenario.satellites[0]!.target.name, 'Micius');
      const rangeKm = heightOf(scenario);
      assert.ok(rangeKm > nearest && rangeKm < farthest, `${orbit.kind}: ${rangeKm} km`);
    }
  });

  it('of a constellation are numbered, each with a link to every station', () => {
    const { satellites, links } = read(onOrbit(walker));
    assert.deepEqual(
      satellites.map(({ id }) => id),
      Array.from({ length: 12 }, (_, i) => `micius-${i + 1}`),
    );
    assert.equal(satellites[11]!.name, 'Micius 12');
    assert.equal(new Set(links.map(({ id }) => id)).size, 24);
    const [first] = links;
    for (const link of links.filter(({ station }) => station.id === 'xinglong')) {
      assert.equal(link.channel, first!.channel, 'the optics are the same for all');
    }
    const at = Date.parse(EPOCH.value as string);
    const places = satellites.map(({ target }) => look(target, first!.station.station, at).rangeKm.toFixed(3));
    assert.equal(new Set(places).size, 12);
  });

  it('cannot have the name of one of a constellation', () => {
    refused(
      (scenario) => {
        onOrbit(walker)(scenario);
        scenario.satellites.push({ ...scenario.satellites[0], id: 'micius-7', orbit: structuredClone(MICIUS_ORBIT) });
      },
      'scenario/satellite',
      'micius-2016-12-19.json: satellites.micius-7 is there twice, once as one of a constellation; every id must be there once',
    );
  });

  it('are refused with figures that make no orbit, by file and field', () => {
    refused(
      onOrbit({ ...walker, altitudeKm: assumed(-7000) }),
      'scenario/field',
      'micius-2016-12-19.json: satellites.micius.orbit.altitudeKm is -7000; it must be a number above 0',
    );
    refused(
      onOrbit({ ...walker, altitudeKm: assumed(1e7) }),
      'scenario/orbit',
      /^micius-2016-12-19\.json: satellites\.micius\.orbit: /,
    );
    refused(
      onOrbit({ ...walker, kind: 'ellipse' }),
      'scenario/field',
      /^micius-2016-12-19\.json: satellites\.micius\.orbit\.kind is "ellipse"; it must be "elements" or "keplerian" or /,
    );
  });
});

const MICIUS_ORBIT = MICIUS.document.satellites[0]!.orbit;
