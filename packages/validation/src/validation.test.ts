import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { readScenario, type Scenario } from '@skykey/scenario';
import {
  COMPARISONS,
  type Comparison,
  halfDigit,
  KNOWN_DISAGREEMENTS,
  miciusLoss,
  type Outcome,
  report,
  validate,
} from './index.ts';

const PACKAGES = new URL('../../', import.meta.url);
const text = (file: string) => readFileSync(new URL(file, PACKAGES), 'utf8');
const read = new Map<string, Scenario>();
const sources = {
  text,
  scenario(id: string): Scenario {
    const found =
      read.get(id) ?? readScenario(text(`scenario/data/${id}.json`), id, (name) => text(`scenario/data/${name}`));
    read.set(id, found);
    return found;
  },
};

const ids = (rows: readonly Comparison[]) => rows.map(({ id }) => id);

describe('the rows', () => {
  it('are 40 at least, each under a name of its own', () => {
    assert.ok(COMPARISONS.length >= 40);
    assert.equal(new Set(ids(COMPARISONS)).size, COMPARISONS.length);
    for (const id of ids(COMPARISONS)) assert.match(id, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
  });

  it('say where a value was printed, how it came to us, and what went in', () => {
    for (const { id, quantity, origin, inputs } of COMPARISONS) {
      assert.ok(quantity.length >= 10 && origin.work.length >= 8 && origin.place.length >= 4 && inputs.length >= 8, id);
      assert.ok(['published', 'second-hand', 'code'].includes(origin.seen), id);
      if (/as quoted|after |elsewhere/.test(`${origin.place}`)) assert.equal(origin.seen, 'second-hand', id);
      // Other people's programs are no publication of what nature does.
      if (/SatQuMA 2|pvlib|specsim|SGP4 (apart|implem)|ephemeris/.test(origin.work))
        assert.equal(origin.seen, 'code', id);
    }
  });

  it('have no tolerance wider than its basis gives', () => {
    for (const { id, printed, tolerance: rule } of COMPARISONS) {
      assert.ok(halfDigit(printed) > 0, id);
      switch (rule.basis) {
        case 'counting statistics':
          assert.ok(rule.deviations <= 3 && rule.standardDeviation > 0, id);
          // A count has the spread of its root, a share less.
          assert.ok(rule.standardDeviation <= Math.sqrt(Number(printed)) * (1 + 1e-12), id);
          break;
        case 'stated uncertainty': {
          const percent = /([\d.]+) ?%/.exec(rule.stated);
          assert.ok(percent, `${id}: the words say no figure`);
          // In magnitudes a percentage is about a hundredth each; otherwise it is one of the printed value.
          const share = Number(percent[1]) / 100;
          const widest = id === 'krisciunas-schaefer' ? 2.5 * Math.log10(1 + share) : share * Math.abs(Number(printed));
          assert.ok(rule.value > 0 && rule.value <= widest * (1 + 1e-9), id);
          break;
        }
        case 'printed interval': {
          assert.ok(rule.low < rule.high && Number(printed) >= rule.low && Number(printed) <= rule.high, id);
          const figures = rule.stated
            .replaceAll(',', '')
            .match(/\d+(\.\d+)?/g)!
            .map(Number);
          assert.ok(figures.includes(rule.low) || figures.includes(rule.high), `${id}: neither end is in its words`);
          break;
        }
        case 'acceptance limit':
          assert.ok(rule.value > 0 && rule.reason.length >= 20, id);
          break;
      }
    }
  });

  it('take an acceptance limit rarely', () => {
    const limits = COMPARISONS.filter(({ tolerance }) => tolerance.basis === 'acceptance limit');
    assert.deepEqual(ids(limits), [
      'sgp4-verification',
      'anchor-rise',
      'anchor-nearest-time',
      'anchor-set',
      'anchor-duration',
    ]);
  });
});

describe('the outcomes', () => {
  let outcomes: Outcome[] = [];
  before(() => {
    outcomes = validate(sources);
  });

  it('disagree where it is known, and nowhere else', () => {
    const found = outcomes.filter(({ status }) => status === 'not reproduced').map(({ comparison }) => comparison.id);
    assert.deepEqual(found.sort(), Object.keys(KNOWN_DISAGREEMENTS).sort());
    for (const [id, why] of Object.entries(KNOWN_DISAGREEMENTS)) assert.ok(why.length >= 40, id);
  });

  it('are compatible only by a term with bounds and a source of its own', () => {
    for (const { comparison, leftOut, status } of outcomes) {
      if (status === 'compatible') assert.ok(leftOut, comparison.id);
      if (!leftOut) continue;
      assert.ok(leftOut.low <= leftOut.high, comparison.id);
      assert.ok(leftOut.term.length >= 10 && leftOut.source.length >= 15, comparison.id);
    }
  });

  it('are mostly of numbers that could have been others', () => {
    const computed = outcomes.filter(({ status }) => status !== 'gap').length;
    assert.ok(computed >= 40 && computed >= 0.8 * outcomes.length);
  });

  it('are what docs/validation.md says', () => {
    const written = text('../docs/validation.md');
    assert.ok(
      report(outcomes) === written,
      'docs/validation.md differs from what the code computes: run "npx skykey validate --write"',
    );
  });

  it('include a table of the Micius downlink within 3 dB everywhere, which is what docs/micius-loss.md says', () => {
    const computed = miciusLoss(sources);
    const worst = Number(/off by at most (\d+\.\d+) dB/.exec(computed)![1]);
    assert.ok(worst < 3, `${worst} dB`);
    assert.ok(
      computed === text('../docs/micius-loss.md'),
      'docs/micius-loss.md differs from what the code computes: run "npx skykey validate --write"',
    );
  });

  it('of one area are the same as those of all', () => {
    const steps: number[] = [];
    const part = validate(sources, { area: 'finite key', onProgress: (done) => steps.push(done) });
    const same = outcomes.filter(({ comparison }) => comparison.area === 'finite key');
    assert.deepEqual(part, same);
    assert.deepEqual(steps, [...same.keys()]);
  });
});
