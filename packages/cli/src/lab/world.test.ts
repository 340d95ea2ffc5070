import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fingerprint, linkOf, sourceHash } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-world-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('the fingerprint of a study', () => {
  const world = { scenario: 'micius-2016-12-19', seconds: 10 };
  const link = linkOf(world);
  const own = fingerprint(link, 1);

  it('is the same of the same inputs', () => assert.equal(fingerprint(linkOf(world), 1), own));

  it('is another with other key rules, devices, noise or seed', () => {
    const others = [
      fingerprint({ ...link, rules: { ...link.rules, epsSec: link.rules.epsSec / 2 } }, 1),
      fingerprint(linkOf({ ...world, devices: 'worn-windows' }), 1),
      fingerprint({ ...link, skyHz: link.skyHz.map((rate) => 2 * rate + 1) }, 1),
      fingerprint(link, 2),
    ];
    assert.equal(new Set([own, ...others]).size, 5);
  });

  it('is of the code, not of its tests', () => {
    mkdirSync(join(folder, 'test'));
    writeFileSync(join(folder, 'alarm.ts'), 'export const budget = 1e-4;');
    const before = sourceHash([folder]);
    writeFileSync(join(folder, 'alarm.test.ts'), 'a test');
    writeFileSync(join(folder, 'alarm.bench.ts'), 'a benchmark');
    writeFileSync(join(folder, 'test', 'link.ts'), 'a fixture');
    assert.equal(sourceHash([folder]), before);
    writeFileSync(join(folder, 'alarm.ts'), 'export const budget = 1e-3;');
    assert.notEqual(sourceHash([folder]), before);
  });
});
