import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AstroTime, e_tilt, GeoMoonState, Libration, RotateState, Rotation_EQJ_EQD } from 'astronomy-engine';
import { DEGREE, dot, EQUATORIAL_RADIUS_KM, J2000_MS, siderealTime, type Vector, wrapDeg } from './earth.ts';
import { OrbitError } from './error.ts';
import { type LunarOrbit, lunarOrbit, lunarSurface } from './lunar.ts';
import { subpoint } from './state.ts';
import type { Ephemeris } from './target.ts';

const KM_PER_AU = 149_597_870.7;
const DAY_MS = 86_400_000;
const timeOf = (utcMs: number) => new AstroTime((utcMs - J2000_MS) / DAY_MS);
const minus = (a: Vector, b: Vector): Vector => ({ x: a.x - b.x, y: a.y - b.y, z: a.z - b.z });
const size = (a: Vector) => Math.sqrt(dot(a, a));
const place = (latitudeDeg: number, longitudeDeg: number) =>
  lunarSurface({ name: 'base', latitudeDeg, longitudeDeg, heightM: 0 });

const NEAR = place(0, 0);
const FAR = place(0, 180);
/** The Moon's centre: half-way between antipodes. */
function centre(utcMs: number) {
  const [a, b] = [NEAR.motion(utcMs), FAR.motion(utcMs)];
  const middle = (of: 'position' | 'velocity') => ({
    x: (a[of].x + b[of].x) / 2,
    y: (a[of].y + b[of].y) / 2,
    z: (a[of].z + b[of].z) / 2,
  });
  return { position: middle('position'), velocity: middle('velocity') };
}

const RELAY: LunarOrbit = {
  name: 'relay',
  epochMs: Date.parse('2026-03-01T00:00:00Z'),
  semiMajorAxisKm: 6142,
  eccentricity: 0.6,
  inclinationDeg: 57,
  ascendingNodeDeg: 77,
  argumentOfPeriapsisDeg: 90,
  meanAnomalyDeg: 12,
};
const LOW: LunarOrbit = { ...RELAY, name: 'low', semiMajorAxisKm: 1837.4, eccentricity: 0, inclinationDeg: 90 };

/** Some years of instants, at no regular phase of the month. */
const INSTANTS = Array.from({ length: 300 }, (_, k) => Date.UTC(2010, 0) + k * 27.9 * 3_600_000 * 17);

describe('the Moon by ephemeris', () => {
  it("has astronomy-engine's place and velocity of the Moon, in the frame of SGP4", () => {
    for (const utcMs of INSTANTS.slice(0, 60)) {
      const time = timeOf(utcMs);
      const { position, velocity } = centre(utcMs);
      const state = RotateState(Rotation_EQJ_EQD(time), GeoMoonState(time));
      const scale = KM_PER_AU / 86_400;
      const equinoxes = (e_tilt(time).ee / 240) * DEGREE;
      assert.ok(Math.abs(size(position) - Math.hypot(state.x, state.y, state.z) * KM_PER_AU) < 1e-5);
      assert.ok(Math.abs(position.z - state.z * KM_PER_AU) < 1e-5);
      const turned = wrapDeg((Math.atan2(state.y, state.x) - Math.atan2(position.y, position.x)) / DEGREE) * DEGREE;
      assert.ok(Math.abs(turned - equinoxes) < 1e-10);
      // Their velocity is that of a fixed frame; precession and nutation move ours by up to 6 mm/s.
      const gap = Math.hypot(
        velocity.z - state.vz * scale,
        Math.hypot(velocity.x, velocity.y) - Math.hypot(state.vx, state.vy) * scale,
      );
      assert.ok(gap < 8e-6, `${gap}`);
    }
  });

  it('eclipsed the Sun on 2017-08-21', () => {
    // F. Espenak, NASA/GSFC, Besselian elements (VSOP87/ELP2000-82), geocentric Moon at greatest eclipse, 18:25:29.9 UT:
    // right ascension 10h04m30.6s, declination +12 deg 16' 32.8", parallax 0 deg 58' 55.7".
    const utcMs = Date.parse('2017-08-21T18:25:29.900Z');
    const { position } = centre(utcMs);
    const { x, y, z } = position;
    const ra = wrapDeg(Math.atan2(y, x) / DEGREE + e_tilt(timeOf(utcMs)).ee / 240);
    const arcsec = 1 / 3600;
    // Printed to 0.1 s, 0.1 and 0.1 arcsec; the longest terms that the shortened theory leaves out are about an arcsec.
    assert.ok(Math.abs(wrapDeg(ra - 15 * (10 + 4 / 60 + 30.6 / 3600))) < 2 * arcsec);
    assert.ok(Math.abs(Math.asin(z / size(position)) / DEGREE - (12 + 16 / 60 + 32.8 / 3600)) < 2 * arcsec);
    const parallaxDeg = Math.asin(EQUATORIAL_RADIUS_KM / size(position)) / DEGREE;
    assert.ok(Math.abs(parallaxDeg - (58 / 60 + 55.7 / 3600)) < 0.2 * arcsec);
    // And stood over the Atlantic: the library's apparent sidereal time and our mean one meet in the same longitude.
    assert.ok(Math.abs(wrapDeg(subpoint(NEAR, utcMs).longitudeDeg - (ra - siderealTime(utcMs) / DEGREE))) < 0.2);
  });

  it('came to 356,509 km on 2016-11-14 at 11:23', () => {
    const at = (minutes: number) => size(centre(Date.parse('2016-11-14T11:23:00Z') + minutes * 60_000).position);
    // Published to a kilometre and a minute. The library is 9 km nearer, here as at the eclipse: 0.09 arcsec of parallax.
    assert.ok(Math.abs(at(0) - 356_509) < 15, `${at(0)}`);
    assert.ok(at(-30) > at(0) && at(30) > at(0));
  });

  it('stays between 356,000 and 407,000 km', () => {
    for (const utcMs of INSTANTS) {
      const distance = size(centre(utcMs).position);
      assert.ok(distance > 356_300 && distance < 406_800);
    }
  });
});

