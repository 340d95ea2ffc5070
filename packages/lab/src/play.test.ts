import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attackNamed, attacks } from '@skykey/photons';
import { ASSUMPTIONS, assumptionOf } from './assumptions.ts';
import type { Devices } from './flaws.ts';
import { type Play, playPass } from './play.ts';
import { checkStudy, type Study, train, visibilityOf } from './study.ts';
import { miciusLink } from './test/micius.ts';

const link = miciusLink();
const baseline = train(link, 1, 16);

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
    assert.ok(weak.onsetS! >= 0 && weak.onsetS! < 103);
  });

  it('is clean, gives key and leaks nothing when nobody is there', () => {
    const clean = played('none');
    assert.equal(clean.verdict, 'clean');
    assert.equal(clean.hard, false);
    assert.equal(clean.onsetS, null);
    assert.equal(clean.knownBits, 0);
    assert.ok(clean.secretBits > 1e5 && clean.secretBits < 1e6);
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
      assert.equal(monitor === null, !(name.endsWith('monitor') || name === 'self-test' || name === 'trojan-bound'));
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

  it('are the same for every pass: a check refuses whoever is on the line', () => {
    // A jammer has no check of its own; the clicks that it makes outside of the gate are those of a broken gate.
    assert.match(played('jamming', { onset: 'start' }).refused!, /^gated-detectors-checked: /);
    // Two monitors see a seeded laser: with one not fitted the other still refuses.
    const seeded = played('laser-seeding', { strength: 1, onset: 'start', without: ['injected-power'] });
    assert.match(seeded.refused!, /^source-power-monitor: /);
  });

  it('are taken away with those that back them: a seeded laser, and clicks after the gate, then leak too much', () => {
    for (const [attack, strength] of [
      ['laser-seeding', 1],
      ['after-gate', 0.75],
    ] as const) {
      const link = miciusLink({ devices: 'steady' });
      const baseline = train(link, 1, 10);
      const change = { link, baseline, strength, onset: 'start' } as const;
      const { secretBits, leakageExcessBits } = played(attack, { ...change, assumptions: 'off' });
      assert.ok(secretBits > 0 && leakageExcessBits > 0, attack);
      assert.equal(played(attack, change).secretBits, 0);
    }
  });
});

describe('payments', () => {
  /** A pass with and without the assumption that an attack rests on. */
  const both = (attack: string, strength: number, devices?: Devices) => {
    const other = devices ? miciusLink({ devices }) : link;
    const learned = devices ? train(other, 1, 10) : baseline;
    const change = { link: other, baseline: learned, onset: 'start', strength } as const;
    return { on: played(attack, change), off: played(attack, { ...change, assumptions: 'off' }) };
  };

  it('are needed: what a probe brings back leaks more than a bound that neither sees nor pays for it grants', () => {
    const { on, off } = both('trojan-horse', 0.5);
    assert.ok(off.secretBits > 0 && off.leakageExcessBits > 0);
    assert.match(on.refused!, /^(injected-power-monitor|trojan-bound): /);
  });

  it('are needed: a receiver that flashes back half of its clicks leaks too much, and not when it is paid for', () => {
    const { on, off } = both('back-flash', 1, 'worn-back-flash');
    assert.ok(off.secretBits > 0 && off.leakageExcessBits > 0);
    assert.ok(on.secretBits > 0 && on.leakageExcessBits < 0);
  });

  it('are needed: so do detectors that look at different times, and no key pays for those', () => {
    const { on, off } = both('time-shift-two-sided', 50, 'worn-windows');
    assert.ok(off.secretBits > 0 && off.leakageExcessBits > 0);
    assert.match(on.refused!, /efficiencyMismatch/);
  });

  it('are those of the diodes: a source that calibrations find 100 ps apart has no key', () => {
    const { on, off } = both('source-timing', 100, 'steady');
    assert.ok(off.secretBits > 0 && off.leakageExcessBits > 0);
    assert.match(on.refused!, /timing/);
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
