import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attackNamed, attacks } from '@skykey/photons';
import { ASSUMPTIONS, assumptionOf } from './assumptions.ts';
import type { LabLink } from './link.ts';
import { type Play, playPass } from './play.ts';
import { checkStudy, type Study, train, visibilityOf } from './study.ts';
import { miciusLink } from './test/micius.ts';

const link = miciusLink({ seconds: 40 });
const baseline = train(link, 1, 24);

const played = (attack: string, change: Partial<Play> = {}) =>
  playPass({
    link,
    baseline,
    attack: attackNamed(attack),
    strength: attackNamed(attack).strength.usual,
    seed: 3,
    pass: 0,
    level: 'count',
    without: [],
    assumptions: 'on',
    onset: 'drawn',
    ...change,
  });

describe('a pass of the lab', () => {
  it('is the same whenever it is played', () => {
    assert.deepEqual(played('pns', { pass: 7 }), played('pns', { pass: 7 }));
    assert.notDeepEqual(played('pns', { pass: 7 }).detections, played('pns', { pass: 8 }).detections);
  });

  it('has the same sky and onset at every strength', () => {
    const [weak, strong] = [played('pns', { strength: 0.01 }), played('pns', { strength: 0.02 })];
    assert.equal(weak.onsetS, strong.onsetS);
    assert.ok(weak.onsetS! >= 0 && weak.onsetS! < 20);
  });

  it('is clean, gives key and leaks nothing when nobody is there', () => {
    const clean = played('none');
    assert.equal(clean.verdict, 'clean');
    assert.equal(clean.hard, false);
    assert.equal(clean.onsetS, null);
    assert.equal(clean.knownBits, 0);
    assert.ok(clean.secretBits > 1e5);
    assert.ok(clean.leakageExcessBits < 0);
    assert.equal(clean.refused, null);
  });

  it('ends in a hard alarm under intercept-resend, soon after its begin', () => {
    const tapped = played('intercept-resend');
    assert.equal(tapped.hard, true);
    assert.equal(tapped.verdict, 'tap');
    assert.ok(tapped.latencyS! > 0 && tapped.latencyS! <= 2);
    assert.match(tapped.evidence!, /errors/);
  });

  it('gives no key, and leaks it all to photon-number splitting in full', () => {
    const split = played('pns', { strength: 1, onset: 'start' });
    assert.ok(split.knownBits > 0.95 * split.sifted);
    assert.equal(split.secretBits, 0);
    assert.equal(split.leakageExcessBits, 0);
    assert.match(split.refused!, /counts grant no more/);
  });

  it('knows the multi-photon pulses of a beam splitter, and the bound has paid for them', () => {
    const split = played('beam-splitting', { onset: 'start' });
    assert.ok(split.knownBits > 0.4 * split.sifted);
    assert.ok(split.secretBits > 1e5);
    assert.ok(split.leakageExcessBits < 0);
    assert.equal(split.verdict, 'clean');
  });
});

