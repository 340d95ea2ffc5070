import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Comparison, halfDigit, judge, type Sources } from './comparison.ts';

const NOTHING: Sources = {
  scenario: () => assert.fail('no scenario is needed'),
  text: () => assert.fail('no file is needed'),
};

function row(change: Partial<Comparison>): Comparison {
  return {
    id: 'loss',
    area: 'optics',
    quantity: 'loss',
    unit: 'dB',
    printed: '22',
    origin: { work: 'Somebody 2017', place: 'Table 1', seen: 'published' },
    tolerance: { basis: 'half a printed digit' },
    inputs: 'none',
    compute: () => 22,
    ...change,
  };
}
const status = (change: Partial<Comparison>) => judge(row(change), NOTHING).status;

describe('half a printed digit', () => {
  it('is what rounding can have hidden', () => {
    for (const [printed, half] of [
      ['22', 0.5],
      ['0.43', 0.005],
      ['0.430', 0.0005],
      ['1.2e3', 50],
      ['-5.0107e-4', 5e-9],
    ] as const) {
      assert.ok(Math.abs(halfDigit(printed) / half - 1) < 1e-12, printed);
    }
  });

  it('of something else is refused', () => {
    for (const printed of ['', '22 dB', '1,200', '.5', '5.', 'NaN', '0x1']) {
      assert.throws(() => halfDigit(printed), RangeError, printed);
    }
  });
});

describe('the status follows from the numbers', () => {
  it('reproduced inside the tolerance, its edges with it', () => {
    assert.equal(status({ compute: () => 21.5 }), 'reproduced');
    assert.equal(status({ compute: () => 22.5 }), 'reproduced');
    assert.equal(status({ compute: () => 21.4999 }), 'not reproduced');
    assert.equal(status({ compute: () => 22.5001 }), 'not reproduced');
  });

  it('by a stated uncertainty, counting statistics or an acceptance limit alike', () => {
    for (const tolerance of [
      { basis: 'stated uncertainty', value: 2, stated: '22 ± 2 dB' },
      { basis: 'counting statistics', standardDeviation: 1, deviations: 2 },
      { basis: 'acceptance limit', value: 2, reason: 'the issue says so' },
    ] as const) {
      assert.equal(status({ tolerance, compute: () => 20 }), 'reproduced');
      assert.equal(status({ tolerance, compute: () => 19.9 }), 'not reproduced');
    }
  });

  it('by a printed interval, and the difference counts from its nearer end', () => {
    const tolerance = { basis: 'printed interval', low: 3, high: 8, stated: '3-8 dB' } as const;
    assert.equal(status({ tolerance, compute: () => 3 }), 'reproduced');
    assert.equal(status({ tolerance, compute: () => 8 }), 'reproduced');
    assert.equal(judge(row({ tolerance, compute: () => 5 }), NOTHING).difference, 0);
    assert.equal(judge(row({ tolerance, compute: () => 2 }), NOTHING).difference, -1);
    assert.equal(judge(row({ tolerance, compute: () => 10 }), NOTHING).difference, 2);
    assert.equal(status({ tolerance, compute: () => 2.9 }), 'not reproduced');
  });

  it('compatible when a bounded term that was left out closes the gap, from either side, and not otherwise', () => {
    const leftOut = { term: 'turbulence', low: 1, high: 3, source: 'ITU-R P.1622' };
    assert.equal(status({ leftOut, compute: () => 19 }), 'compatible');
    assert.equal(status({ leftOut, compute: () => 21 }), 'compatible');
    assert.equal(status({ leftOut, compute: () => 18.4 }), 'not reproduced');
    // The term can only add: it excuses nothing above the printed value.
    assert.equal(status({ leftOut, compute: () => 23 }), 'not reproduced');
    assert.equal(status({ leftOut: { ...leftOut, low: -3, high: -1 }, compute: () => 24 }), 'compatible');
    assert.equal(status({ leftOut, compute: () => 22 }), 'reproduced');
    // It may also be asked for, where it takes the place of something computed.
    assert.equal(status({ leftOut: () => leftOut, compute: () => 19 }), 'compatible');
    // And it widens a printed interval just as well.
    const tolerance = { basis: 'printed interval', low: 20, high: 30, stated: '20 to 30 dB' } as const;
    assert.equal(status({ tolerance, leftOut, compute: () => 18 }), 'compatible');
    assert.equal(status({ tolerance, leftOut, compute: () => 16.9 }), 'not reproduced');
    assert.equal(status({ tolerance, leftOut, compute: () => 31 }), 'not reproduced');
  });

  it('gap where nothing can be computed', () => {
    const outcome = judge(row({ compute: { gap: 'the noise was never published' } }), NOTHING);
    assert.deepEqual(
      { ...outcome, comparison: null },
      {
        comparison: null,
        published: 22,
        computed: null,
        difference: null,
        tolerance: 0.5,
        leftOut: null,
        status: 'gap',
      },
    );
  });

  it('never from a number that is none', () => {
    assert.throws(() => judge(row({ compute: () => Number.NaN }), NOTHING), /loss computes NaN/);
    assert.throws(() => judge(row({ compute: () => Number.POSITIVE_INFINITY }), NOTHING), RangeError);
  });
});
