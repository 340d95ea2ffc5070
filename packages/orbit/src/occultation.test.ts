import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AstroTime, Libration } from 'astronomy-engine';
import fc from 'fast-check';
import { angleBetween, DEGREE, dot, J2000_MS, minus, norm, siderealTime, turnedEast, type Vector } from './earth.ts';
import { intersatelliteWindows } from './intersatellite.ts';
import { jointPasses } from './joint.ts';
import { look } from './look.ts';
import { type LunarOrbit, lunarOrbit, lunarSurface } from './lunar.ts';
import { clearanceKm, clearanceRateKmS, observerOf, occulted, sights } from './occultation.ts';
import { type Pass, passes } from './passes.ts';
import { motionOf } from './state.ts';
import { type Station, siteOf } from './station.ts';
import { geostationary } from './synthetic.ts';
import type { Ephemeris, Target } from './target.ts';
import { MICIUS, XINGLONG, ZVENIGOROD } from './test/micius.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MARCH = Date.parse('2026-03-01T00:00:00Z');
const MOON_KM = 1737.4;

/** A hundred kilometres over the Moon's equator: the Earth stays within seven degrees of the plane. */
const LOW: LunarOrbit = {
  name: 'low',
  epochMs: MARCH,
  semiMajorAxisKm: MOON_KM + 100,
  eccentricity: 0,
  inclinationDeg: 0,
  ascendingNodeDeg: 0,
  argumentOfPeriapsisDeg: 0,
  meanAnomalyDeg: 0,
};
const low = lunarOrbit(LOW);
const polar = lunarOrbit({ ...LOW, name: 'polar', inclinationDeg: 86, ascendingNodeDeg: 60 });
const relay = lunarOrbit({
  ...LOW,
  name: 'relay',
  semiMajorAxisKm: 6142,
  eccentricity: 0.6,
  inclinationDeg: 57,
  ascendingNodeDeg: 77,
  argumentOfPeriapsisDeg: 90,
});
const eccentric = lunarOrbit({
  ...LOW,
  name: 'eccentric',
  semiMajorAxisKm: 4000,
  eccentricity: 0.5,
  inclinationDeg: 20,
});
/** Touches the ground at its periselene. */
const grazing = lunarOrbit({ ...LOW, name: 'grazing', semiMajorAxisKm: MOON_KM / 0.9, eccentricity: 0.1 });
const place = (latitudeDeg: number, longitudeDeg: number, heightM = 0) =>
  lunarSurface({ name: `${latitudeDeg} ${longitudeDeg}`, latitudeDeg, longitudeDeg, heightM });
const [NEAR, FAR] = [place(0, 0), place(0, 180)];
const SUTHERLAND: Station = {
  id: 'sutherland',
  name: 'Sutherland',
  latitudeDeg: -32.38,
  longitudeDeg: 20.81,
  altitudeM: 1760,
};
const ARCTIC: Station = { ...SUTHERLAND, id: 'arctic', name: 'arctic', latitudeDeg: 85 };

/** The Moon's centre half-way between antipodes. */
function moonCentre(utcMs: number): Vector {
  const [a, b] = [NEAR.motion(utcMs).position, FAR.motion(utcMs).position];
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, z: (a.z + b.z) / 2 };
}

/** From the observer: by how much, rad, the target is beside the Moon's disc; positive before the disc, too. */
function besideRad(target: Target, from: Vector, utcMs: number): number {
  const [line, moon] = [minus(motionOf(target, utcMs).position, from), minus(moonCentre(utcMs), from)];
  const limb = Math.sqrt(dot(moon, moon) - MOON_KM ** 2);
  const beside = angleBetween(line, moon) - Math.asin(MOON_KM / norm(moon));
  return norm(line) < limb && beside < 0 ? -beside : beside;
}

/** Elevation of the observer over the horizon of a place on the Moon, rad. */
function earthriseRad(target: Target, from: Vector, utcMs: number): number {
  const { position } = motionOf(target, utcMs);
  return Math.PI / 2 - angleBetween(minus(position, moonCentre(utcMs)), minus(from, position));
}

