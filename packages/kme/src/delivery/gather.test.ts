import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VaultError } from '@skykey/vault';
import { keysOf, Network, wrap } from '../test/sites.ts';

test('who asks at the same time is answered in one transaction, each with keys of its own', async (t) => {
  const { beijing, moscow } = await Network.open(t, { keyBytes: 65_536 });
  // Warm: keys are set aside for the pair.
  for (let i = 0; i < 6; i++) await beijing.keys(4);
  let transactions = 0;
  const { vault } = beijing;
  const atomically = vault.atomically.bind(vault);
  vault.atomically = ((work, scope) => {
    transactions++;
    return atomically(work, scope);
  }) as typeof vault.atomically;
  const answers = await Promise.all(Array.from({ length: 8 }, () => beijing.keys(1)));
  const ids = answers.flat().map(({ key_ID }) => key_ID);
  assert.equal(new Set(ids).size, 8);
  assert.ok(transactions < 8, `${transactions} transactions for 8 requests`);
  const fetched = await Promise.all(ids.map((id) => moscow.fetch([id])));
  assert.deepEqual(fetched.flatMap(keysOf), answers.flat());
});

test('one that cannot be answered harms nobody who asks with it, and a copy asked for twice at once leaves once', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  const [a, b, c] = await beijing.keys(3);
  const wrong = '00000000-0000-4000-8000-000000000000';
  const [first, unknown, mixed, again, other] = await Promise.all([
    moscow.fetch([a!.key_ID]),
    moscow.fetch([wrong]),
    moscow.fetch([b!.key_ID, wrong]),
    moscow.fetch([a!.key_ID]),
    moscow.fetch([c!.key_ID]),
  ]);
  assert.deepEqual(keysOf(first!), [a]);
  assert.equal(unknown!.status, 400);
  assert.equal(mixed!.status, 400);
  assert.equal(again!.status, 400);
  assert.deepEqual(keysOf(other!), [c]);
  // What was asked for with a key that is not there was not consumed.
  assert.deepEqual(keysOf(await moscow.fetch([b!.key_ID])), [b]);
});

test('when nobody knows whether a transaction took place, nobody is told that his key is not there', async (t) => {
  const { beijing, moscow } = await Network.open(t);
  const keys = await beijing.keys(6);
  let transactions = 0;
  wrap(moscow.vault, async (run) => {
    const result = await run();
    // The first of the requests goes alone, the others together.
    if (++transactions <= 2) throw new VaultError('vault/unavailable', 'the connection was lost during COMMIT');
    return result;
  });
  const answers = await Promise.all(keys.map(({ key_ID }) => moscow.fetch([key_ID])));
  assert.deepEqual(
    answers.map(({ status }) => status),
    keys.map(() => 503),
  );
});
