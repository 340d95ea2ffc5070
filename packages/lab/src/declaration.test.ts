import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Attack, attackNamed, attacks, type DetectorFlaws } from '@skykey/photons';
import { calibrationOf, declarationOf, FORGED } from './declaration.ts';
import { DRIFTS, mostArrivalPs, receiverMismatch } from './mismatch.ts';
import { playPass } from './play.ts';
import { train } from './study.ts';
import { miciusLink } from './test/micius.ts';
import { EFFICIENCY } from './wander.ts';

const link = miciusLink();
const clean = declarationOf(link);
const never = { fromS: Number.POSITIVE_INFINITY, toS: Number.POSITIVE_INFINITY };
const declaredUnder = (attack: Attack, strength: number) => declarationOf(link, attack.create(strength, never));

describe('the declaration of a link', () => {
  it('covers what its devices do', () => {
    const flaws = link.source.flaws!;
    assert.equal(clean.phaseRandomised, true);
    // Three atoms at 0 and sqrt(3) standard deviations stand for the Gaussian.
    assert.ok(clean.fluctuation > Math.sqrt(3) * flaws.fluctuation!);
    for (const row of flaws.correlation!) {
      for (const change of row) {
        const mean = row.reduce((sum, c, k) => sum + c * link.source.intensities[k]!.probability, 1);
        assert.ok(Math.abs((1 + change) / mean - 1) <= clean.correlation.deviation + 1e-12);
      }
    }
    assert.deepEqual('offsetsPs' in clean.timing && clean.timing.offsetsPs, flaws.diodeOffsetPs);
    assert.ok(clean.backFlashProbability >= Math.max(...link.receiver.flaws!.detectors!.map((d) => d.backFlash!)));
    assert.ok(clean.trojanMeanPhotons > 0 && clean.trojanMeanPhotons < 1e-6);
  });

  it('is the same whoever is on the line, however strong', () => {
    for (const attack of attacks) {
      const { low, high } = attack.strength;
      const [weak, strong] = [declaredUnder(attack, low), declaredUnder(attack, high)];
      // Two live on a defect of the diodes, two on phases that are not random: calibrations find those, and nothing else.
      const { timing: _, phaseRandomised: __, ...rest } = strong;
      const { timing, phaseRandomised, ...usual } = clean;
      assert.deepEqual(rest, usual, attack.name);
      if (!attack.name.startsWith('source-timing')) assert.deepEqual(strong.timing, timing, attack.name);
      if (attack.assumption !== 'phase-randomised') assert.equal(strong.phaseRandomised, phaseRandomised, attack.name);
      if (!attack.name.startsWith('source-timing')) assert.deepEqual(weak, strong, attack.name);
    }
  });

  it('has the defect with which a device was built', () => {
    const apart = calibrationOf(link, attackNamed('source-timing').create(300, never)).diodesPs;
    assert.ok(Math.abs(apart[4]! - apart[0]! - 300) < 1);
    assert.equal(declaredUnder(attackNamed('class-discrimination'), 1).phaseRandomised, false);
  });

  it('says a mismatch that no time, tilt and drift of the detectors exceeds', () => {
    const declared = clean.efficiencyMismatch;
    const detectors = link.receiver.flaws!.detectors!;
    const drift = DRIFTS * EFFICIENCY.sd;
    const most = mostArrivalPs(link.receiver, link.source.pulseRateHz);
    assert.equal(most, 500);
    const gaussian = (x: number, law: { centre: number; width: number }): number =>
      Math.exp(-(((x - law.centre) / law.width) ** 2) / 2);
    const at = (one: DetectorFlaws, ps: number, tilt: number): number =>
      one.efficiency! *
      gaussian(ps, { centre: one.timeResponse!.centrePs, width: one.timeResponse!.widthPs }) *
      gaussian(tilt, { centre: one.angleResponse!.centreMicroRad, width: one.angleResponse!.widthMicroRad });
    let worst = 0;
    for (const ps of [-most, -123, 0, 77, most]) {
      for (const tilt of [-100, -31, 0, 100]) {
        for (const a of detectors) {
          for (const b of detectors) {
            const ratio = (at(a, ps, tilt) * (1 - drift)) / (at(b, ps, tilt) * (1 + drift));
            worst = Math.max(worst, 1 - ratio);
          }
        }
      }
    }
    assert.ok(worst <= declared + 1e-12, `${worst} against ${declared}`);
    // It is reached, at a corner, by two detectors of the same basis or of two.
    assert.ok(declared < worst + 1e-9);
    // One detector up and the other down: more than either by itself.
    assert.ok(receiverMismatch({ ...link.receiver, flaws: {} }, 1e9) > 2 * drift * (1 - drift));
  });

  it('looks no further than clicks count: a slow clock has slots without end', () => {
    assert.equal(mostArrivalPs(link.receiver, 1e7), 400 + 5 * link.receiver.jitterPs);
  });
});

describe('what the checks miss', () => {
  const baseline = train(link, 1, 24);
  const played = (name: string, strength: number) => {
    const attack = attackNamed(name);
    const level = 'count';
    const [without, assumptions, onset] = [[], 'on', 'start'] as const;
    return playPass({ ...{ link, baseline, attack, strength, seed: 5, pass: 0, level }, without, assumptions, onset });
  };

  it('is paid for: at the share declared, forged clicks are seen', () => {
    for (const name of ['blinding', 'wavelength', 'after-gate', 'energy-time']) {
      assert.match(played(name, FORGED).refused!, /^(bright-light|out-of-band|gated-detectors)/, name);
    }
  });

  it('is paid for: so are brighter pulses and light sent into the transmitter', () => {
    for (const name of ['intensity', 'laser-damage']) {
      assert.match(played(name, 0.03).refused!, /^(source-power|self-test)/, name);
    }
    assert.match(played('trojan-horse', clean.trojanMeanPhotons).refused!, /^injected-power/);
  });
});
