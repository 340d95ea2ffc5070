import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { playHostile } from './trial/hostile/hostile-trial.ts';

const COMMAND = [process.execPath, fileURLToPath(new URL('../../../cli/bin/skykey.js', import.meta.url))];
/** A share of the million of `skykey study kme-hostile`. */
const INPUTS = 3000;

describe('hostile input on every interface of a key manager', { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-hostile-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('neither ends it nor keeps an honest application waiting, and every answer is one of the interface', async () => {
    const outcome = await playHostile({ command: COMMAND, within: folder, seed: 7, inputs: INPUTS });
    assert.deepEqual(outcome.violations, []);
    assert.ok(outcome.honestKeys > 0);
    const thrown = outcome.targets.reduce((sum, { inputs }) => sum + inputs, 0);
    assert.ok(thrown >= INPUTS);
    // The inputs that are nearly right do get past the first check.
    for (const name of ['ETSI GS QKD 014', 'ETSI GS QKD 020', 'SKIP', 'peers', 'operations']) {
      const { reactions } = outcome.targets.find((target) => target.name === name)!;
      assert.ok(reactions['200']! > 0 && reactions['400']! > 0, `${name}: ${JSON.stringify(reactions)}`);
    }
  });
});
