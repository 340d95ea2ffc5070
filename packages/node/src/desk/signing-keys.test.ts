import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeSigningKeys, readSigningKeys } from './signing-keys.ts';

const root = mkdtempSync(join(tmpdir(), 'skykey-signing-'));
after(() => rmSync(root, { recursive: true }));
const file = (name: string): string => join(root, name);
const pair = (name: string) => ({ key: file(name), publicKey: file(`${name}.pub`) });

test('keys are made once, for this user alone, and the public one is written again where it is missing', () => {
  makeSigningKeys(pair('one'));
  const before = [readFileSync(file('one')), readFileSync(file('one.pub'))];
  assert.equal(statSync(file('one')).mode & 0o777, 0o600);
  rmSync(file('one.pub'));
  makeSigningKeys(pair('one'));
  assert.deepEqual([readFileSync(file('one')), readFileSync(file('one.pub'))], before);
  makeSigningKeys(pair('two'));
  const { privateKey, peerKey } = readSigningKeys({ key: file('one'), peerKey: file('two.pub') });
  assert.deepEqual([privateKey.type, peerKey.type, peerKey.asymmetricKeyType], ['private', 'public', 'ml-dsa-65']);
});

test('a key that is missing, damaged, of another kind or its own peer is refused with its file, and nothing of it', () => {
  const other = generateKeyPairSync('ed25519');
  writeFileSync(file('ed'), other.privateKey.export({ format: 'pem', type: 'pkcs8' }));
  writeFileSync(file('broken'), readFileSync(file('one'), 'utf8').slice(0, 400));
  const secret = readFileSync(file('one'), 'utf8').split('\n')[1]!;
  for (const [key, peerKey] of [
    ['none', 'two.pub'],
    ['broken', 'two.pub'],
    ['ed', 'two.pub'],
    ['one.pub', 'two.pub'],
    ['one', 'one.pub'],
  ] as const) {
    assert.throws(
      () => readSigningKeys({ key: file(key), peerKey: file(peerKey) }),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'desk/signing');
        assert.ok(error.message.includes(root) && !error.message.includes(secret), error.message);
        return true;
      },
    );
  }
});
