import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binaryEntropy } from '@skykey/finitekey';
import { keyPair } from './keys.ts';
import { textbookCascade } from './textbook-cascade.ts';

test('corrects what the paper says that it corrects, at about its price', () => {
  for (const errorRate of [0.01, 0.05]) {
    const { alice, bob } = keyPair(100_000, errorRate, 7);
    const { leakedBits, residualErrors } = textbookCascade(alice, bob, errorRate, 3);
    const efficiency = leakedBits / (alice.length * binaryEntropy(errorRate));
    // Brassard and Salvail, table 1: 1.16 to 1.2 of the limit up to 5 %; a pair of errors may stay hidden.
    assert(efficiency > 1.05 && efficiency < 1.3, `${efficiency}`);
    assert(residualErrors <= 4, `${residualErrors}`);
  }
});

test('keys without errors cost the first parities of each pass', () => {
  const { alice } = keyPair(1000, 0.01, 7);
  assert.deepEqual(textbookCascade(alice, alice, 0.01, 3), { leakedBits: 14 + 7 + 4 + 2, residualErrors: 0 });
});
