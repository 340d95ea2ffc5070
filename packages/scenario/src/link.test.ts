import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readScenario } from './scenario.ts';
import { CURVE_TEXT, FILE, MICIUS, MICIUS_TEXT, refused } from './test/micius.ts';

describe('a link that cannot be', () => {
  it('for want of its loss curve, or of a curve in it', () => {
    refused(
      (scenario) => {
        scenario.stations[0].measured.file.value = 'nowhere.csv';
      },
      'scenario/file',
      /^micius-2016-12-19\.json: stations\.xinglong\.measured\.file is "nowhere\.csv", which cannot be read beside the scenario \(ENOENT/,
    );
    assert.throws(() => readScenario(MICIUS_TEXT, FILE, () => CURVE_TEXT.replace('645.100,29.754', '645.100;29.754')), {
      code: 'scenario/channel',
      message:
        /^micius-2016-12-19\.json: line \d+: stations\.xinglong\.measured\.file: micius-2017-loss-against-range\.csv: line 3: "645\.100;29\.754" must be two numbers with a comma between them$/,
    });
  });

  it('for devices that physics or the engine rules out', () => {
    refused(
      (scenario) => {
        scenario.stations[0].receiver.gateNs.value = 20;
      },
      'scenario/photons',
      /^micius-2016-12-19\.json: stations\.xinglong\.receiver: gateNs is 20; it must be positive, at most one slot \(10 ns\)/,
    );
    refused(
      (scenario) => {
        scenario.satellites[0].transmitter.source.pulseRateHz.value = 100_000_001;
      },
      'scenario/photons',
      /^micius-2016-12-19\.json: satellites\.micius\.transmitter\.source: binS is 0\.1 s, that is 10000000\.1 pulses/,
    );
  });

  it('for a window in which the channel is not known', () => {
    refused(
      (scenario) => {
        scenario.stations[0].window.maxRangeKm.value = 1300;
      },
      'scenario/window',
      /^micius-2016-12-19\.json: stations\.xinglong\.window goes out to 1300 km/,
    );
  });

  it('for a wavelength that no model of the air covers', () => {
    refused(
      (scenario) => {
        scenario.satellites[0].transmitter.wavelengthNm.value = 1550;
      },
      'scenario/wavelength',
      /^micius-2016-12-19\.json: satellites\.micius\.transmitter\.wavelengthNm through stations\.zvenigorod\.air: wavelengthNm is 1550; /,
    );
  });

  it('for a name that would mean two links', () => {
    refused(
      (scenario) => {
        const [first] = scenario.stations;
        scenario.stations.push({ ...first, id: 'moscow', siteId: undefined });
      },
      'scenario/link',
      'micius-2016-12-19.json: the links of micius with zvenigorod and of micius with moscow would both be called micius-moscow; one of the ids must be another',
    );
  });
});

describe('a link', () => {
  it('carries the figures of the file into the units of optics and photons', () => {
    const { optics, receiver, detectorEfficiency, direction } = MICIUS.links[1]!;
    assert.equal(direction, 'down');
    assert.equal(optics.wavelengthNm, 848.6);
    assert.deepEqual(optics.transmitter, {
      beam: { kind: 'top-hat', divergenceRad: 10 * 1e-6 },
      jitterRad: 1.2 * 1e-6,
      biasRad: 0,
      lossDb: 0,
    });
    assert.deepEqual(optics.receiver, {
      diameterM: 0.6,
      obscurationDiameterM: 0,
      fieldOfViewRad: 50 * 1e-6,
      jitterRad: 0,
      biasRad: 0,
      coupling: { kind: 'field-of-view' },
      transmittance: 0.16,
    });
    assert.deepEqual(optics.air, {
      stationHeightM: 180,
      extinction: { kind: 'modtran' },
      turbulence: { windMS: 21, groundCn2: 1.7e-14, groundWindMS: 5 },
    });
    assert.deepEqual(receiver, {
      basisXProbability: 0.5,
      misalignment: 0.003559,
      deadTimeNs: 50,
      jitterPs: 350,
      gateNs: 2,
    });
    assert.equal(detectorEfficiency, 0.5);
  });

  it('flies the measured curve where there is one, with the model beside it', () => {
    const [xinglong, zvenigorod] = MICIUS.links;
    assert.equal(xinglong!.channel, xinglong!.measured);
    assert.equal(zvenigorod!.measured, null);
    assert.equal(zvenigorod!.channel, zvenigorod!.model);
    assert.ok(xinglong!.model.covers({ rangeKm: 1200, elevationDeg: 19.5 }));
  });
});
