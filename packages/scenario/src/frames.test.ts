import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Elements, geostationary, keplerian, look, type Station, subpoint, type Target } from '@skykey/orbit';
import { createTables, expectedObservation, type LinkTrace } from '@skykey/photons';
import fc from 'fast-check';
import { type Compensation, compensatedFrames, EPHEMERIS_COMPENSATION, frameRotationRad } from './frames.ts';
import type { ScenarioPass } from './passes.ts';
import { PUBLISHED, TARGET, USEFUL } from './test/micius.ts';
import { linkTrace } from './trace.ts';

const DEGREE = Math.PI / 180;
const EPOCH_MS = Date.parse('2026-03-20T00:00:00Z');
const UNEVEN = { kind: 'ephemeris', stepRad: 0.031, latencyS: 0.4, biasRad: -0.02 } as const;
const principal = (angle: number): number => angle - Math.PI * Math.round(angle / Math.PI);
const binsOf = ({ window }: ScenarioPass, binMs: number): number =>
  Math.round((window!.endMs - window!.startMs) / binMs);
/** A station at sea level. */
const at = (latitudeDeg: number, longitudeDeg: number): Station => ({
  id: 'here',
  name: 'Here',
  latitudeDeg,
  longitudeDeg: longitudeDeg - 360 * Math.round(longitudeDeg / 360),
  altitudeM: 0,
});
/** By how much the frames turn from one moment to another, followed in steps of 20 ms at most. */
function turned(target: Target, station: Station, fromMs: number, toMs: number): number {
  const steps = Math.max(1, Math.ceil((toMs - fromMs) / 20));
  let angle = frameRotationRad(target, station, fromMs);
  let sum = 0;
  for (let step = 1; step <= steps; step++) {
    const next = frameRotationRad(target, station, fromMs + (step / steps) * (toMs - fromMs));
    sum += principal(next - angle);
    angle = next;
  }
  return sum;
}

describe('frameRotationRad', () => {
  // The normal of a geostationary orbit is the pole, so that spherical trigonometry knows the angle: the pole stands
  // beside the vertical by the parallactic angle, to the left for a satellite in the east of a northern station.
  it('is a right angle and the parallactic angle for a geostationary satellite, counter-clockwise', () => {
    const target = geostationary({ name: 'hanging', epochMs: EPOCH_MS, longitudeDeg: 20 });
    fc.assert(
      fc.property(
        fc.double({ min: -65, max: 65, noNaN: true }),
        fc.double({ min: -40, max: 80, noNaN: true }),
        (la, lo) => {
          fc.pre(Math.abs(la) > 5 || Math.abs(lo - 20) > 5);
          const station = at(la, lo);
          const { azimuthDeg, elevationDeg } = look(target, station, EPOCH_MS);
          fc.pre(elevationDeg > 5);
          const [azimuth, elevation] = [azimuthDeg * DEGREE, elevationDeg * DEGREE];
          const parallactic = Math.atan2(
            Math.sin(azimuth),
            Math.tan(la * DEGREE) * Math.cos(elevation) - Math.sin(elevation) * Math.cos(azimuth),
          );
          const found = frameRotationRad(target, station, EPOCH_MS);
          const off = found - Math.PI / 2 - parallactic;
          // The orbit stands 0.0273 degrees askew, by Sun and Moon.
          assert.ok(Math.abs(Math.atan2(Math.sin(off), Math.cos(off))) < 0.03 * DEGREE, `${found} at ${la}, ${lo}`);
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  it('hardly turns for a geostationary satellite', () => {
    const target = geostationary({ name: 'hanging', epochMs: EPOCH_MS, longitudeDeg: 20 });
    const station = at(52, 5);
    const first = frameRotationRad(target, station, EPOCH_MS);
    for (let hour = 1; hour <= 24; hour++) {
      const now = frameRotationRad(target, station, EPOCH_MS + hour * 3_600_000);
      assert.ok(Math.abs(principal(now - first)) < 0.1 * DEGREE, `${(now - first) / DEGREE} degrees after ${hour} h`);
    }
  });

  it('turns by about 180 degrees while a satellite flies through the zenith, most of it near the culmination', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 400, max: 1200, noNaN: true }),
        fc.double({ min: 30, max: 150, noNaN: true }),
        fc.double({ min: -180, max: 180, noNaN: true }),
        fc.constantFrom(-1, 1),
        (heightKm, inclinationDeg, meanAnomalyDeg, side) => {
          const target: Elements = keplerian({
            name: 'over',
            epochMs: EPOCH_MS,
            semiMajorAxisKm: 6378.137 + heightKm,
            eccentricity: 0,
            inclinationDeg,
            ascendingNodeDeg: 40,
            argumentOfPerigeeDeg: 0,
            meanAnomalyDeg,
          });
          const below = subpoint(target, EPOCH_MS);
          // Over the poles a degree of longitude is nothing to step aside by.
          fc.pre(Math.abs(below.latitudeDeg) < 70);
          const later = subpoint(target, EPOCH_MS + 1000);
          const squeeze = Math.cos(below.latitudeDeg * DEGREE);
          const north = later.latitudeDeg - below.latitudeDeg;
          const east = (later.longitudeDeg - below.longitudeDeg) * squeeze;
          const aside = (side * 0.01 * heightKm) / 111 / Math.hypot(north, east);
          const station = at(below.latitudeDeg - aside * east, below.longitudeDeg + (aside * north) / squeeze);
          assert.ok(look(target, station, EPOCH_MS).elevationDeg > 89);
          // Until the satellite stands 45 degrees from the zenith, and 11.
          const crossingS = heightKm / 7.2;
          const over = (seconds: number): number =>
            Math.abs(turned(target, station, EPOCH_MS - 1000 * seconds, EPOCH_MS + 1000 * seconds)) / DEGREE;
          const [all, middle] = [over(crossingS), over(0.2 * crossingS)];
          assert.ok(all > 172 && all < 188, `${all} degrees`);
          assert.ok(middle > 165, `${middle} degrees in the middle`);
        },
      ),
      { seed: 2, numRuns: 40 },
    );
  });

  it('says where there is no position', () => {
    assert.throws(() => frameRotationRad(TARGET, PUBLISHED.link.station.station, Number.NaN), { code: 'orbit/time' });
  });
});