describe('assumptions', () => {
  it('are known for every attack that names one', () => {
    for (const attack of attacks) {
      const expected = attack.kind === 'fault' ? 'devices-whole' : attack.assumption;
      assert.equal(assumptionOf(attack)?.name ?? null, expected);
    }
    for (const { name, monitor, sentence } of ASSUMPTIONS.values()) {
      assert.ok(sentence.length > 20, name);
      assert.ok(monitor === null || name.endsWith('monitor') || name === 'self-test');
    }
  });

  it('refuse the key by their monitor, and not without it', () => {
    const guarded = played('blinding', { strength: 1, onset: 'start' });
    assert.equal(guarded.secretBits, 0);
    assert.match(guarded.refused!, /^bright-light-monitor: /);
    const blind = played('blinding', { strength: 1, onset: 'start', assumptions: 'off' });
    assert.ok(blind.secretBits > 0);
    assert.ok(blind.leakageExcessBits > 0.1 * blind.sifted);
    // The monitor may also be missing: then nothing refuses either.
    const missing = played('blinding', { strength: 1, onset: 'start', without: ['bright-light'] });
    assert.ok(missing.leakageExcessBits > 0.1 * missing.sifted);
  });

  it('refuse the key of a receiver with a dead detector, whose bits anybody knows', () => {
    const guarded = played('dead-detector', { onset: 'start' });
    assert.equal(guarded.verdict, 'fault');
    assert.match(guarded.refused!, /^devices-whole: /);
    const unseen = played('dead-detector', { onset: 'start', assumptions: 'off' });
    assert.ok(unseen.secretBits > 0 && unseen.leakageExcessBits > 0);
  });

  it('leave the secrecy of other attacks to the bound, whatever their alarm says', () => {
    const loud = played('intercept-resend', { strength: 0.02 });
    assert.equal(loud.hard, true);
    assert.ok(loud.secretBits > 0);
    assert.ok(loud.leakageExcessBits < 0);
  });

  it('are worth their price: what comes back of a probe leaks, over a whole pass, more than an unpaid bound grants', () => {
    const whole = miciusLink();
    const change = { link: whole, baseline: train(whole, 1, 10), onset: 'start', strength: 0.1 } as const;
    const unpaid = played('trojan-horse', { ...change, assumptions: 'off' });
    assert.ok(unpaid.secretBits > 0 && unpaid.leakageExcessBits > 0);
    assert.ok(played('trojan-horse', change).leakageExcessBits <= 0);
  });

  const flawed = (change: Record<string, unknown>): LabLink => {
    const detectors = link.receiver.flaws!.detectors!.map((one, d) => ({
      ...one,
      ...(typeof change.backFlash === 'number' ? { backFlash: change.backFlash } : {}),
      ...(change.apartPs ? { timeResponse: { centrePs: (d & 1 ? 1 : -1) * 300, widthPs: 150 } } : {}),
    }));
    const receiver = { ...link.receiver, flaws: { ...link.receiver.flaws, detectors } };
    return { ...link, receiver, alarm: { ...link.alarm, receiver } };
  };

  it('are worth their price: a receiver that flashes back half of its clicks leaks more than an unpaid bound grants', () => {
    const open = flawed({ backFlash: 0.5 });
    const change = { link: open, baseline: train(open, 1, 24), onset: 'start' } as const;
    const unpaid = played('back-flash', { ...change, assumptions: 'off' });
    assert.ok(unpaid.secretBits > 0 && unpaid.leakageExcessBits > 0);
    assert.ok(played('back-flash', change).leakageExcessBits <= 0);
  });

  it('are worth their price: so do detectors that look at different times, under a time shift', () => {
    const open = flawed({ apartPs: true });
    const change = { link: open, baseline: train(open, 1, 24), onset: 'start', strength: 300 } as const;
    const unpaid = played('time-shift-two-sided', { ...change, assumptions: 'off' });
    assert.ok(unpaid.secretBits > 0 && unpaid.leakageExcessBits > 0, `${unpaid.knownBits / unpaid.sifted}`);
    assert.ok(played('time-shift-two-sided', change).leakageExcessBits <= 0);
  });
});

describe('a question to the lab', () => {
  const study: Study = {
    attack: 'blinding',
    strength: 0.1,
    passes: 3,
    seed: 1,
    level: 'count',
    without: [],
    assumptions: 'on',
    onset: 'drawn',
  };

  it('is refused in a sentence when it makes no sense', () => {
    assert.throws(() => checkStudy({ ...study, attack: 'magic' }), { code: 'photons/attack' });
    assert.throws(() => checkStudy({ ...study, strength: 1.5 }), { code: 'photons/strength' });
    assert.throws(() => checkStudy({ ...study, passes: 0 }), /passes is 0; it must be a whole number from 1/);
    assert.throws(() => checkStudy({ ...study, attack: 'pns', assumptions: 'off' }), { code: 'lab/assumption' });
    assert.throws(() => checkStudy({ ...study, without: ['nose' as 'clock'] }), /there is no monitor nose/);
    assert.equal(checkStudy(study).name, 'blinding');
  });

  it('makes an attack D3 whose monitor is missing', () => {
    const attack = attackNamed('blinding');
    assert.equal(visibilityOf(attack, study), 'D2');
    assert.equal(visibilityOf(attack, { ...study, without: ['bright-light'] }), 'D3');
    assert.equal(visibilityOf(attack, { ...study, assumptions: 'off' }), 'D3');
    assert.equal(visibilityOf(attackNamed('pns'), study), 'D1');
  });
});
