import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid, platform } from 'node:process';
import { test } from 'node:test';
import { memoryTotals, playMemory, reportMemory } from './trial/index.ts';

const skip = platform !== 'linux' || getuid?.() !== 0 ? 'to look into another process takes Linux and root' : false;

test('of a conversation that policy has ended little is left in memory, and of the keys of its days nothing', {
  skip,
  timeout: 600_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-memory-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const outcome = await playMemory({ within: join(folder, 'stage'), texts: 24 });
  t.diagnostic(reportMemory(outcome));
  const { findings } = outcome;
  for (const kind of ['hybrid text', 'sealed text'] as const) {
    const { canaries, during, after } = memoryTotals(findings, kind);
    assert.equal(canaries, 24, 'at both sites');
    assert.ok(during! > 18, `the search finds what is there: ${during} of ${canaries}`);
    assert.ok(after <= canaries / 3, `${kind}: ${after} of ${canaries}`);
  }
  const secrets = memoryTotals(findings, 'secret');
  assert.ok(secrets.canaries > 200, `secrets are watched: ${secrets.canaries}`);
  assert.ok(secrets.after <= secrets.canaries / 5, `${secrets.after} of ${secrets.canaries} secrets`);
  const days = findings.filter(({ of }) => of === 'key-file');
  assert.ok(days.length === 2 && days.every(({ after }) => after === 0), 'keys of ended days are gone');
});
