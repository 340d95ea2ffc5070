import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DEGREE, siderealTime, wrapDeg } from './earth.ts';
import type { Elements } from './elements.ts';
import { OrbitError } from './error.ts';
import { root } from './root.ts';
import { earthFixedState, inertialState, subpoint } from './state.ts';
import {
  geostationary,
  type KeplerianOrbit,
  keplerian,
  sunSynchronous,
  type WalkerConstellation,
  walker,
} from './synthetic.ts';

const DAY_MS = 86_400_000;
const epochMs = Date.parse('2026-03-01T06:07:08.123Z');
const GM = 398_600.4418;
const R = 6378.137;
const J2 = 1.082_626_68e-3;

const ORBIT: KeplerianOrbit = {
  name: 'idea',
  epochMs,
  semiMajorAxisKm: 6878.14,
  eccentricity: 0.0014,
  inclinationDeg: 97.41,
  ascendingNodeDeg: 123.4,
  argumentOfPerigeeDeg: 45.6,
  meanAnomalyDeg: 78.9,
};

const refuses = (make: () => unknown, message: RegExp, code = 'orbit/synthetic') =>
  assert.throws(make, (error) => error instanceof OrbitError && error.code === code && message.test(error.message));

/** When the satellite crosses the equator in an interval, upwards or downwards. */
function crossings(elements: Elements, fromMs: number, toMs: number, upwards: boolean, stepMs = 300_000): number[] {
  const height = (utcMs: number) => inertialState(elements, utcMs).position.z;
  const found: number[] = [];
  for (let a = fromMs; a < toMs; a += stepMs) {
    const [here, there] = [height(a), height(a + stepMs)];
    if (here < 0 !== there < 0 && there > 0 === upwards) found.push(root(height, a, a + stepMs, here, there, 0.01));
  }
  return found;
}

describe('keplerian', () => {
  it('has the mean motion and the mean elements that were asked for', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 6700, max: 60_000, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 180, noNaN: true }),
        fc.double({ min: -360, max: 360, noNaN: true }),
        (semiMajorAxisKm, share, inclinationDeg, angleDeg) => {
          const eccentricity = share * (1 - 6500 / semiMajorAxisKm);
          const elements = keplerian({
            ...ORBIT,
            semiMajorAxisKm,
            eccentricity,
            inclinationDeg,
            ascendingNodeDeg: angleDeg,
          });
          const { no, ecco, inclo } = elements.satrec;
          assert.ok(Math.abs(no / 60 / Math.sqrt(GM / semiMajorAxisKm ** 3) - 1) < 1e-13);
          assert.ok(Math.abs(ecco - eccentricity) < 1e-15 && Math.abs(inclo - inclinationDeg * DEGREE) < 1e-15);
        },
      ),
      { seed: 3, numRuns: 300 },
    );
    const { am } = inertialState(keplerian(ORBIT), epochMs).meanElements;
    // WGS-72 in place of WGS-84: 2 m.
    assert.ok(Math.abs(am * 6378.135 - 6878.14) < 0.003);
  });

  it('comes round the nodes in the time that J2 gives a near-circular orbit', () => {
    // Brouwer to first order: n (1 + k (1 - e^2)^(1/2) (3 cos^2 i - 1)) + k n (5 cos^2 i - 1), k = 3/4 J2 (R / p)^2.
    for (const [semiMajorAxisKm, inclinationDeg] of [
      [6778.137, 51.6],
      [6878.137, 97.4],
      [7378.137, 20],
      [8378.137, 116],
    ] as const) {
      const elements = keplerian({ ...ORBIT, semiMajorAxisKm, inclinationDeg, eccentricity: 0 });
      const times = crossings(elements, epochMs, epochMs + 2 * DAY_MS, true);
      const period = (times.at(-1)! - times[0]!) / (times.length - 1) / 1000;
      const n = Math.sqrt(GM / semiMajorAxisKm ** 3);
      const k = 0.75 * J2 * (R / semiMajorAxisKm) ** 2;
      const cos2 = Math.cos(inclinationDeg * DEGREE) ** 2;
      const expected = (2 * Math.PI) / (n * (1 + k * (3 * cos2 - 1) + k * (5 * cos2 - 1)));
      // The next order is k^2 with coefficients up to 60 (Spacetrack Report No. 3, section 6): 2e-5. Kepler's mean motion
      // put in as Kozai's would be off by k (3 cos^2 i - 1), up to 1e-3.
      assert.ok(
        Math.abs(period / expected - 1) < 60 * k * k,
        `${semiMajorAxisKm} ${inclinationDeg}: ${period / expected - 1}`,
      );
    }
  });

  it('stands where the elements say, within the periodic terms of J2', () => {
    const { position } = inertialState(keplerian({ ...ORBIT, eccentricity: 0 }), epochMs);
    const u = (ORBIT.argumentOfPerigeeDeg + ORBIT.meanAnomalyDeg) * DEGREE;
    const [node, tilt] = [ORBIT.ascendingNodeDeg * DEGREE, ORBIT.inclinationDeg * DEGREE];
    const kepler = {
      x: Math.cos(node) * Math.cos(u) - Math.sin(node) * Math.sin(u) * Math.cos(tilt),
      y: Math.sin(node) * Math.cos(u) + Math.cos(node) * Math.sin(u) * Math.cos(tilt),
      z: Math.sin(u) * Math.sin(tilt),
    };
    const a = ORBIT.semiMajorAxisKm;
    assert.ok(Math.hypot(position.x - a * kepler.x, position.y - a * kepler.y, position.z - a * kepler.z) < 25);
  });

  it('is labelled as made up', () => {
    const elements = keplerian(ORBIT);
    assert.equal(elements.kind, 'sgp4');
    assert.equal(elements.origin, 'synthetic');
    assert.equal(elements.noradId, 0);
    assert.equal(elements.lines, null);
    assert.equal(elements.epochMs, epochMs);
    assert.equal(elements.satrec.bstar, 0);
  });

  it('refuses what is no orbit around the Earth, naming the field', () => {
    refuses(() => keplerian({ ...ORBIT, semiMajorAxisKm: 6378 }), /^idea: perigee, semiMajorAxisKm .* is 6369/);
    refuses(() => keplerian({ ...ORBIT, semiMajorAxisKm: 250_000 }), /apogee|perigee/);
    refuses(() => keplerian({ ...ORBIT, semiMajorAxisKm: Number.NaN }), /is NaN/);
    refuses(() => keplerian({ ...ORBIT, eccentricity: -0.1 }), /eccentricity is -0\.1; it must be 0 to 0\.999$/);
    refuses(() => keplerian({ ...ORBIT, inclinationDeg: 181 }), /inclinationDeg is 181; it must be 0 to 180 degrees/);
    refuses(() => keplerian({ ...ORBIT, meanAnomalyDeg: 361 }), /meanAnomalyDeg is 361/);
    refuses(() => keplerian({ ...ORBIT, epochMs: Number.NaN }), /epochMs is NaN/, 'orbit/time');
    refuses(() => keplerian({ ...ORBIT, epochMs: Date.UTC(2100, 0) }), /1957 to 2099/, 'orbit/time');
  });
});