describe('lunarSurface', () => {
  it('turns its near side to the Earth, with the librations that astronomy-engine has', () => {
    const [east, north] = [place(0, 90), place(90, 0)];
    let [widest, highest] = [0, 0];
    for (const utcMs of INSTANTS) {
      const middle = centre(utcMs).position;
      const axis = (of: Ephemeris) => minus(of.motion(utcMs).position, middle);
      const toEarth = { x: -middle.x, y: -middle.y, z: -middle.z };
      const [x, y, z] = [NEAR, east, north].map((of) => dot(toEarth, axis(of)) / size(toEarth) / 1737.4);
      const longitudeDeg = Math.atan2(y!, x!) / DEGREE;
      const latitudeDeg = Math.asin(z!) / DEGREE;
      const { elon, elat } = Libration(timeOf(utcMs));
      // Two theories of the physical libration. Meeus' refers to the principal axes, tilted by 78.56 arcsec in latitude
      // against the mean Earth/polar axes of the IAU (NAIF frame kernel moon_080317.tf); 0.01 degrees is 300 m on the ground.
      assert.ok(Math.abs(longitudeDeg - elon) < 0.01, `${longitudeDeg} ${elon}`);
      assert.ok(Math.abs(latitudeDeg - elat + 78.56 / 3600) < 0.01, `${latitudeDeg} ${elat}`);
      widest = Math.max(widest, Math.abs(longitudeDeg));
      highest = Math.max(highest, Math.abs(latitudeDeg));
    }
    assert.ok(widest > 6 && widest < 8.2 && highest > 6 && highest < 7);
  });

  it('is rigid, and as high as it was told', () => {
    const utcMs = INSTANTS[7]!;
    const peak = lunarSurface({ name: 'peak', latitudeDeg: 45, longitudeDeg: 90, heightM: 10_786 }).motion(
      utcMs,
    ).position;
    const south = place(-90, 33).motion(utcMs).position;
    const middle = centre(utcMs).position;
    assert.ok(Math.abs(size(minus(peak, middle)) - 1748.186) < 1e-6);
    assert.ok(Math.abs(dot(minus(peak, middle), minus(south, middle)) / 1748.186 / 1737.4 + Math.SQRT1_2) < 1e-9);
  });

  it('refuses places that are not on the Moon', () => {
    const wrong = (change: object, code: string, message: RegExp) =>
      assert.throws(() => lunarSurface({ name: 'base', latitudeDeg: 0, longitudeDeg: 0, heightM: 0, ...change }), {
        code,
        message,
      });
    wrong({ latitudeDeg: 91 }, 'orbit/latitude', /^base: latitudeDeg is 91; it must be -90 to 90 degrees north/);
    wrong({ longitudeDeg: 200 }, 'orbit/longitude', /longitudeDeg is 200/);
    wrong({ heightM: Number.NaN }, 'orbit/altitude', /heightM is NaN/);
  });
});

