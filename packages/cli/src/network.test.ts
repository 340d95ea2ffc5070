import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { CoalitionTally } from '@skykey/node';
import { skykey } from './test/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-network-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('skykey network', () => {
  it('plays a day of ten sites and three satellites, and nobody learns what he must not', async () => {
    const svg = join(folder, 'day.svg');
    const { code, stdout, stderr } = await skykey([
      'network',
      '--realisations',
      '100',
      '--seed',
      '2',
      '--svg',
      svg,
      '--json',
    ]);
    assert.equal(code, 0, stderr);
    const found = JSON.parse(stdout);
    assert.equal(found.format, 'skykey-network-study/1');
    assert.equal(found.simulated, true);
    assert.deepEqual(found.unreachable, []);
    assert.equal(found.plans.length, 10);
    assert.equal(found.pairs.length, 10);
    assert.equal(found.secret, true);
    const coalitions = found.coalitions as CoalitionTally[];
    for (const { covers, kind, attempts, recovered } of coalitions) {
      if (!covers) assert.equal(recovered, 0);
      else if (kind !== 'sight of one vault') assert.equal(recovered, attempts);
    }
    const all = (paths: number, kind: string): boolean =>
      coalitions.some((one) => one.paths === paths && one.kind === kind && one.covers);
    assert.ok(all(1, 'one node') && all(2, 'two nodes') && all(2, 'two groups'));
    assert.equal(found.certain.forecasts, found.certain.held);
    assert.ok(found.keys > 300 && found.messages > 50);
    assert.match(readFileSync(svg, 'utf8'), /^<svg .*A network through a day: 10 sites, 3 satellites/);
  });

  it('refuses what makes no sense before anything is reckoned', async () => {
    for (const [args, sentence] of [
      [['--scenario', 'nowhere'], /there is no network "nowhere": give one of ten-sites/],
      [['--days', '0'], /--days 0: give from 1 to/],
      [['--realisations', '5'], /--realisations 5: give from 100 to/],
      [['--results', join(folder, 'none', 'such')], /--results .* cannot be written/],
    ] as const) {
      const { code, stdout, stderr } = await skykey(['network', ...args]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, sentence);
      assert.equal(stdout, '');
    }
  });
});
