import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attackNamed, counts, type Disturbance } from '@skykey/photons';
import { miciusLink } from './test/micius.ts';

const link = miciusLink({ detections: 5e5 });
const { trace, source, receiver } = link;
const durationS = trace.channelTransmittance.length * trace.binS;

/** Shares of signal, decoy and vacuum among the clicks of four passes, and clicks a second. */
function sharesOf(disturbances: readonly Disturbance[]) {
  const clicks = [0, 0, 0];
  for (const seed of [1, 2, 3, 4]) {
    for (const { observation } of counts({ trace, source, receiver, seed, disturbances })) {
      observation.single.forEach((n, i) => {
        clicks[Math.floor(i / 16)]! += n;
      });
    }
  }
  const all = clicks.reduce((sum, n) => sum + n, 0);
  return { shares: clicks.map((n) => n / all), perSecond: all / 4 / durationS };
}

describe('photon-number splitting of 20 % at 500,000 detections a pass', () => {
  const { shares: honest, perSecond } = sharesOf([]);
  const { shares: attacked } = sharesOf([attackNamed('pns').create(0.2, { fromS: 0, toS: durationS })]);
  const gain = attacked.map((share, k) => Math.log(share / honest[k]!));
  const mean = (of: readonly number[]): number => of.reduce((sum, share, k) => sum + share * gain[k]!, 0);
  const spread = (of: readonly number[]): number =>
    Math.sqrt(of.reduce((sum, share, k) => sum + share * (gain[k]! - mean(of)) ** 2, 0));
  /** Clicks until the likelihood ratio, the best test there is, finds 99 of 100 at this quantile of the honest law. */
  const needed = (quantile: number): number =>
    ((quantile * spread(honest) + 2.326 * spread(attacked)) / (mean(attacked) - mean(honest))) ** 2;

  it('moves the best test of the shares of its classes by less than three standard deviations in two seconds', () => {
    const moved = ((mean(attacked) - mean(honest)) / spread(honest)) * Math.sqrt(2 * perSecond);
    assert.ok(moved > 2 && moved < 3, `${moved}`);
  });

  it('takes that test over ten seconds with the whole budget of 1e-4 for one window, over fourteen with 1e-6', () => {
    const seconds = [3.719, 4.753].map((quantile) => needed(quantile) / perSecond);
    assert.ok(seconds[0]! > 10 && seconds[0]! < 11.5, `${seconds}`);
    assert.ok(seconds[1]! > 14 && seconds[1]! < 15.5, `${seconds}`);
  });
});
