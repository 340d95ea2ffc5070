import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { micius, miciusLink } from './test/micius.ts';

describe('the link of the studies', () => {
  const link = miciusLink();

  it('is the published pass below 1000 km at 1 GHz, in bins of half a second', () => {
    assert.equal(link.passId, 'micius-beijing-20161219t165214z');
    assert.equal(link.trace.binS, 0.5);
    assert.equal(link.trace.channelTransmittance.length, 411);
    assert.equal(link.source.pulseRateHz, 1e9);
    const [least, most] = [Math.min(...link.trace.channelTransmittance), Math.max(...link.trace.channelTransmittance)];
    // 645 km and 1000 km of the published curve: 29.2 to 34.7 dB.
    assert.ok(most > 1.1e-3 && most < 1.3e-3 && least > 3.3e-4 && least < 3.5e-4);
    assert.ok(link.detections > 3e7 && link.detections < 4e7);
  });

  it('keeps the noise of the scenario, cut to its own gate', () => {
    const perSecond = link.trace.noisePerGate[0]! / 0.8e-9;
    assert.ok(Math.abs(perSecond - (link.darkHz + link.skyHz[0]!)) < 1e-9);
    assert.equal(link.darkHz, 25);
    assert.ok(link.skyHz.every((rate) => rate > 0 && rate < 10));
  });

  it('says every change, and every flaw', () => {
    const what = link.assumed.map((row) => row.what);
    for (const change of [
      'pulse rate',
      'range',
      'jitter of a click',
      'gate',
      'back-flash that leaves the receiver',
      'paid for: intensities',
    ]) {
      assert.ok(what.includes(change), change);
    }
    assert.equal(new Set(what).size, what.length);
    assert.ok(!what.includes('loss'));
  });

  it('may have other devices, and says so', () => {
    const worn = miciusLink({ devices: 'worn-windows' });
    assert.equal(worn.receiver.flaws!.detectors![1]!.timeResponse!.centrePs, 60);
    assert.equal(worn.source.flaws!.diodeOffsetPs, undefined);
    assert.deepEqual(worn.trace, link.trace);
    assert.ok(worn.assumed.length > link.assumed.length);
    assert.equal(miciusLink({ devices: 'worn-back-flash' }).receiver.flaws!.detectors![0]!.backFlash, 0.5);
    assert.deepEqual(miciusLink({ devices: 'steady' }).receiver, link.receiver);
  });

  it('is scaled to a number of detections', () => {
    const faint = miciusLink({ detections: 5e5 });
    assert.ok(Math.abs(faint.detections - 5e5) < 10);
    const ratio = faint.source.pulseRateHz / link.source.pulseRateHz;
    assert.ok(Math.abs(ratio - 5e5 / link.detections) < 1e-5 * ratio);
    assert.deepEqual(faint.trace, link.trace);
    assert.ok(faint.assumed.some(({ what, value }) => what === 'pulse rate' && value.startsWith('14.')));
  });

  it('refuses what cannot be', () => {
    assert.throws(() => miciusLink({ detections: 1e9 }), { code: 'lab/parameter' });
    assert.throws(() => miciusLink({ detections: Number.NaN }), { code: 'lab/parameter' });
    assert.throws(() => miciusLink({ fromMs: Date.parse('2016-12-24T00:00:00Z'), stationId: 'atlantis' }), {
      code: 'lab/pass',
      message: /micius-2016-12-19 has no pass with light for key over atlantis in the three days from 2016-12-24/,
    });
    const scenario = micius();
    const [only] = scenario.links;
    const pairs = { kind: 'pairs', pairRateHz: 1e6, visibility: 0.9 } as const;
    const links = [{ ...only!, source: pairs }];
    assert.throws(() => miciusLink({ scenario: { ...scenario, links } }), /no source with two decoys/);
  });
});
