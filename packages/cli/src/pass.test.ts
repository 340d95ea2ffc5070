import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { KeyStatement } from '@skykey/finitekey';
import type { PassResult } from '@skykey/node';
import { skykey } from './test/command.ts';

async function run(...args: string[]): Promise<PassResult> {
  const { code, stdout, stderr } = await skykey([
    'pass',
    '--scenario',
    'micius-2016-12-19',
    '--seed',
    '7',
    ...args,
    '--json',
  ]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as PassResult;
}

describe('skykey pass: the published Micius pass of 2016-12-19', () => {
  let honest: PassResult;
  before(async () => {
    honest = await run();
  });

  it('has the published geometry', () => {
    assert.ok(Math.abs(honest.minRangeKm - 645.5) <= 1, `${honest.minRangeKm} km`);
    assert.ok(Math.abs(honest.durationS - 273) <= 1.5, `${honest.durationS} s`);
    assert.ok(Math.abs(honest.maxElevationDeg - 47.82) <= 0.05, `${honest.maxElevationDeg}°`);
  });

  it('counts what was published within 10 %, with no fitted factor', () => {
    assert.ok(Math.abs(honest.detections / 3_551_136 - 1) < 0.1, `${honest.detections} detections`);
    assert.ok(
      Math.abs(honest.siftedSignal / honest.detections / (8 / 17) - 1) < 0.003,
      `${honest.siftedSignal / honest.detections}`,
    );
    assert.ok(honest.qberSignal > 0.003 && honest.qberSignal < 0.016, `QBER ${honest.qberSignal}`);
  });

  it('ends with equal keys of plausible length', () => {
    assert.equal(honest.verdict, 'accepted');
    assert.equal(honest.keysEqual, true);
    assert.ok(honest.secretBits > 200_000 && honest.secretBits < 600_000, `${honest.secretBits} bits`);
    assert.equal(honest.secretBits % 8, 0);
    assert.equal(honest.epsSec, 1e-9);
    assert.equal(honest.authenticationBitsSpent, 384);
    assert.equal(honest.reconciliation.failedFrames, 0);
    assert.ok(honest.assumptions.length > 5);
    assert.equal(honest.proof, 'tilted');
    assert.deepEqual([honest.rigorous, honest.proofGaps], [true, []]);
    assert.ok(honest.secrecy.assumptions.length > 5);
  });

  it('gives counts from which keyrate reckons the same key, before it is cut to whole bytes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skykey-pass-'));
    try {
      const counts = join(folder, 'counts.json');
      writeFileSync(counts, JSON.stringify(honest.keyDocument));
      const { code, stdout, stderr } = await skykey(['keyrate', '--counts', counts, '--proof', honest.proof, '--json']);
      assert.equal(code, 0, stderr);
      const statement = JSON.parse(stdout) as KeyStatement;
      assert.deepEqual(statement.terms, honest.secrecy.terms);
      assert.deepEqual(statement.epsilons, honest.secrecy.epsilons);
      assert.equal(Math.floor(statement.secretBits / 8) * 8, honest.secretBits);
      assert.equal(statement.rigorous, true);
      assert.ok(honest.keyDocument!.mX.some((errors) => errors > 0));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is what README says', () => {
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    const ratio = (honest.siftedSignal / honest.detections).toFixed(6);
    for (const [row, value] of [
      ['nearest', `${honest.minRangeKm.toFixed(1)} km`],
      ['inside 1,200 km', `${honest.durationS.toFixed(1)} s`],
      ['detections', honest.detections.toLocaleString('en')],
      ['sifted signal / detections', ratio],
      ['error rate', `${(honest.qberSignal * 100).toFixed(2)} %`],
      ['secret bits at 1e-9', honest.secretBits.toLocaleString('en')],
    ] as const) {
      const line = readme.split('\n').find((text) => text.startsWith(`| ${row} |`));
      assert.equal(line?.split('|')[3]?.trim(), value, row);
    }
  });

  it('is the same document again but for the timing', async () => {
    const { timing: _first, ...first } = honest;
    const { timing: _second, ...second } = await run();
    assert.deepEqual(second, first);
  });

  it('refuses the key under full intercept-resend', async () => {
    const tapped = await run('--attack', 'intercept-resend', '--fraction', '1');
    assert.equal(tapped.verdict, 'refused');
    assert.equal(tapped.secretBits, 0);
    assert.equal(tapped.keysEqual, false);
    assert.ok(tapped.alarms.some(({ severity }) => severity === 'hard'));
    const sigma = Math.sqrt((0.25 * 0.75) / tapped.siftedSignal);
    assert.ok(Math.abs(tapped.qberSignal - 0.25) < 3 * sigma, `QBER ${tapped.qberSignal}, sigma ${sigma}`);
  });

  it('takes away at least what a partial interceptor truly knows', async () => {
    const tapped = await run('--attack', 'intercept-resend', '--fraction', '0.1');
    assert.ok(tapped.secretBits < honest.secretBits);
    // Half of what she takes in the key basis, a quarter of all detections, she measures in it; 5 sigma.
    const expected = (tapped.detections / 4) * 0.1 * 0.5;
    assert.ok(
      Math.abs(tapped.adversary!.knownBits - expected) < 5 * Math.sqrt(expected),
      `${tapped.adversary!.knownBits}`,
    );
    assert.ok(tapped.adversary!.knownBits <= tapped.adversary!.removedBits);
    assert.ok(tapped.alarms.length > 0, 'the shifted error rate raises at least a soft alarm');
  });
});
