import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { skykey } from './test/command.ts';

describe('skykey validate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-validate-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('exits 0 with its disagreements, and counts them', async () => {
    const { code, stdout, stderr } = await skykey(['validate']);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, '');
    assert.match(stdout, /✗ not reproduced/);
    assert.match(stdout, /\d+ published values: \d+ ✓ reproduced {2}\d+ ≈ compatible {2}\d+ ✗ not reproduced/);
  });

  it('gives programs one document with everything that a status rests on', async () => {
    const { code, stdout } = await skykey(['validate', '--area', 'finite-key', '--json']);
    assert.equal(code, 0);
    const { summary, values } = JSON.parse(stdout);
    assert.equal(summary.values, values.length);
    assert.equal(
      values.filter((value: { status: string }) => value.status === 'reproduced').length,
      summary.reproduced,
    );
    for (const value of values) {
      assert.equal(value.area, 'finite key');
      assert.ok(value.origin.work && value.origin.place && value.tolerance.basis, value.id);
      if (value.status === 'not reproduced') assert.ok(value.disagreement.length > 40, value.id);
      assert.equal(value.status === 'gap', value.gap !== null);
      assert.equal(value.status === 'gap', value.computed === null);
    }
  });

  it('writes the document of the docs to any file', async () => {
    const file = join(folder, 'validation.md');
    const { code, stdout } = await skykey(['validate', '--write', file, '--json']);
    assert.equal(code, 0);
    assert.equal(
      readFileSync(file, 'utf8'),
      readFileSync(new URL('../../../docs/validation.md', import.meta.url), 'utf8'),
    );
    assert.ok(JSON.parse(stdout).summary);
  });

  it('refuses what it cannot do in one sentence', async () => {
    for (const [args, expected] of [
      [['--area', 'astrology'], /--area astrology: the areas are orbit, optics, photons, finite-key, key-and-relay/],
      [['--area', 'orbit', '--write'], /--area orbit with --write/],
      [['--write', folder], /--write .*: it is a folder/],
    ] as const) {
      const { code, stdout, stderr } = await skykey(['validate', ...args]);
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, expected);
      assert.doesNotMatch(stderr, /\n\s+at /);
    }
  });
});