describe('lunarOrbit', () => {
  it('keeps two-body energy, its plane, and its apses', () => {
    for (const orbit of [RELAY, LOW, { ...RELAY, eccentricity: 0.8, semiMajorAxisKm: 10_000, inclinationDeg: 120 }]) {
      const { motion } = lunarOrbit(orbit);
      const { semiMajorAxisKm: a, eccentricity: e } = orbit;
      const gm = 4902.8;
      const periodMs = 2000 * Math.PI * Math.sqrt(a ** 3 / gm);
      const around = (utcMs: number) => {
        const [there, moon] = [motion(utcMs), centre(utcMs)];
        return { r: minus(there.position, moon.position), v: minus(there.velocity, moon.velocity) };
      };
      for (let k = 0; k <= 200; k++) {
        const { r, v } = around(orbit.epochMs + (k / 200) * periodMs);
        // Relative: 1e-7 for GM to five digits, and the turning frame's 0.1 mm/s.
        assert.ok(Math.abs((dot(v, v) - (2 * gm) / size(r)) * (a / gm) + 1) < 3e-6);
      }
      const periapsisMs = orbit.epochMs - (orbit.meanAnomalyDeg / 360) * periodMs;
      for (const [utcMs, radiusKm] of [
        [periapsisMs, a * (1 - e)],
        [periapsisMs + periodMs / 2, a * (1 + e)],
      ] as const) {
        const { r, v } = around(utcMs);
        assert.ok(Math.abs(size(r) - radiusKm) < 1e-3);
        assert.ok(Math.abs(dot(r, v)) / size(r) / size(v) < 1e-5);
      }
    }
  });

  it("is inclined to the Moon's equator, its node counted from the equator's own", () => {
    // At the node of a polar orbit the satellite stands over the equator, and goes north.
    const utcMs = LOW.epochMs;
    const pole = minus(place(90, 0).motion(utcMs).position, centre(utcMs).position);
    const at = (change: Partial<LunarOrbit>) => {
      const { position } = lunarOrbit({ ...LOW, argumentOfPeriapsisDeg: 0, ...change }).motion(utcMs);
      return minus(position, centre(utcMs).position);
    };
    assert.ok(Math.abs(dot(at({ meanAnomalyDeg: 0 }), pole)) < 1e-3);
    const cosine = (r: Vector) => dot(r, pole) / size(r) / size(pole);
    assert.ok(Math.abs(cosine(at({ meanAnomalyDeg: 90 })) - 1) < 1e-9);
    assert.ok(Math.abs(cosine(at({ meanAnomalyDeg: 90, inclinationDeg: 30 })) - 0.5) < 1e-9);
    // The node of the Moon's equator lies in the plane of J2000: 26 years of precession tilt it by less than 0.2 degrees.
    const node = at({ meanAnomalyDeg: 0, ascendingNodeDeg: 0 });
    assert.ok(Math.abs(node.z) / size(node) < 0.2 * DEGREE);
    const ahead = at({ meanAnomalyDeg: 0, ascendingNodeDeg: 90 });
    assert.ok(Math.abs(dot(node, ahead)) < 1e-3 && ahead.z > 0);
  });

  it('refuses what is no orbit around the Moon', () => {
    const wrong = (change: Partial<LunarOrbit>, message: RegExp, code = 'orbit/synthetic') =>
      assert.throws(
        () => lunarOrbit({ ...RELAY, ...change }),
        (error) => error instanceof OrbitError && error.code === code && message.test(error.message),
      );
    wrong({ eccentricity: 0.8 }, /^relay: periselene, semiMajorAxisKm .* is 1228\.\d+; it must be 1737\.4 to 20000 km/);
    wrong({ semiMajorAxisKm: 15_000 }, /aposelene/);
    wrong({ eccentricity: Number.NaN }, /eccentricity is NaN/);
    wrong({ inclinationDeg: -1 }, /inclinationDeg/);
    wrong({ epochMs: Number.NaN }, /epochMs is NaN/, 'orbit/time');
  });
});

