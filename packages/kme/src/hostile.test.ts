import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hostileEtsi015, hostileEtsi020, hostileOpenApi, hostileSkip, type Target } from './test/hostile.ts';

/** Every status that must have been met, or the inputs would not be hostile but only wrong. */
for (const [name, target, reached] of [
  ['ETSI GS QKD 020', hostileEtsi020, [200, 202, 400, 401, 404, 405, 503]],
  ['SKIP', hostileSkip, [200, 400, 401, 404, 405]],
  ['ETSI GS QKD 015', hostileEtsi015, [200, 400, 401, 404, 405]],
  ['OpenAPI', hostileOpenApi, [200, 404, 405]],
] as [string, () => Target, number[]][]) {
  test(`${name}: 20,000 hostile requests, never an exception, never an answer of another kind`, async () => {
    const { request, ask } = target();
    const seen = new Set<number>();
    await fc.assert(
      fc.asyncProperty(request, async (one) => {
        seen.add((await ask(one)).status);
      }),
      { numRuns: 20_000, seed: 6 },
    );
    assert.deepEqual([...seen].sort(), reached);
  });
}
