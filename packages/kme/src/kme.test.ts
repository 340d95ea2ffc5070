import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kme, type KmeOptions } from './kme.ts';
import { code, Network, policyOf } from './test/sites.ts';

test('a configuration that cannot work is refused with the reason', async (t) => {
  const { beijing } = await Network.open(t, { keyBytes: 0 });
  const peer = (node: string): KmeOptions['peers'][number] => ({
    node,
    link: { call: () => Promise.reject(new Error('nobody')) },
  });
  const sound: KmeOptions = {
    kmeId: 'kme-beijing',
    kmes: [
      { kmeId: 'kme-beijing', siteId: 'beijing' },
      { kmeId: 'kme-moscow', siteId: 'moscow' },
    ],
    saes: [
      { saeId: 'a', kmeId: 'kme-beijing' },
      { saeId: 'b', kmeId: 'kme-moscow' },
    ],
    policy: policyOf([{ between: ['a', 'b'] }]),
    peers: [peer('moscow'), peer('micius')],
    vault: beijing.vault,
    uuid: () => '',
    random: (bytes) => new Uint8Array(bytes),
    now: () => 0,
  };
  assert.ok(new Kme(sound));
  const wrong: [Partial<KmeOptions>, RegExp][] = [
    [{ kmeId: 'kme-delhi' }, /kme-delhi, is not listed/],
    [{ kmes: [...sound.kmes, { kmeId: 'kme-beijing', siteId: 'delhi' }] }, /listed twice/],
    [{ kmes: [...sound.kmes, { kmeId: 'kme-delhi', siteId: 'moscow' }] }, /two KMEs/],
    [{ saes: [...sound.saes, { saeId: 'a', kmeId: 'kme-moscow' }] }, /listed twice/],
    [{ saes: [...sound.saes, { saeId: 'c', kmeId: 'kme-delhi' }] }, /which is not listed/],
    [{ saes: [...sound.saes, { saeId: 'with space', kmeId: 'kme-moscow' }] }, /RFC 3986/],
    [{ saes: [...sound.saes, { saeId: 'x'.repeat(65), kmeId: 'kme-moscow' }] }, /RFC 3986/],
    [{ saes: [...sound.saes, { saeId: '', kmeId: 'kme-moscow' }] }, /RFC 3986/],
    [{ peers: [peer('moscow'), peer('moscow')] }, /differ from each other/],
    [{ peers: [peer('beijing')] }, /differ from each other and from itself/],
    [{ limits: { keySize: 12 } }, /limits/],
    [{ limits: { minKeySize: 512 } }, /limits/],
    [{ limits: { maxKeySize: 128 } }, /limits/],
    [{ limits: { maxKeyPerRequest: 0 } }, /limits/],
    [{ limits: { maxKeyPerRequest: 100_000 } }, /limits/],
    [{ limits: { maxKeyCount: 2 ** 31 } }, /limits/],
    [{ limits: { maxSaeIdCount: 64 } }, /limits/],
  ];
  for (const [changes, reason] of wrong) {
    assert.throws(() => new Kme({ ...sound, ...changes }), code('kme/argument'), JSON.stringify(changes));
    assert.throws(() => new Kme({ ...sound, ...changes }), reason);
  }
});

test('two flushes at once are one', async (t) => {
  const network = await Network.open(t);
  const { beijing } = network;
  await beijing.kme.raiseAlarm('micius-beijing', 'tapped');
  const [one, two] = await Promise.all([beijing.kme.flush(), beijing.kme.flush()]);
  assert.equal(one.told, 1);
  assert.equal(two.told, 1);
  assert.equal(network.wire.length, 1);
});

test('a node that keeps silent keeps nobody else waiting', async (t) => {
  const network = await Network.open(t, { sites: ['beijing', 'moscow', 'delhi'] });
  const { beijing, moscow } = network;
  let letGo = (): void => undefined;
  network.between = async (message, on, _, to) => {
    if (to !== 'delhi') return on(message);
    await new Promise<void>((resolve) => {
      letGo = resolve;
    });
    throw new Error('nothing came');
  };
  await network.share('beijing', 'delhi', 'direct', {
    keyBytes: 0,
    padBytes: 512,
    labels: {
      ...(await beijing.tx.labels({ lane: 'key/beijing>moscow/micius', offset: 0, bytes: 1 }))[0]!,
      originLinks: [],
    },
  });
  await beijing.kme.raiseAlarm('micius-beijing', 'tapped');
  const flushing = beijing.kme.flush();
  while ((await moscow.kme.alarms()).length === 0) await new Promise((resolve) => setImmediate(resolve));
  letGo();
  const report = await flushing;
  assert.equal(report.told, 1);
  assert.deepEqual([...report.waiting.keys()], ['delhi']);
});