const inertial = (station: Station, utcMs: number): Vector => turnedEast(siteOf(station).position, siderealTime(utcMs));

/** Every instant is in a pass if the elevation and the Moon allow it, by a computation that knows no search. */
function scan(target: Ephemeris, station: Station, found: readonly Pass[], toMs: number, stepS: number): number {
  const margin = target.occluder!.kind === 'ground' ? earthriseRad : besideRad;
  let [at, hidden] = [0, 0];
  for (let t = MARCH; t <= toMs; t += stepS * 1000) {
    while (at < found.length && found[at]!.losMs < t) at++;
    const inside = at < found.length && found[at]!.aosMs <= t;
    const beside = margin(target, inertial(station, t), t);
    // A nanoradian is the width of half a metre there.
    if (Math.abs(beside) < 1e-9) continue;
    assert.equal(occulted(target, station, t), beside < 0, `${target.name} ${new Date(t).toISOString()}`);
    const up = look(target, station, t).elevationDeg >= 10;
    assert.equal(inside, up && beside > 0, `${target.name} ${new Date(t).toISOString()}`);
    if (up && beside < 0) hidden++;
  }
  return hidden;
}

describe('passes of a satellite of the Moon', () => {
  it('are exactly the times above the minimum and beside the Moon', () => {
    const toMs = MARCH + 3 * DAY;
    for (const [target, station] of [
      [low, XINGLONG],
      [polar, SUTHERLAND],
      [eccentric, ZVENIGOROD],
      [grazing, XINGLONG],
    ] as const) {
      const found = passes(target, station, { fromMs: MARCH, toMs, minElevationDeg: 10 });
      const hidden = scan(target, station, found, toMs, 40);
      assert.ok(hidden > 20, `${target.name} ${hidden}`);
    }
  });

  it('leave out two fifths of a revolution at 100 km', () => {
    // In a plane with the Earth the Moon covers 2 asin(R / a) of the circle; off it by b, acos(sqrt(1 - (R / a)^2) / cos b) / pi.
    const found = passes(low, XINGLONG, { fromMs: MARCH, toMs: MARCH + 27 * DAY, minElevationDeg: 10 });
    const revolutionS = 2 * Math.PI * Math.sqrt((MOON_KM + 100) ** 3 / 4902.8);
    const ratio = MOON_KM / (MOON_KM + 100);
    let gaps = 0;
    for (const [i, { aosMs, durationS, occulted }] of found.entries()) {
      const before = found[i - 1];
      if (before === undefined || !before.occulted!.end || !occulted!.start) continue;
      const hidden = (aosMs - before.losMs) / 1000 / revolutionS;
      // The Moon was down, and hid the satellite before and after.
      if (hidden > 1) continue;
      gaps++;
      const tilted = Math.acos(Math.sqrt(1 - ratio ** 2) / Math.cos(8 * DEGREE)) / Math.PI;
      // The line of sight turns on by a degree or so in a revolution.
      assert.ok(hidden > tilted - 0.003 && hidden < Math.asin(ratio) / Math.PI + 0.003, `${hidden}`);
      assert.ok(Math.abs(hidden - 0.395) < 0.01);
      if (occulted!.end) assert.ok(Math.abs(durationS / revolutionS - 0.605) < 0.012);
    }
    assert.ok(gaps > 80, `${gaps}`);
  });

  it('end at the minimum elevation or at the limb, and say which', () => {
    for (const target of [low, eccentric]) {
      const found = passes(target, XINGLONG, { fromMs: MARCH, toMs: MARCH + 10 * DAY, minElevationDeg: 10 });
      let limbs = 0;
      for (const { aosMs, tcaMs, losMs, clipped, occulted, maxElevationDeg, minRangeKm } of found) {
        assert.deepEqual(clipped, { start: false, end: false });
        for (const [t, limb] of [
          [aosMs, occulted!.start],
          [losMs, occulted!.end],
        ] as const) {
          const { elevationDeg } = look(target, XINGLONG, t);
          // 0.01 ms of 1.7 km/s are 4e-11 rad.
          if (limb) assert.ok(Math.abs(besideRad(target, inertial(XINGLONG, t), t)) < 1e-9 && elevationDeg > 10 - 1e-6);
          else assert.ok(Math.abs(elevationDeg - 10) < 1e-6);
          if (limb) limbs++;
        }
        assert.ok(aosMs <= tcaMs && tcaMs <= losMs);
        for (let i = 0; i <= 50; i++) {
          const { elevationDeg, rangeKm } = look(target, XINGLONG, aosMs + ((losMs - aosMs) * i) / 50);
          assert.ok(elevationDeg <= maxElevationDeg + 1e-6 && rangeKm >= minRangeKm - 1e-6);
        }
      }
      assert.ok(limbs > 10);
    }
  });

  it('are the same, bit for bit, wherever the search begins, for a Moon that is up for days too', () => {
    for (const station of [XINGLONG, ARCTIC]) {
      const whole = passes(low, station, { fromMs: MARCH, toMs: MARCH + 12 * DAY, minElevationDeg: 5 });
      assert.ok(whole.length > 30);
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 11 * DAY }), fc.integer({ min: 1, max: DAY }), (offset, length) => {
          const [fromMs, toMs] = [MARCH + offset, MARCH + offset + length];
          assert.deepEqual(
            passes(low, station, { fromMs, toMs, minElevationDeg: 5 }),
            whole.filter(({ aosMs, losMs }) => losMs >= fromMs && aosMs <= toMs),
          );
        }),
        { seed: 1, numRuns: 12 },
      );
    }
  });

  it('are clipped only where the limb is farther outside the interval than the search goes', () => {
    const query = { fromMs: MARCH, toMs: MARCH + 3 * DAY, minElevationDeg: 10 };
    const whole = passes(low, XINGLONG, query).filter(({ durationS }) => durationS > 600);
    // No revolution of the Moon is an hour; a search that believes so loses the rise, and some of the limbs.
    const hasty: Ephemeris = { ...low, revolutionMs: HOUR };
    const marks = { limb: 0, clipped: 0 };
    for (const { aosMs, losMs } of whole) {
      const [fromMs, toMs] = [losMs - 7 * 60_000, losMs - 5 * 60_000];
      const [pass, ...others] = passes(hasty, XINGLONG, { fromMs, toMs, minElevationDeg: 10 });
      assert.deepEqual(others, []);
      assert.ok(pass && pass.losMs === losMs && !pass.clipped.end);
      assert.equal(pass.clipped.start && pass.occulted!.start, false);
      if (pass.clipped.start) {
        assert.ok(pass.aosMs === fromMs && fromMs - aosMs > HOUR);
        marks.clipped++;
      } else {
        assert.equal(pass.aosMs, aosMs);
        if (pass.occulted!.start) marks.limb++;
      }
    }
    assert.ok(marks.clipped > 3, `${marks.clipped}`);
    // From the middle of each the other end is within the hour.
    for (const { aosMs, losMs, occulted } of whole) {
      const [fromMs, toMs] = [(aosMs + losMs) / 2 - 1000, (aosMs + losMs) / 2];
      const [pass] = passes(hasty, XINGLONG, { fromMs, toMs, minElevationDeg: 10 });
      assert.deepEqual(pass!.clipped, { start: false, end: false });
      assert.deepEqual([pass!.aosMs, pass!.losMs, pass!.occulted], [aosMs, losMs, occulted]);
    }
  });

  it('have common parts over two stations, cut alike', () => {
    const query = { fromMs: MARCH, toMs: MARCH + 4 * DAY, minElevationDeg: 10 };
    const found = jointPasses(low, ZVENIGOROD, SUTHERLAND, query);
    assert.ok(found.length > 10);
    let at = 0;
    for (let t = query.fromMs; t <= query.toMs; t += 60_000) {
      while (at < found.length && found[at]!.endMs < t) at++;
      const inside = at < found.length && found[at]!.startMs <= t;
      const sees = [ZVENIGOROD, SUTHERLAND].map(
        (station) => look(low, station, t).elevationDeg >= 10 && besideRad(low, inertial(station, t), t) > 0,
      );
      assert.equal(inside, sees[0] && sees[1], new Date(t).toISOString());
    }
  });
});