describe('sunSynchronous', () => {
  it('crosses the equator at the local mean solar time asked for, for sixty days', () => {
    for (const [altitudeKm, descendingNodeH] of [
      [300, 0.25],
      [500, 10.5],
      [800, 13.5],
      [1400, 18],
      [5000, 23.9],
    ] as const) {
      const elements = sunSynchronous({
        name: 'noon',
        epochMs,
        altitudeKm,
        descendingNodeH,
        argumentOfLatitudeDeg: 10,
      });
      for (const day of [0, 20, 40, 60]) {
        for (const utcMs of crossings(elements, epochMs + day * DAY_MS, epochMs + (day + 0.5) * DAY_MS, false)) {
          const utH = (utcMs % DAY_MS) / 3_600_000;
          const localH = utH + subpoint(elements, utcMs).longitudeDeg / 15;
          const off = 4 * wrapDeg(15 * (localH - descendingNodeH));
          assert.ok(Math.abs(off) < 0.1, `${altitudeKm} km, day ${day}: ${off} minutes`);
        }
      }
    }
  });

  it('has the inclination that everybody knows', () => {
    // J2 to first order, cos i = -rate / (3/2 J2 n (R/a)^2): 97.40 degrees at 500 km, 98.60 at 800 km.
    for (const altitudeKm of [500, 800]) {
      const a = R + altitudeKm;
      const rate = (2 * Math.PI) / (365.2422 * 86_400);
      const first = Math.acos(-rate / (1.5 * J2 * Math.sqrt(GM / a ** 3) * (R / a) ** 2)) / DEGREE;
      const { satrec } = sunSynchronous({
        name: 'noon',
        epochMs,
        altitudeKm,
        descendingNodeH: 12,
        argumentOfLatitudeDeg: 0,
      });
      assert.ok(Math.abs(satrec.inclo / DEGREE - first) < 0.05);
    }
  });

  it('starts at the argument of latitude', () => {
    const elements = sunSynchronous({
      name: 'noon',
      epochMs,
      altitudeKm: 600,
      descendingNodeH: 10,
      argumentOfLatitudeDeg: 90,
    });
    assert.ok(subpoint(elements, epochMs).latitudeDeg > 81.5);
  });

  it('refuses heights at which no orbit turns with the Sun', () => {
    const orbit = { name: 'noon', epochMs, altitudeKm: 6000, descendingNodeH: 12, argumentOfLatitudeDeg: 0 };
    refuses(() => sunSynchronous(orbit), /^noon: altitudeKm is 6000; it must be 100 to 5850 km/);
    refuses(() => sunSynchronous({ ...orbit, altitudeKm: 600, descendingNodeH: 25 }), /descendingNodeH is 25/);
    refuses(
      () => sunSynchronous({ ...orbit, altitudeKm: 600, argumentOfLatitudeDeg: Number.NaN }),
      /argumentOfLatitudeDeg/,
    );
  });
});

