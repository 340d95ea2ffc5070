import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attackNamed } from '@skykey/photons';
import type { LabLink } from './link.ts';
import { LONG_STUDIES, type SeriesResult } from './long-studies.ts';
import { summaryOf } from './outcome.ts';
import { playPasses, train, visibilityOf } from './study.ts';
import { miciusLink } from './test/micius.ts';

/** Short forms: a minute of the pass, and few passes of it. The long ones are `skykey lab --study`. */
const SECONDS = 60;
/** Fewer do not reach over all moonlight. */
const TRAINING = 100;
const SEED = 5;

const worlds = new Map<number | null, { link: LabLink; baseline: ReturnType<typeof train> }>();

function worldOf(detections: number | null) {
  const known = worlds.get(detections);
  if (known) return known;
  // Few detections over the whole pass, as the long form has them: over a minute they would be no test.
  const link = miciusLink(detections === null ? { seconds: SECONDS } : { detections });
  const world = { link, baseline: train(link, SEED, TRAINING) };
  worlds.set(detections, world);
  return world;
}

function results(name: string, passes: number): SeriesResult[] {
  const asked = LONG_STUDIES.find((one) => one.name === name)!;
  return asked.series(passes, SEED).map((series) => {
    const { study, detections } = series;
    const { link, baseline } = worldOf(detections);
    const numbers = Array.from({ length: study.passes }, (_, pass) => pass);
    const attack = attackNamed(study.attack);
    const subject = { attack, class: visibilityOf(attack, study), strength: study.strength, seed: study.seed };
    return { ...series, summary: summaryOf(subject, [...playPasses(link, baseline, study, numbers)]) };
  });
}

function holds(name: string, passes: number, but: (says: string) => boolean = () => false): void {
  const asked = LONG_STUDIES.find((one) => one.name === name)!;
  const claims = asked.claims(results(name, passes));
  assert.ok(claims.length > 0);
  const broken = claims.filter((claim) => !claim.holds && !but(claim.says));
  assert.deepEqual(broken, []);
}

describe('short forms of the long studies', () => {
  it('cries no wolf over clean passes', () => holds('false-alarms', 40));

  it('misses no attack of the asked strength', () => {
    // At half a million detections in all the ratio of gains is not known within two seconds, whatever tests it.
    holds('misses', 24, (says) => says.startsWith('pns 0.2 at 5e+5 detections: hard alarm within'));
  });

  it('says what it was', () => holds('verdicts', 28));

  it('grants no more than is secret, and would be seen to where an assumption is missing', () => {
    // A minute makes so short a block that its small-sample terms cover what comes back of a probe: see `play.test.ts`.
    holds('leakage', 60, (says) => says.startsWith('trojan-horse 0.1, flag off'));
  });

  it('sees the less of an attack, the weaker it is', () => {
    const caught = results('curves', 52)
      .filter(({ study }) => study.attack === 'intercept-resend')
      .map(({ summary }) => summary.hardAlarms);
    assert.equal(caught.at(-1), 2);
    assert.deepEqual(caught, caught.toSorted());
    assert.equal(caught[0], 0);
  });
});
