import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { backgroundRateHz } from '@skykey/optics';
import { look } from '@skykey/orbit';
import { backgroundAt } from './background.ts';
import type { LinkScenario } from './model.ts';
import { MICIUS, PUBLISHED, read, uplink } from './test/micius.ts';

const [XINGLONG] = MICIUS.links as [LinkScenario];
const { startMs } = PUBLISHED.window!;

describe('backgroundAt', () => {
  it('is the sum of its terms through telescope, filter and detectors', () => {
    const { terms, radiance, rateHz } = backgroundAt(XINGLONG, startMs);
    assert.ok(terms.length >= 4);
    for (const term of terms) assert.ok(term.radiance >= 0 && term.source.length > 3, term.name);
    const expected = backgroundRateHz({
      radiance,
      fieldOfViewRad: 50e-6,
      receiverDiameterM: 1,
      filterWidthNm: 1,
      wavelengthNm: 848.6,
      opticsTransmittance: 0.16,
      detectorEfficiency: 0.5,
    });
    assert.ok(Math.abs(rateHz / expected - 1) < 1e-12);
  });

  it('is far brighter by day than by night', () => {
    const morning = startMs - 14 * 3_600_000;
    for (let utcMs = morning; utcMs < morning + 6 * 3_600_000; utcMs += 60_000) {
      if (look(XINGLONG.satellite.target, XINGLONG.station.station, utcMs).elevationDeg < 20) continue;
      assert.ok(backgroundAt(XINGLONG, utcMs).radiance > 1e4 * backgroundAt(XINGLONG, startMs).radiance);
      return;
    }
    assert.fail('no pass by day');
  });

  it('grows with the lights of the place that the file declares', () => {
    const [bright] = read(({ stations }) => {
      stations[0].sky.artificialBrightnessMcdM2.value = 10;
    }).links as [LinkScenario];
    assert.ok(backgroundAt(bright, startMs).rateHz > backgroundAt(XINGLONG, startMs).rateHz);
  });

  it('is of the ground for an uplink', () => {
    const [link] = read(uplink).links as [LinkScenario];
    const names = backgroundAt(link, startMs).terms.map(({ name }) => name);
    assert.ok(names.includes('city lights') && !names.includes('city glow'));
  });
});
