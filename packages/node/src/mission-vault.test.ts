import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { openMissionVault } from './mission-vault.ts';

function place(t: TestContext): { path: string; keyring: string; now: () => number; nodeId: string } {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-mission-vault-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { path: join(folder, 'vault'), keyring: join(folder, 'keyring'), now: () => 1000, nodeId: 'beijing' };
}

test('a vault is found again with what it held', async (t) => {
  const options = place(t);
  const vault = await openMissionVault(options);
  await vault.notebook().remember('mission-time', 7);
  await vault.close();
  const again = await openMissionVault(options);
  assert.equal(await again.notebook().recall('mission-time'), 7);
  await again.close();
});

test('a vault of an older or newer format is refused with the remedy, and stays as it was', async (t) => {
  for (const version of [1, 99]) {
    const options = place(t);
    await (await openMissionVault(options)).close();
    const database = new DatabaseSync(options.path);
    database.exec(`PRAGMA user_version = ${version}`);
    database.close();
    const before = readFileSync(options.path);
    await assert.rejects(openMissionVault(options), {
      name: 'NodeError',
      code: 'node/data',
      message: new RegExp(
        `^the vault ${options.path} has format ${version}; .*Nothing in it was changed\\..*; or choose another folder with --data$`,
      ),
    });
    assert.deepEqual(readFileSync(options.path), before);
  }
});

test('a vault without its keyring is refused: key is not made up', async (t) => {
  const options = place(t);
  await (await openMissionVault(options)).close();
  rmSync(options.keyring);
  await assert.rejects(openMissionVault(options), { code: 'node/keyring' });
});
