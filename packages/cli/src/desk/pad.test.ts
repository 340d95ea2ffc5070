import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readEmergencyFile } from '@skykey/hotline';
import { skykey } from '../test/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-pad-'));
after(() => rmSync(folder, { recursive: true }));
const CONVERSATION = '6f1c2d3e-4b5a-4978-8a9b-0c1d2e3f4a5b';

test('a pad is made once, for this user alone, and its keys are not shown', async () => {
  const path = join(folder, 'pad');
  const make = (...more: string[]) =>
    skykey(['desk', 'pad', path, '--conversation', CONVERSATION, '--from', 'courier', ...more]);
  const { code, stdout, stderr } = await make('--texts', '3', '--json');
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { path, texts: 3, from: 'courier' });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const { pads, conversationId } = readEmergencyFile(new Uint8Array(readFileSync(path)));
  assert.deepEqual([conversationId, pads[1].keys.length, pads[2].keys.length], [CONVERSATION, 3, 3]);
  for (const refused of [await make(), await make('--texts', '65'), await make('--conversation', 'x')]) {
    assert.deepEqual([refused.code, refused.stdout], [2, '']);
  }
});