describe('compensatedFrames', () => {
  const free = (pass: ScenarioPass, bins: number): Float64Array => compensatedFrames(pass, pass.window!, bins, 'none');
  const steep = USEFUL.find(({ passId }) => passId === 'micius-moscow-20161230t221701z')!;

  it('follows the free rotation without a jump, and is the angle in the middle of the bin modulo pi', () => {
    for (const pass of USEFUL) {
      const bins = binsOf(pass, 100);
      const angle = free(pass, bins);
      let fastest = 0;
      for (let bin = 0; bin < bins; bin++) {
        const middleMs = pass.window!.startMs + (bin + 0.5) * 100;
        const now = frameRotationRad(TARGET, pass.link.station.station, middleMs);
        assert.ok(Math.abs(principal(angle[bin]! - now)) < 1e-9);
        if (bin > 0) fastest = Math.max(fastest, Math.abs(angle[bin]! - angle[bin - 1]!));
      }
      // Culminating at 85 degrees a low orbit turns by 10 degrees a second.
      assert.ok(fastest < 1.1 * DEGREE, `${pass.passId}: ${fastest / DEGREE} degrees in 0.1 s`);
      assert.ok(Math.abs(angle[0]!) <= Math.PI / 2);
    }
  });

  it('means the same light whatever bins a window is cut into', () => {
    const whole = binsOf(steep, 100);
    const fine = free(steep, 5 * whole);
    const usual = free(steep, whole);
    for (let bin = 0; bin < whole; bin++) assert.ok(Math.abs(usual[bin]! - fine[5 * bin + 2]!) < 1e-9);
    const { startMs, endMs } = steep.window!;
    const part = compensatedFrames(steep, { startMs: startMs + 5000, endMs }, whole - 50, UNEVEN);
    assert.deepEqual(part, compensatedFrames(steep, steep.window!, whole, UNEVEN).slice(50));
  });

  it('leaves at most half a step, what turns within the latency, and the bias', () => {
    const compensation = fc.record({
      kind: fc.constant('ephemeris' as const),
      stepRad: fc.oneof(fc.constant(0), fc.double({ min: 1e-9, max: 0.3, noNaN: true })),
      latencyS: fc.double({ min: 0, max: 0.5, noNaN: true }),
      biasRad: fc.double({ min: -0.2, max: 0.2, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.nat(USEFUL.length - 1), compensation, (index, one) => {
        const pass = USEFUL[index]!;
        const { startMs, endMs } = pass.window!;
        const bins = 200;
        const left = compensatedFrames(pass, pass.window!, bins, one);
        for (let bin = 0; bin < bins; bin++) {
          const utcMs = startMs + ((bin + 0.5) * (endMs - startMs)) / bins;
          const meanwhile = Math.abs(turned(TARGET, pass.link.station.station, utcMs - 1000 * one.latencyS, utcMs));
          const bound = one.stepRad / 2 + meanwhile + Math.abs(one.biasRad);
          // An instant in ms is good to a quarter of a microsecond.
          assert.ok(Math.abs(left[bin]!) <= bound + 1e-8, `${left[bin]} beyond ${bound}`);
        }
      }),
      { seed: 3, numRuns: 25 },
    );
  });

  it('has each fault of the rotator as it is declared', () => {
    const { startMs, endMs } = steep.window!;
    const bins = binsOf(steep, 1000);
    const faultless = { kind: 'ephemeris', stepRad: 0, latencyS: 0, biasRad: 0 } as const;
    const left = (fault: Partial<Record<'stepRad' | 'latencyS' | 'biasRad', number>>): Float64Array =>
      compensatedFrames(steep, steep.window!, bins, { ...faultless, ...fault });
    assert.ok(left({}).every((angle) => Math.abs(angle) < 1e-12));
    assert.ok(left({ biasRad: -0.02 }).every((angle) => Math.abs(angle - 0.02) < 1e-12));
    const late = left({ latencyS: 0.4 });
    const coarse = left({ stepRad: 0.031 });
    for (let bin = 0; bin < bins; bin++) {
      const utcMs = startMs + ((bin + 0.5) * (endMs - startMs)) / bins;
      const { station } = steep.link.station;
      assert.ok(Math.abs(late[bin]! - turned(TARGET, station, utcMs - 400, utcMs)) < 1e-8);
      const stood = principal(frameRotationRad(TARGET, station, utcMs)) - coarse[bin]!;
      assert.ok(Math.abs(stood / 0.031 - Math.round(stood / 0.031)) < 1e-6);
    }
    assert.ok(Math.max(...late) > 3 * DEGREE);
  });

  it('makes errors as sin², nearly all of which compensation takes away', () => {
    for (const pass of [PUBLISHED, steep]) {
      const bins = binsOf(pass, 5000);
      const frames = free(pass, bins);
      const errors = errorsOf(pass, 'none');
      const expected = frames.reduce((sum, angle) => sum + Math.sin(angle) ** 2, 0) / bins;
      for (const [bin, error] of errors.entries()) {
        // A double click is not in it: of the errors it hides a share of some 1e-4.
        assert.ok(Math.abs(error - Math.sin(frames[bin]!) ** 2) < 1e-3, `${error} at ${frames[bin]}`);
      }
      assert.ok(expected > 0.04, `${expected}`);
      for (const error of errorsOf(pass, EPHEMERIS_COMPENSATION)) assert.ok(error < 1e-3, `${error}`);
    }
  });

  /** Error rate in the key basis, bin by bin of 5 s, of a link with no other errors. */
  function errorsOf(pass: ScenarioPass, frames: Compensation): number[] {
    const { link } = pass;
    assert.ok(link.source.kind === 'decoy');
    const played = linkTrace(pass, { frames, binS: 5 });
    const trace: LinkTrace = { ...played, noisePerGate: played.noisePerGate.map(() => 0) };
    const receiver = { ...link.receiver, misalignment: 0 };
    const tables = createTables({ trace, source: link.source, receiver, seed: 0 });
    return Array.from({ length: tables.bins }, (_, bin) => {
      const { single } = expectedObservation(tables.next(bin));
      return (single[1]! + single[4]!) / (single[0]! + single[1]! + single[4]! + single[5]!);
    });
  }

  it('refuses what no rotator is', () => {
    const refused = (change: Partial<typeof UNEVEN | Record<string, number>>, message: RegExp): void => {
      const broken = { ...UNEVEN, ...change } as typeof UNEVEN;
      assert.throws(() => compensatedFrames(steep, steep.window!, 10, broken), { code: 'scenario/frames', message });
    };
    refused({ stepRad: -0.1 }, /^stepRad is -0.1; it must be 0, or 1e-9 to pi\/2$/);
    refused({ stepRad: 2 }, /stepRad is 2/);
    refused({ latencyS: -1 }, /latencyS is -1; it must be finite and not negative/);
    refused({ biasRad: Number.NaN }, /biasRad is NaN; it must be finite/);
    assert.throws(() => free(steep, 0), { code: 'scenario/frames', message: /^bins is 0; it must be a whole number/ });
  });
});