describe('passes of a place on the Moon', () => {
  const fortnight = { fromMs: MARCH, toMs: MARCH + 14 * DAY, minElevationDeg: 10 };

  it('are none on the far side, and all risings on the near side', () => {
    for (const station of [XINGLONG, ARCTIC]) {
      for (const far of [FAR, place(30, -120), place(-60, 150, 10_000), place(0, 100)]) {
        assert.deepEqual(passes(far, station, fortnight), []);
      }
      for (const near of [NEAR, place(40, -40), place(0, 78, -3000)]) {
        const found = passes(near, station, fortnight);
        assert.ok(found.length > 0);
        for (const { occulted } of found) assert.deepEqual(occulted, { start: false, end: false });
      }
    }
  });

  it('come and go in the libration zone', () => {
    for (const limb of [place(0, 90), place(-89.5, 0)]) {
      const long = { ...fortnight, toMs: MARCH + 60 * DAY };
      const found = passes(limb, XINGLONG, long);
      const hidden = scan(limb, XINGLONG, found, long.toMs, 5400);
      assert.ok(hidden > 50 && found.length > 10);
      const cuts = found.flatMap(({ aosMs, losMs, occulted }) => [
        ...(occulted!.start ? [aosMs] : []),
        ...(occulted!.end ? [losMs] : []),
      ]);
      assert.ok(cuts.length > 2, `${limb.name} ${cuts.length}`);
      for (const t of cuts) assert.ok(Math.abs(earthriseRad(limb, inertial(XINGLONG, t), t)) < 1e-9);
    }
  });

  it("cross the limb where astronomy-engine's own libration has it", () => {
    const found = passes(place(0, 90), XINGLONG, { ...fortnight, toMs: MARCH + 240 * DAY });
    const cuts = found.flatMap(({ aosMs, losMs, occulted }) => [
      ...(occulted!.start ? [aosMs] : []),
      ...(occulted!.end ? [losMs] : []),
    ]);
    assert.ok(cuts.length > 8);
    for (const t of cuts) {
      const { elat, elon } = Libration(new AstroTime((t - J2000_MS) / DAY));
      const cosine = Math.cos(elat * DEGREE) * Math.cos((elon - 90) * DEGREE);
      // From the Earth's centre, and the centre of the Moon to it: a station is up to 0.95 degrees beside, the place 0.26 nearer.
      assert.ok(Math.abs(Math.acos(cosine) / DEGREE - 90) < 1.25);
    }
  });
});

