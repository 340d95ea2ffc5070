import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DEFAULT_POLICY } from '@skykey/hotline';
import { linePolicyDocument, readLinePolicy } from './line-policy.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-line-policy-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function written(document: object): string {
  const file = join(folder, 'policy.json');
  writeFileSync(file, JSON.stringify(document));
  return file;
}

test('a policy that was written is read as it was', () => {
  assert.deepEqual(readLinePolicy(written(linePolicyDocument(DEFAULT_POLICY))), DEFAULT_POLICY);
});

test('a policy that contradicts itself, or has a field that does not exist, is refused by file and field', () => {
  const document = linePolicyDocument(DEFAULT_POLICY);
  const refused = (changes: object, why: RegExp) =>
    assert.throws(() => readLinePolicy(written({ ...document, ...changes })), { code: 'desk/policy', message: why });
  refused({ approvalsNeeded: 1 }, /policy\.json: .*approvalsNeeded must be a whole number from 2 to 16, not 1/);
  refused({ redAllows: { hybridText: false, media: true } }, /redAllows\.media .*qkdRequired\.media forbids it/);
  refused({ redAllows: { hybridText: false, media: false, calls: true } }, /redAllows: .*calls/);
  refused({ greenHour: 24 }, /greenHour/);
  refused({ format: 'skykey-line-policy/2' }, /format/);
});
