import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attackNamed } from '@skykey/photons';
import { edgeOf } from './edge.ts';
import type { LabLink } from './link.ts';
import { type EdgeOf, LONG_STUDIES, type Series, type SeriesResult, seriesOf } from './long-studies.ts';
import { type PassOutcome, summaryOf, tallyOf } from './outcome.ts';
import { defectOf, playPasses, type Study, train, visibilityOf } from './study.ts';
import { miciusLink } from './test/micius.ts';
import { passOutcome } from './test/pass-outcome.ts';

/** Short forms: a minute of the pass, and few passes of it. The long ones are `skykey lab --study`. */
const SECONDS = 60;
/** Fewer do not reach over all moonlight. */
const TRAINING = 100;
/** Where no alarm is asked for. */
const FEWER = 40;
const SEED = 5;

const worlds = new Map<string, { link: LabLink; baseline: ReturnType<typeof train> }>();

function worldOf({ study, detections, devices, seconds }: Series) {
  const defect = defectOf(study);
  const key = JSON.stringify([detections, devices, seconds, defect && [study.attack, study.strength]]);
  const known = worlds.get(key);
  if (known) return known;
  // Few detections over the whole pass, as the long form has them: over a minute they would be no test.
  const link = miciusLink({
    ...(detections === null ? { seconds: seconds ?? SECONDS } : { detections }),
    ...(devices === null ? {} : { devices }),
  });
  const world = { link, baseline: train(link, SEED, devices === null ? TRAINING : FEWER, { defect }) };
  worlds.set(key, world);
  return world;
}

const asked = (name: string) => LONG_STUDIES.find((one) => one.name === name)!;
const nowhere: EdgeOf = () => null;

function resultOf(series: Series, outcomes: readonly PassOutcome[], link = miciusLink()): SeriesResult {
  const { study } = series;
  const attack = attackNamed(study.attack);
  const subject = { attack, class: visibilityOf(attack, study), strength: study.strength, seed: study.seed };
  return { ...series, link, summary: summaryOf(subject, outcomes), tally: tallyOf(outcomes) };
}

function played(series: Series): SeriesResult {
  const { link, baseline } = worldOf(series);
  const numbers = Array.from({ length: series.study.passes }, (_, pass) => pass);
  return resultOf(series, [...playPasses(link, baseline, series.study, numbers)], link);
}

/** Of what is asked for, only what a test has the time for. */
function results(name: string, passes: number, keep: (series: Series) => boolean = () => true, edge = nowhere) {
  return asked(name).series(passes, SEED, edge).filter(keep).map(played);
}

function holds(name: string, of: readonly SeriesResult[], but: (says: string) => boolean = () => false): void {
  const claims = asked(name).claims(of);
  assert.ok(claims.length > 0);
  const broken = claims.filter((claim) => claim.holds === false && !but(claim.says));
  assert.deepEqual(broken, []);
}

describe('short forms of the long studies', () => {
  it('cries no wolf over clean passes', () => holds('false-alarms', results('false-alarms', 40)));

  it('misses no attack of the asked strength', () => {
    // At half a million detections in all the ratio of gains is not known within two seconds, whatever tests it.
    holds('misses', results('misses', 24), (says) => /^pns 0.2 at 5e\+5 .*: hard alarm within/.test(says));
  });

  it('says what it was', () => {
    const many = (series: Series) => series.study.passes > 1;
    holds('verdicts', results('verdicts', 28, many));
  });

  // What comes back of clicks shows over a whole pass alone: see `play.test.ts`.
  const KEPT = new Set(['blinding', 'time-shift-two-sided']);

  it('grants no more than is secret, and would be seen to where an assumption is missing', () => {
    const edge: EdgeOf = (series) => {
      const { link, baseline } = worldOf(series);
      return series.study.attack === 'blinding' ? edgeOf(link, () => baseline, series.study) : null;
    };
    const of = results('leakage', 100, ({ study }) => KEPT.has(study.attack), edge);
    holds('leakage', of);
    const claims = asked('leakage').claims(of);
    const taken = claims.filter(({ says }) => says.startsWith('without '));
    assert.deepEqual(
      taken.map(({ says, holds: shown }) => [says.split(' ')[1], shown]),
      [
        ['bright-light-monitor', true],
        ['mismatch-bound', true],
      ],
    );
    // Each series with its flag off is listed, with what came of it.
    const [section] = asked('leakage').sections(of);
    assert.equal(section!.rows.length, of.filter(({ study }) => study.assumptions === 'off').length);
    for (const row of section!.rows) assert.match(String(row.at(-1)), /^(yes|no: .{10,})$/);
    // Just below the strength from which on there is no key, the bound is put to the test.
    const blinding = of.filter(({ study }) => study.attack === 'blinding' && study.assumptions === 'on');
    assert.ok(blinding.some(({ study, tally }) => study.strength < 0.1 && tally.granted > 0));
    assert.ok(blinding.some(({ tally }) => tally.granted === 0));
  });

  it('sees the less of an attack, the weaker it is', () => {
    const caught = results('curves', 60, ({ study }) => study.attack === 'intercept-resend').map(
      ({ summary }) => summary.hardAlarms,
    );
    assert.equal(caught.at(-1), 2);
    assert.deepEqual(caught, caught.toSorted());
    assert.equal(caught[0], 0);
  });
});

