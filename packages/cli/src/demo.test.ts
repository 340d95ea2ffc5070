import assert from 'node:assert/strict';
import { it } from 'node:test';
import { skykey } from './test/command.ts';

it('skykey demo tells the whole story, and every step does as it should', async () => {
  const { code, stdout, stderr } = await skykey(['demo', '--port', '27460', '--seed', '5', '--json']);
  assert.equal(code, 0, stderr);
  const { ok, steps } = JSON.parse(stdout) as {
    ok: boolean;
    steps: { step: string; ok: boolean; facts: Record<string, unknown> }[];
  };
  assert.equal(ok, true);
  assert.deepEqual(
    steps.map(({ step }) => step),
    ['pass-micius-beijing', 'pass-micius-moscow', 'relay', 'key-delivery', 'message', 'tap', 'poison', 'refusal'],
  );
  assert.ok(steps.every((step) => step.ok));
  const message = steps[4]!.facts;
  assert.match(message.ciphertext as string, /^[0-9a-f]{32,}$/);
  assert.equal((message.ciphertext as string).includes((message.plaintext as string).slice(0, 16)), false);
});
