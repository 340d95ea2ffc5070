import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process, { getuid, platform } from 'node:process';
import { test } from 'node:test';
import { memoryTotals, playMemory, reportMemory } from './trial/index.ts';

const skip =
  process.env.SKYKEY_TEST_LONG === undefined
    ? 'a minute: SKYKEY_TEST_LONG=1, or skykey study hotline-memory'
    : platform !== 'linux' || getuid?.() !== 0
      ? 'to look into another process takes Linux and root'
      : false;

test('of a conversation that policy has ended, no key of its days and of its call is left in memory, and few other secrets', {
  skip,
  timeout: 600_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-memory-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const outcome = await playMemory({ within: join(folder, 'stage'), texts: 24 });
  t.diagnostic(reportMemory(outcome));
  const { findings } = outcome;
  for (const kind of ['hybrid text', 'sealed text'] as const) {
    // Of words nothing is promised, since they are strings (SECURITY.md); how many are left is for the study.
    const { canaries, during } = memoryTotals(findings, kind);
    assert.equal(canaries, 24, 'at both sites');
    assert.ok(during! > 8, `the search finds what is there: ${during} of ${canaries}`);
  }
  const ofCall = memoryTotals(findings, 'key of the call');
  assert.ok(ofCall.canaries > 0);
  assert.equal(ofCall.after, 0, 'keys of the call are gone');
  const secrets = memoryTotals(findings, 'secret');
  assert.ok(secrets.canaries > 200, `secrets are watched: ${secrets.canaries}`);
  assert.ok(secrets.after <= secrets.canaries / 5, `${secrets.after} of ${secrets.canaries} secrets`);
  const days = findings.filter(({ of }) => of === 'key-file');
  assert.ok(days.length === 2 && days.every(({ after }) => after === 0), 'keys of ended days are gone');
});