describe('what nothing hides', () => {
  it('is every satellite by elements, whose passes do not speak of it', () => {
    assert.equal(sights(MICIUS, siteOf(XINGLONG)), null);
    const found = passes(MICIUS, XINGLONG, {
      fromMs: MICIUS.epochMs,
      toMs: MICIUS.epochMs + 2 * DAY,
      minElevationDeg: 10,
    });
    assert.ok(found.length > 2 && found.every((pass) => !('occulted' in pass)));
    for (const { tcaMs } of found) assert.equal(occulted(MICIUS, XINGLONG, tcaMs), false);
  });

  it('is a body by ephemeris without an occluder', () => {
    const { occluder, ...open } = low;
    const query = { fromMs: MARCH, toMs: MARCH + 3 * DAY, minElevationDeg: 10 };
    const found = passes(open, XINGLONG, query);
    assert.ok(occluder && found.length === 3 && found.every((pass) => !('occulted' in pass)));
    assert.equal(occulted(open, XINGLONG, MARCH), false);
  });

  it('keeps the ends of what the Moon hides where the Earth rises and sets', () => {
    const { occluder: _, ...open } = low;
    const query = { fromMs: MARCH, toMs: MARCH + 3 * DAY, minElevationDeg: 10 };
    const risings = passes(open, XINGLONG, query).map(({ aosMs }) => aosMs);
    const cut = passes(low, XINGLONG, query).filter(({ occulted }) => !occulted!.start);
    for (const { aosMs } of cut) assert.ok(risings.includes(aosMs));
  });
});