const at = (attack: string, change: Partial<Study> = {}): Series =>
  seriesOf({ attack, strength: attackNamed(attack).strength.usual, passes: 2, seed: SEED, ...change });

describe('a claim', () => {
  it('about leakage is not put to the test where nothing was granted', () => {
    const without = passOutcome({ secretBits: 0, leakageExcessBits: 0, refused: 'bright-light-monitor: bright' });
    const of = [resultOf(at('blinding'), [without, without])];
    for (const { holds: put, measured } of asked('leakage').claims(of)) {
      assert.equal(put, null);
      assert.match(measured, /no key in any of 2 passes/);
    }
  });

  it('about leakage fails with a single pass of which more was known', () => {
    const of = [resultOf(at('blinding'), [passOutcome(), passOutcome({ leakageExcessBits: 7 })])];
    for (const { holds: put, measured } of asked('leakage').claims(of)) {
      assert.equal(put, false);
      assert.match(measured, /2 of 2 passes with a key; more in 1, by up to 7 bits/);
    }
  });

  it('that more is known without an assumption holds when one pass shows it', () => {
    const off = (change: Partial<PassOutcome>) =>
      asked('leakage')
        .claims([resultOf(at('blinding', { assumptions: 'off' }), [passOutcome(change)])])
        .find(({ says }) => says.startsWith('without bright-light-monitor'))!.holds;
    assert.equal(off({ leakageExcessBits: 1 }), true);
    assert.equal(off({ leakageExcessBits: 0 }), false);
    assert.equal(off({ secretBits: 0, leakageExcessBits: 0 }), null);
  });

  it('about misses fails on an alarm that came before the attack, and on a late one in a hundred and one', () => {
    const before = [passOutcome(), passOutcome({ latencyS: null })];
    const [missed, late] = asked('misses').claims([resultOf(at('pns'), before)]);
    assert.equal(missed!.holds, false);
    assert.match(missed!.says, /begun abruptly at a moment drawn between 8 and 103 s/);
    assert.equal(late!.holds, false);
    const sleepy = Array.from({ length: 100 }, (_, pass) => passOutcome({ pass, latencyS: pass < 40 ? 1 : null }));
    const [, most] = asked('misses').claims([resultOf(at('pns'), sleepy)]);
    assert.deepEqual([most!.measured, most!.holds], ['more than 1 of 100 missed', false]);
  });

  it('about jams counts dazzling too', () => {
    const tapped = resultOf(at('dazzling'), [passOutcome({ verdict: 'tap' })]);
    const claim = asked('verdicts')
      .claims([tapped])
      .find(({ says }) => says.startsWith('dazzling'))!;
    assert.equal(claim.holds, false);
    assert.match(claim.says, /called a tap in at most 2 %/);
  });
});

describe('the series of a study', () => {
  const passesOf = (name: string, edge = nowhere) => {
    const study = asked(name);
    return study.series(study.passes, 1, edge);
  };
  const strengths = (of: readonly Series[]) => [...new Set(of.map(({ study }) => study.strength))];
  const total = (of: readonly Series[]) => of.reduce((sum, { study }) => sum + study.passes, 0);

  it('are as many passes as the studies are asked for', () => {
    assert.equal(total(passesOf('false-alarms')), 30_000);
    assert.ok(passesOf('misses').every(({ study }) => study.passes === 3000));
    assert.equal(passesOf('verdicts').filter(({ study }) => study.passes === 1000).length, 8);
    assert.ok(total(passesOf('leakage').filter(({ study }) => study.assumptions === 'on')) >= 10_000);
    assert.ok(total(passesOf('leakage', () => 0.01).filter(({ study }) => study.assumptions === 'on')) >= 10_000);
  });

  it('reach over the whole catalogue, and over strengths just below the edge of a key', () => {
    const blinding = passesOf('leakage', () => 0.0345).filter(({ study }) => study.attack === 'blinding');
    assert.deepEqual(strengths(blinding), [0.024, 0.034, 0.1, 1]);
    const verdicts = passesOf('verdicts');
    assert.deepEqual(strengths(verdicts.filter(({ study }) => study.attack === 'blinding')), [0.1, 1]);
    assert.deepEqual(strengths(verdicts.filter(({ study }) => study.attack === 'misalignment')), [5, 45]);
  });

  it('are click by click, and fewer, for an attack that only the event sampler can play', () => {
    const { study, seconds } = seriesOf({ attack: 'dead-time', strength: 0.1, passes: 100, seed: 1 });
    assert.deepEqual([study.level, study.passes, seconds], ['event', 5, 10]);
    const greatest = passesOf('leakage').filter((series) => series.study.attack === 'dead-time');
    assert.deepEqual(strengths(greatest), [0.1]);
  });
});
