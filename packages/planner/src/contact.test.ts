import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contacts } from './contact.ts';
import { PlannerError } from './error.ts';
import { type PlanRequest, plan } from './plan.ts';
import { december, shipped } from './test/scenarios.ts';

const request: PlanRequest = { scenario: shipped('intercontinental'), ...december(4), realisations: 200, seed: 3 };

describe('a contact plan', () => {
  const found = contacts(request);
  const whole = plan(request);

  it('has the services of the schedule, in order of end, each with its realisations', () => {
    const served = whole.passes.flatMap(({ id, served }) =>
      served.map(({ startMs, endMs }) => `${id} ${startMs} ${endMs}`),
    );
    assert.deepEqual(found.map(({ id, startMs, endMs }) => `${id} ${startMs} ${endMs}`).sort(), served.sort());
    assert.ok(found.length > 5);
    for (const [i, { endMs, bits }] of found.entries()) {
      assert.equal(bits.length, 200);
      assert.ok(bits.every((x) => Number.isSafeInteger(x) && x >= 0));
      assert.ok(i === 0 || endMs >= found[i - 1]!.endMs);
    }
    // Rows are their own: a buffer that all share would make all contacts alike.
    assert.ok(found.some(({ bits }) => bits.some((x, r) => x !== found[0]!.bits[r])));
  });

  it('adds up to the figures of the plan, realisation by realisation', () => {
    const total = new Float64Array(200);
    for (const { bits } of found) {
      for (const [r, x] of bits.entries()) total[r]! += x;
    }
    const mean = total.reduce((sum, x) => sum + x, 0) / 200;
    // A plan keeps fractions of bits; a contact has whole ones.
    assert.ok(
      whole.total.mean - mean >= -1 && whole.total.mean - mean <= found.length + 1,
      `${whole.total.mean} and ${mean}`,
    );
  });

  it('is refused where one block is made of the whole period', () => {
    assert.throws(
      () => contacts({ ...request, blocks: 'period' }),
      (error) => error instanceof PlannerError && /ask for blocks "pass"/.test(error.message),
    );
  });
});
