import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Link } from '../link/link.ts';
import { scintillationIndex } from '../turbulence/scintillation.ts';
import { uplinkBeam } from '../turbulence/uplink-beam.ts';
import { fadingOf, POINTING_CORRELATION_S } from './fading.ts';

const down: Link = {
  direction: 'down',
  wavelengthNm: 850,
  transmitter: { beam: { kind: 'gaussian', divergenceRad: 10e-6 }, jitterRad: 1.2e-6, biasRad: 0.3e-6, lossDb: 0 },
  receiver: {
    diameterM: 0.6,
    obscurationDiameterM: 0,
    fieldOfViewRad: 50e-6,
    jitterRad: 0,
    biasRad: 0,
    coupling: { kind: 'field-of-view' },
    transmittance: 1,
  },
  air: {
    stationHeightM: 890,
    extinction: { kind: 'modtran' },
    turbulence: { windMS: 21, groundCn2: 1.7e-14, groundWindMS: 5 },
  },
};
const at = { rangeKm: 900, elevationDeg: 32, slewRadS: 0.007 };

describe('fading of a downlink', () => {
  it('is the scintillation of its aperture and the jitter of its transmitter', () => {
    const { scintillation, pointing } = fadingOf(down, at);
    const { index, law } = scintillationIndex({
      direction: 'down',
      profile: down.air!.turbulence!,
      stationHeightM: 890,
      wavelengthNm: 850,
      elevationDeg: 32,
      apertureDiameterM: 0.6,
    });
    assert.equal(scintillation!.index, index);
    assert.equal(scintillation!.law, law);
    assert.deepEqual(pointing, {
      jitterRad: 1.2e-6,
      biasRad: 0.3e-6,
      beamHalfAngleRad: 5e-6,
      correlationS: POINTING_CORRELATION_S,
    });
  });

  it('lasts milliseconds, longer without slew', () => {
    const { correlationS } = fadingOf(down, at).scintillation!;
    assert.ok(correlationS > 5e-4 && correlationS < 2e-2, `${correlationS}`);
    assert.ok(fadingOf(down, { ...at, slewRadS: 0 }).scintillation!.correlationS > 2 * correlationS);
    assert.equal(fadingOf(down, at, { pointingCorrelationS: 0.2 }).pointing!.correlationS, 0.2);
  });

  it('has no scintillation where turbulence is part of another term, and none in space', () => {
    assert.equal(fadingOf({ ...down, air: { ...down.air!, turbulence: null } }, at).scintillation, null);
    const { scintillation, pointing } = fadingOf({ ...down, direction: 'space', air: null }, at);
    assert.equal(scintillation, null);
    assert.equal(pointing!.jitterRad, 1.2e-6);
  });

  it('has no pointing part where nothing jitters', () => {
    assert.equal(fadingOf({ ...down, transmitter: { ...down.transmitter, jitterRad: 0 } }, at).pointing, null);
  });
});

describe('fading of an uplink', () => {
  const up: Link = { ...down, direction: 'up' };

  it('adds the wander to the jitter so that the mean spot is the long-term spot', () => {
    const { pointing } = fadingOf(up, at);
    const spot = uplinkBeam({
      profile: down.air!.turbulence!,
      stationHeightM: 890,
      wavelengthNm: 850,
      elevationDeg: 32,
      rangeKm: 900,
      transmitterRadiusM: 850e-9 / (Math.PI * 5e-6),
    });
    const wanderRad = (5e-6 * spot.wanderM) / spot.diffractiveRadiusM / Math.SQRT2;
    assert.ok(Math.abs(pointing!.jitterRad - Math.hypot(1.2e-6, wanderRad)) < 1e-12);
    const mean = Math.sqrt(pointing!.beamHalfAngleRad ** 2 + 4 * wanderRad ** 2);
    assert.ok(Math.abs(mean / ((5e-6 * spot.longTermRadiusM) / spot.diffractiveRadiusM) - 1) < 1e-12);
  });

  it('forgets between its jitter and its wander', () => {
    const calm = fadingOf({ ...up, transmitter: { ...up.transmitter, jitterRad: 0 } }, at).pointing!.correlationS;
    const { correlationS } = fadingOf(up, at, { pointingCorrelationS: 1e-4 }).pointing!;
    assert.ok(correlationS > 1e-4 && correlationS < calm);
  });

  it('is not averaged by the satellite', () => {
    assert.ok(fadingOf(up, at).scintillation!.index > 10 * fadingOf(down, at).scintillation!.index);
  });
});

it('refuses a satellite under the horizon and a time that is none', () => {
  assert.throws(() => fadingOf(down, { ...at, elevationDeg: -1 }), { code: 'optics/elevation' });
  assert.throws(() => fadingOf(down, { ...at, rangeKm: 0 }), { code: 'optics/parameter' });
  assert.throws(() => fadingOf(down, at, { pointingCorrelationS: 0 }), { code: 'optics/parameter' });
});