describe('both', () => {
  const targets = [
    NEAR,
    lunarSurface({ name: 'far', latitudeDeg: -45, longitudeDeg: 178, heightM: 11_000 }),
    lunarOrbit(RELAY),
    lunarOrbit(LOW),
    lunarOrbit({ ...RELAY, semiMajorAxisKm: 10_500, eccentricity: 0.83, name: 'high' }),
  ];

  it('have the velocity that their positions have, to a millimetre a second', () => {
    for (const target of targets) {
      for (const utcMs of INSTANTS.slice(0, 40)) {
        // Five points, 8 s apart: the truncation is 1e-9 km/s for the lowest orbit, the rounding 3e-8.
        const at = (step: number) => target.motion(utcMs + step * 8000).position;
        const [a, b, c, d] = [at(-2), at(-1), at(1), at(2)];
        const { velocity } = target.motion(utcMs);
        for (const axis of ['x', 'y', 'z'] as const) {
          const slope = (a[axis] - 8 * b[axis] + 8 * c[axis] - d[axis]) / 96;
          assert.ok(Math.abs(slope - velocity[axis]) < 2e-7, `${target.name} ${axis}: ${slope - velocity[axis]} km/s`);
        }
      }
    }
  });

  it('never move faster or farther than their bounds, nor need longer for a revolution', () => {
    for (const target of targets) {
      const { reachKm, aroundKmS, nearestKm, centreKmS } = target.occluder!;
      let [fastest, farthest, turned, longestMs, speed, around, reach] = [0, 0, 0, 0, 0, 0, 0];
      let startMs = Date.UTC(2010, 0);
      let before: number | null = null;
      for (let utcMs = startMs; utcMs < Date.UTC(2030, 0); utcMs += 9.7 * 3_600_000) {
        const { position: r, velocity: v } = target.motion(utcMs);
        const momentum = size({ x: r.y * v.z - r.z * v.y, y: r.z * v.x - r.x * v.z, z: r.x * v.y - r.y * v.x });
        fastest = Math.max(fastest, momentum / dot(r, r));
        farthest = Math.max(farthest, size(r));
        speed = Math.max(speed, size(v));
        const moon = centre(utcMs);
        assert.ok(size(moon.position) > nearestKm && size(moon.velocity) < centreKmS);
        reach = Math.max(reach, size(minus(r, moon.position)));
        around = Math.max(around, size(minus(v, moon.velocity)));
        const angle = Math.atan2(r.y, r.x) / DEGREE;
        turned += before === null ? 0 : wrapDeg(angle - before);
        before = angle;
        if (turned >= 360) {
          longestMs = Math.max(longestMs, utcMs - startMs);
          startMs = utcMs;
          turned -= 360;
        }
      }
      assert.ok(fastest < target.fastestRadS && fastest > 0.35 * target.fastestRadS, target.name);
      assert.ok(speed < target.fastestKmS && speed > 0.7 * target.fastestKmS, target.name);
      assert.ok(reach < reachKm + 1e-6 && reach > 0.99 * reachKm && around < aroundKmS + 1e-5, target.name);
      assert.ok(farthest < target.apogeeKm && farthest > target.apogeeKm - 30_000);
      assert.ok(
        longestMs < target.revolutionMs && longestMs > 27 * DAY_MS,
        `${target.name}: ${longestMs / DAY_MS} days`,
      );
    }
  });

  it('stand where their occluder has them', () => {
    for (const target of targets) {
      for (const utcMs of INSTANTS.slice(0, 40)) {
        const [moon, beside] = [target.occluder!.centre(utcMs), target.occluder!.fromCentre(utcMs)];
        assert.ok(size(minus(moon, centre(utcMs).position)) < 1e-9);
        assert.ok(size(minus(minus(target.motion(utcMs).position, moon), beside)) < 1e-9);
      }
      for (const where of [target.occluder!.centre, target.occluder!.fromCentre]) {
        assert.throws(() => where(Number.NaN), { code: 'orbit/time' });
        assert.throws(() => where(Date.UTC(2100, 0)), { code: 'orbit/propagation' });
      }
    }
  });

  it('give the same whatever was asked before', () => {
    const target = targets[2]!;
    const utcMs = INSTANTS[3]!;
    const first = target.motion(utcMs);
    target.motion(utcMs + 50);
    e_tilt(timeOf(utcMs + 60_040));
    assert.deepEqual(target.motion(utcMs), first);
  });

  it('refuse instants that are none, and years that the ephemeris was not held to', () => {
    for (const target of targets) {
      assert.throws(() => target.motion(Number.NaN), { code: 'orbit/time' });
      assert.throws(() => target.motion(Date.UTC(2100, 0)), { code: 'orbit/propagation', message: /1950 to 2099/ });
      assert.throws(() => target.motion(Date.UTC(1949, 0)), { code: 'orbit/propagation' });
    }
  });
});
