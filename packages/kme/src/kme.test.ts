import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kme, type KmeOptions } from './kme.ts';
import { code, Network } from './test/sites.ts';

test('a configuration that cannot work is refused with the reason', (t) => {
  const { beijing } = new Network(t, { keyBytes: 0 });
  const sound: KmeOptions = {
    kmeId: 'kme-beijing',
    siteId: 'beijing',
    peerKmeId: 'kme-moscow',
    peerSiteId: 'moscow',
    links: ['micius-beijing'],
    saes: [
      { saeId: 'a', kmeId: 'kme-beijing' },
      { saeId: 'b', kmeId: 'kme-moscow' },
    ],
    pairs: [{ local: 'a', remote: 'b' }],
    vault: beijing.vault,
    peer: { call: () => Promise.reject(new Error('nobody')) },
    uuid: () => '',
    now: () => 0,
  };
  assert.ok(new Kme(sound));
  const wrong: Partial<KmeOptions>[] = [
    { saes: [...sound.saes, { saeId: 'a', kmeId: 'kme-moscow' }] },
    { saes: [...sound.saes, { saeId: 'with space', kmeId: 'kme-moscow' }] },
    { saes: [...sound.saes, { saeId: 'x'.repeat(65), kmeId: 'kme-moscow' }] },
    { saes: [...sound.saes, { saeId: '', kmeId: 'kme-moscow' }] },
    { pairs: [{ local: 'b', remote: 'a' }] },
    { pairs: [{ local: 'a', remote: 'c' }] },
    { limits: { keySize: 12 } },
    { limits: { minKeySize: 512 } },
    { limits: { maxKeySize: 128 } },
    { limits: { maxKeyPerRequest: 0 } },
    { limits: { maxKeyPerRequest: 100_000 } },
    { limits: { maxKeyCount: 2 ** 31 } },
  ];
  for (const changes of wrong) {
    assert.throws(() => new Kme({ ...sound, ...changes }), code('kme/argument'), JSON.stringify(changes));
  }
});

test('two flushes at once are one', async (t) => {
  const network = new Network(t);
  const { beijing } = network;
  beijing.kme.raiseAlarm('micius-beijing', 'tapped');
  const [one, two] = await Promise.all([beijing.kme.flush(), beijing.kme.flush()]);
  assert.equal(one, two);
  assert.equal(network.wire.length, 1);
});
