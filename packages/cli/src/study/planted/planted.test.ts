import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FAULTS } from './index.ts';

const ROOT = fileURLToPath(new URL('../../../../../', import.meta.url));

test('the list of planted faults fits the source', () => {
  assert.ok(FAULTS.length >= 30);
  assert.equal(new Set(FAULTS.map(({ name }) => name)).size, FAULTS.length, 'names are unique');
  for (const { name, file, find, replacement, tests } of FAULTS) {
    const source = readFileSync(join(ROOT, file), 'utf8');
    assert.equal(source.split(find).length - 1, 1, `${name}: what it replaces stands once in ${file}`);
    assert.notEqual(find, replacement, name);
    assert.ok(tests.length > 0, name);
    for (const one of tests) assert.ok(existsSync(join(ROOT, one)), `${name}: there is a test file ${one}`);
  }
});
