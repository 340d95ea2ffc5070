import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { openVault } from './open-vault.ts';

const watch = { onTransaction: () => undefined, onCommit: () => undefined };

test('a vault is for its owner alone, whatever the umask, and one that was not becomes so', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-open-'));
  const mask = process.umask(0o022);
  t.after(() => {
    process.umask(mask);
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, 'vault');
  writeFileSync(path, '', { mode: 0o644 });
  const vault = await openVault({ vault: { kind: 'sqlite', path }, keyring: join(folder, 'keyring') }, 'test', watch);
  t.after(() => vault.close());
  await vault.notebook().remember('a', 1);
  for (const file of [path, `${path}-wal`]) assert.equal(statSync(file).mode & 0o077, 0, file);
});

test('a process that may share its name with another on one database is refused', async () => {
  const vault = { kind: 'postgres' as const, connection: { file: '/nowhere' }, name: 'paris' };
  await assert.rejects(openVault({ vault, keyring: '/nowhere/keyring' }, 'kme@host:0', watch), /set processId/);
});
