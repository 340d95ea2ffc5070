import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  coherenceM,
  coherenceTimeS,
  friedParameterM,
  friedParameterUplinkM,
  greenwoodHz,
  isoplanaticAngleRad,
} from './turbulence.ts';

const HV57 = { windMS: 21, groundCn2: 1.7e-14, groundWindMS: 5 };
const zenith = { profile: HV57, stationHeightM: 0, wavelengthNm: 500, elevationDeg: 90 };

const within = (actual: number, expected: number, relative: number) =>
  assert.ok(Math.abs(actual / expected - 1) <= relative, `${actual} is not ${expected} within ${relative}`);

describe('phase of a wave behind turbulence', () => {
  it('HV-5/7 has its 5 cm and 7 microrad at 500 nm', () => {
    within(friedParameterM(zenith), 0.0496, 0.001);
    within(friedParameterM(zenith), 0.05, 0.02);
    within(isoplanaticAngleRad(zenith), 6.89e-6, 0.001);
    within(isoplanaticAngleRad(zenith), 7e-6, 0.02);
  });

  it('HV-5/7 has 9.38 cm at 850 nm', () => within(friedParameterM({ ...zenith, wavelengthNm: 850 }), 0.0938, 0.001));

  it('goes with wavelength and zenith distance as theory has it', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 5, max: 89, noNaN: true }),
        fc.double({ min: 1.01, max: 3, noNaN: true }),
        (deg, factor) => {
          const at = { ...zenith, elevationDeg: deg };
          const longer = { ...at, wavelengthNm: 500 * factor };
          const sine = Math.sin((deg * Math.PI) / 180);
          within(friedParameterM(longer) / friedParameterM(at), factor ** 1.2, 1e-9);
          within(isoplanaticAngleRad(longer) / isoplanaticAngleRad(at), factor ** 1.2, 1e-9);
          within(friedParameterM(at) / friedParameterM(zenith), sine ** 0.6, 1e-9);
          within(isoplanaticAngleRad(at) / isoplanaticAngleRad(zenith), sine ** 1.6, 1e-9);
        },
      ),
      { seed: 3, numRuns: 100 },
    );
  });

  it('of an uplink is that of a downlink as soon as the satellite is far', () => {
    const up = friedParameterUplinkM({ ...zenith, rangeKm: 500 });
    assert.ok(up > friedParameterM(zenith) && up < 1.003 * friedParameterM(zenith));
    within(friedParameterUplinkM({ ...zenith, rangeKm: 1e9 }), friedParameterM(zenith), 1e-6);
    // In the satellite's plane the same wave is smooth over metres.
    assert.ok(coherenceM({ ...zenith, rangeKm: 500, end: 'space' }) > 10);
    assert.throws(() => friedParameterUplinkM({ ...zenith, rangeKm: 20 }), {
      code: 'optics/range',
      message: /30\.0 km/,
    });
  });

  it('changes in 0.134 over the Greenwood frequency, faster with a slew', () => {
    within(coherenceTimeS(zenith) * greenwoodHz(zenith), (0.102 / 2.914) ** 0.6, 1e-12);
    // 0.314 r0 / V for a wind that is the same everywhere (Roddier 1981).
    const even = { ...zenith, profile: { ...HV57, windMS: 10, groundWindMS: 10 } };
    within(coherenceTimeS(even), (0.314 * friedParameterM(even)) / 10, 0.002);
    assert.ok(greenwoodHz({ ...zenith, slewRadS: 0.012 }) > 3 * greenwoodHz(zenith));
  });

  it('refuses the horizon', () => {
    for (const elevationDeg of [0, -5, 90.1, Number.NaN]) {
      assert.throws(() => friedParameterM({ ...zenith, elevationDeg }), { code: 'optics/elevation' });
    }
    assert.throws(() => friedParameterM({ ...zenith, wavelengthNm: 0 }), { code: 'optics/parameter' });
  });
});