describe('the clearance of the limb', () => {
  const still = geostationary({ name: 'still', epochMs: MARCH, longitudeDeg: 20 });

  it('changes no faster than its bound, wherever it is looked at from', () => {
    for (const target of [low, polar, relay, grazing, place(0, 90), place(0, 0), place(80, 170, 9000)]) {
      for (const other of [still, MICIUS, relay, polar, place(10, 20)]) {
        if (other === target) continue;
        const from = other === MICIUS ? MICIUS.epochMs : MARCH;
        const bound = clearanceRateKmS(target.occluder!, observerOf(other, from, from + DAY));
        const at = (t: number) => clearanceKm(target.occluder!, t, motionOf(other, t).position);
        for (let t = from; t < from + DAY; t += 397_000) {
          const rate = Math.abs(at(t + 500) - at(t - 500));
          assert.ok(rate <= bound, `${target.name} from ${other.name}: ${rate} ${bound}`);
        }
      }
    }
  });

  it('has the sign of the eye, from near and from far', () => {
    for (const target of [low, polar, relay]) {
      for (const other of [still, place(10, 20), place(-60, 130)]) {
        for (let t = MARCH; t < MARCH + DAY; t += 397_000) {
          const from = motionOf(other, t).position;
          const beside =
            other === still ? besideRad(target, from, t) : earthriseRad(other, motionOf(target, t).position, t);
          if (Math.abs(beside) < 1e-6) continue;
          // From the ground the sphere is the horizon.
          assert.equal(clearanceKm(target.occluder!, t, from) > 0, beside > 0, `${target.name} ${other.name}`);
        }
      }
    }
  });
});

describe('inter-satellite windows at the Moon', () => {
  const query = { fromMs: MARCH, toMs: MARCH + DAY, grazingHeightKm: 0 };
  const inside = (found: readonly { startMs: number; endMs: number }[], t: number) =>
    found.some(({ startMs, endMs }) => startMs <= t && t <= endMs);

  it('end where the Moon hides a relay from a geostationary satellite', () => {
    const still = geostationary({ name: 'still', epochMs: MARCH, longitudeDeg: 20 });
    const found = intersatelliteWindows(still, low, query);
    assert.ok(found.length > 8);
    for (let t = query.fromMs; t < query.toMs; t += 60_000) {
      const [eye, there] = [motionOf(still, t).position, motionOf(low, t).position];
      const earth = angleBetween(minus(there, eye), { x: -eye.x, y: -eye.y, z: -eye.z });
      if (earth < 10 * DEGREE) continue;
      assert.equal(inside(found, t), besideRad(low, eye, t) > 0);
    }
  });

  it('of a relay and a base are the times when it is above the horizon of the base', () => {
    for (const base of [place(-85, 30), place(-60, 170, -4000)]) {
      for (const target of [relay, low]) {
        const found = intersatelliteWindows(target, base, query);
        const swapped = intersatelliteWindows(base, target, query);
        assert.equal(found.length, swapped.length);
        for (let t = query.fromMs; t < query.toMs; t += 60_000) {
          const elevation = earthriseRad(base, motionOf(target, t).position, t);
          if (Math.abs(elevation) > 1e-6) assert.equal(inside(found, t), elevation > 0, `${base.name} ${target.name}`);
        }
      }
    }
  });
});
