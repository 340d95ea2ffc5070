import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import { type ImportedKey, type KeyRefusal, Kme, readPolicy, Topology } from '@skykey/kme';
import { Vault } from '@skykey/vault';
import { FileKeyring } from '../vault/file-keyring.ts';
import { ForeignKeys } from './foreign-keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-foreign-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

const link = {
  id: 'room-1',
  ends: ['paris', 'wien'],
  proof: 'foreign',
  epsSec: 1e-9,
  epsCor: 1e-12,
  simulated: false,
} as const;
const topology = new Topology(
  [
    { id: 'paris', kind: 'site', jurisdiction: 'FR' },
    { id: 'wien', kind: 'site', jurisdiction: 'AT' },
  ],
  [{ ...link, state: 'open', rateBps: 0, stockBits: 0, oldestAtMs: null }],
);
const rule = { maxRelays: 0, epsSec: 1e-6, epsCor: 1e-6, proofs: ['foreign'] };
const policy = readPolicy(
  new TextEncoder().encode(
    JSON.stringify({ format: 'skykey-policy/1', rules: [{ between: ['vpn-wien', 'vpn-paris'], ...rule }] }),
  ),
);

let nowMs = 1_700_000_000_000;
const vault = await Vault.open({
  store: { kind: 'sqlite', path: join(folder, 'vault.db') },
  keyring: FileKeyring.open(join(folder, 'keyring')),
  ...{ now: () => nowMs, random, processId: 'kme-paris' },
});
after(() => vault.close());
const kme = new Kme({
  kmeId: 'kme-paris',
  kmes: ['paris', 'wien'].map((siteId) => ({ kmeId: `kme-${siteId}`, siteId })),
  saes: ['vpn', 'mail'].flatMap((name) =>
    ['paris', 'wien'].map((site) => ({ saeId: `${name}-${site}`, kmeId: `kme-${site}` })),
  ),
  ...{ policy, peers: [], vault, uuid: randomUUID, random, now: () => nowMs },
});
const foreign = new ForeignKeys({
  ...{ vault, registry: kme.registry, policy, topology, uuid: randomUUID, random, now: () => nowMs },
  ...{ alarms: () => kme.alarms(), pause: async () => undefined },
});

const imported = (keyId: string, bytes: Uint8Array, more: Partial<ImportedKey> = {}): ImportedKey => ({
  ...{ keyId, key: SecretBytes.adopt(bytes.slice()), from: 'kme-wien', initiator: 'vpn-wien', targets: ['vpn-paris'] },
  ...{ expiresAtMs: nowMs + 60_000, ...more },
});
const fetch = async (keyId: string): Promise<string> => {
  const [found] = await kme.keys.getKeysWithIds({ caller: 'vpn-paris', master: 'vpn-wien', keyIds: [keyId] });
  return found!.key.open((bytes) => Buffer.from(bytes).toString('hex'));
};
const refusal = (code: string) => (error: unknown) => (error as KeyRefusal).code === code;

test('who may send what is decided by network and policy before a key is looked at', async () => {
  const admit = (initiator: string, ...targets: string[]) => foreign.admit({ from: 'kme-wien', initiator, targets });
  assert.equal(await admit('vpn-wien', 'vpn-paris'), 'welcome');
  assert.equal(await admit('mail-wien', 'vpn-paris'), 'unauthorized');
  assert.equal(await admit('mail-paris', 'vpn-paris'), 'unauthorized', 'it speaks for its own alone');
  assert.equal(await admit('vpn-wien', 'nobody'), 'unknown-target');
  assert.equal(await admit('vpn-wien', 'mail-wien'), 'pass-back');
  assert.doesNotThrow(() => foreign.check('kme-wien', ['vpn-wien']));
  assert.throws(() => foreign.check('kme-rome', []), /kme-rome is not in the network/);
  assert.throws(() => foreign.check('kme-wien', ['vpn-paris']), /vpn-paris is no application of kme-wien/);
});

test('a key is kept once: the same again changes nothing, other material or another pair is refused', async () => {
  const [a, b] = [randomUUID(), randomUUID()];
  const [x, y] = [random(32), random(32)];
  await foreign.hold([imported(a, x), imported(b, y)]);
  await foreign.hold([imported(a, x)]);
  await assert.rejects(foreign.hold([imported(a, y)]), refusal('argument'));
  await assert.rejects(foreign.hold([imported(a, x, { initiator: 'mail-wien' })]), refusal('argument'));
  const fresh = randomUUID();
  await assert.rejects(foreign.hold([imported(fresh, random(32)), imported(b, x)]), refusal('argument'));
  assert.deepEqual(await foreign.settle('kme-wien', [a, b, fresh]), ['relayed', 'relayed', 'failed'], 'all or none');
  assert.equal(await fetch(a), Buffer.from(x).toString('hex'));
  assert.equal(await fetch(b), Buffer.from(y).toString('hex'));
  await foreign.hold([imported(a, x)]);
  await assert.rejects(fetch(a), refusal('not-found'));
});

test('a key is void, delivered or absent, and only its sender may void it', async () => {
  const [a, b] = [randomUUID(), randomUUID()];
  await foreign.hold([imported(a, random(16)), imported(b, random(16))]);
  await fetch(b);
  assert.deepEqual(await foreign.void('kme-rome', [a]), ['absent']);
  assert.deepEqual(await foreign.void('kme-wien', [a, b, randomUUID()]), ['voided', 'delivered', 'absent']);
  assert.deepEqual(await foreign.void('kme-wien', [a]), ['voided'], 'again');
  await assert.rejects(fetch(a), refusal('not-found'));
  assert.deepEqual(await foreign.settle('kme-wien', [a]), ['failed']);
});

test('a key that is too old, or whose link is under alarm, is not delivered', async () => {
  const [a, b] = [randomUUID(), randomUUID()];
  await foreign.hold([imported(a, random(32))]);
  nowMs += 61_000;
  await assert.rejects(fetch(a));
  await foreign.hold([imported(b, random(32))]);
  await kme.raiseAlarm('room-1', 'the door was open');
  await assert.rejects(fetch(b), refusal('not-found'));
  await assert.rejects(foreign.hold([imported(randomUUID(), random(32))]), refusal('alarm'));
  await kme.reopen('room-1');
  nowMs += 1;
  const c = randomUUID();
  await foreign.hold([imported(c, random(32))]);
  assert.equal((await fetch(c)).length, 64);
});