describe('walker', () => {
  const GALILEO: WalkerConstellation = {
    name: 'gal',
    epochMs,
    pattern: 'delta',
    altitudeKm: 23_222,
    inclinationDeg: 56,
    satellites: 24,
    planes: 3,
    phasing: 1,
    ascendingNodeDeg: 10,
  };

  it('spreads planes, slots and phases', () => {
    const set = walker(GALILEO);
    assert.equal(set.length, 24);
    assert.deepEqual([set[0]!.name, set[8]!.name, set[23]!.name], ['gal 1-1', 'gal 2-1', 'gal 3-8']);
    const angles = ({ satrec }: Elements) =>
      [satrec.nodeo / DEGREE, satrec.mo / DEGREE].map((deg) => Math.round(wrapDeg(deg) * 1e6) / 1e6);
    assert.deepEqual(angles(set[0]!), [10, 0]);
    assert.deepEqual(angles(set[1]!), [10, 45]);
    assert.deepEqual(angles(set[8]!), [130, 15]);
    assert.deepEqual(angles(set[17]!), [-110, 75]);
    const star = walker({
      ...GALILEO,
      pattern: 'star',
      altitudeKm: 780,
      inclinationDeg: 86.4,
      satellites: 66,
      planes: 6,
      phasing: 2,
    });
    assert.deepEqual(angles(star[11]!), [40, 10.909091]);
    // Slot 11 of plane 6: 10 * 360 / 11 + 5 * 2 * 360 / 66 = 327.2727 + 54.5455 = 381.8182.
    assert.deepEqual(angles(star[65]!), [160, 21.818182]);
  });

  it('keeps its pattern: nearest neighbours stay as far apart as they were', () => {
    const set = walker({ ...GALILEO, altitudeKm: 1200, satellites: 12, planes: 4, phasing: 1 });
    const separation = (day: number) => {
      const [a, b] = [set[0]!, set[1]!].map((one) => inertialState(one, epochMs + day * DAY_MS).position);
      return Math.hypot(a!.x - b!.x, a!.y - b!.y, a!.z - b!.z);
    };
    for (const day of [1, 10, 20]) assert.ok(Math.abs(separation(day) - separation(0)) < 60);
  });

  it('refuses patterns that do not exist', () => {
    refuses(() => walker({ ...GALILEO, satellites: 25 }), /^gal: 25 satellites do not divide into 3 planes/);
    refuses(() => walker({ ...GALILEO, phasing: 3 }), /phasing is 3; it must be 0 to 2/);
    refuses(() => walker({ ...GALILEO, phasing: 0.5 }), /phasing is 0\.5; it must be a whole number/);
    refuses(() => walker({ ...GALILEO, satellites: 0 }), /satellites is 0/);
    refuses(() => walker({ ...GALILEO, altitudeKm: -1 }), /perigee/);
  });
});

describe('geostationary', () => {
  it('hangs over its longitude for a week, at 35,786 km', () => {
    for (const start of ['2019-06-30T12:00:00Z', '2026-03-01T00:00:00Z', '2033-11-11T11:11:11Z'].map(Date.parse)) {
      for (let longitudeDeg = -180; longitudeDeg <= 180; longitudeDeg += 15) {
        const elements = geostationary({ name: 'geo', epochMs: start, longitudeDeg });
        for (let day = -30; day <= 30; day += 0.3) {
          const place = subpoint(elements, start + day * DAY_MS);
          const off = Math.abs(wrapDeg(place.longitudeDeg - longitudeDeg));
          assert.ok(
            off < (Math.abs(day) < 1 ? 0.01 : Math.abs(day) < 7 ? 0.1 : 1.2),
            `${longitudeDeg} on day ${day}: ${off}`,
          );
          assert.ok(Math.abs(place.latitudeDeg) < 0.05, `${place.latitudeDeg}`);
          assert.ok(Math.abs(place.heightKm - 35_786) < 6, `${place.heightKm}`);
        }
        assert.ok(Math.hypot(...Object.values(earthFixedState(elements, start).velocity)) < 0.005);
      }
    }
  });

  it('is drawn to the stable longitudes, 75 east and 105 west', () => {
    const drift = (longitudeDeg: number) =>
      wrapDeg(
        subpoint(geostationary({ name: 'geo', epochMs, longitudeDeg }), epochMs + 30 * DAY_MS).longitudeDeg -
          longitudeDeg,
      );
    assert.ok(drift(30) > 0.4 && drift(120) < -0.4 && drift(-60) < -0.4 && drift(-150) > 0.2);
    assert.ok(Math.abs(drift(75)) < 0.1 && Math.abs(drift(-105)) < 0.1);
  });

  it('refuses a longitude of another habit', () => {
    refuses(
      () => geostationary({ name: 'geo', epochMs, longitudeDeg: 277 }),
      /^geo: longitudeDeg is 277; it must be -180 to 180/,
    );
  });
});

it('counts the mean Sun as sidereal time does', () => {
  const days = 3652;
  const gain = (siderealTime(epochMs + days * DAY_MS) - siderealTime(epochMs)) / DEGREE;
  assert.ok(Math.abs(wrapDeg(gain - (days * 8_640_184.812866) / 240 / 36_525)) < 1e-3);
});
