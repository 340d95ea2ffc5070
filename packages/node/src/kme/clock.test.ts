import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { Vault } from '@skykey/vault';
import { createLog } from '../process.ts';
import { FileKeyring } from '../vault/file-keyring.ts';
import { loadKmeConfiguration } from './configuration.ts';
import { COURIER_PROOF, takeCourier } from './courier.ts';
import { KmeMetrics } from './metrics.ts';
import { loadNetwork } from './network-file.ts';
import { startKme } from './start-kme.ts';
import { House, keysIn } from './test/house.ts';

const houses: House[] = [];
after(() => Promise.all(houses.map((house) => house.remove())));

test('a clock 75 s ahead: no key is made with that site, both say so, nothing is lost; when it is right keys flow', {
  timeout: 60_000,
}, async (t) => {
  const house = await House.build();
  houses.push(house);
  await house.start(house.path('lyon.json'));
  let aheadMs = 75_000;
  const now = (): number => Date.now() + aheadMs;
  const configuration = loadKmeConfiguration(house.path('paris.json'));
  const network = loadNetwork(configuration.network);
  mkdirSync(house.path('paris'), { recursive: true });
  const vault = await Vault.open({
    store: { kind: 'sqlite', path: house.path('paris', 'vault.db') },
    keyring: FileKeyring.open(house.path('paris', 'keyring')),
    now,
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
    processId: 'kme-paris',
  });
  const log = createLog('kme-paris');
  log.level = 'silent';
  const { link } = { link: network.topology.links.find(({ proof }) => proof === COURIER_PROOF)!.id };
  const running = await startKme({
    ...{ kmeId: 'kme-paris', network, policyFile: configuration.policy, vault, shared: false, processId: 'kme-paris' },
    ...{ metrics: new KmeMetrics(), log, now, listen: configuration.listen, tls: configuration.tls },
    ...{ staleList: 'warn', identity: undefined, skip: undefined, etsi020: undefined },
    takeIn: async () => {
      const file = house.path('paris', 'courier.key');
      await takeCourier({ vault, self: 'paris', peer: 'lyon', file, link, jurisdictions: ['FR'], nowMs: now() });
    },
  });
  t.after(async () => {
    await running.stop();
    await vault.close();
  });
  await house.until('both have seen it', async () => {
    const states = await Promise.all(['paris', 'lyon'].map((site) => house.operations(site as 'paris', '/readyz')));
    return states[0]!.text.includes('clock of kme-lyon') && states[1]!.text.includes('clock of kme-paris');
  });
  const stock = async (): Promise<string> =>
    JSON.stringify(
      (JSON.parse((await house.operations('paris', '/api/state')).text) as { stock: unknown; pads: unknown }).stock,
    );
  const before = await stock();
  for (const site of ['paris', 'lyon'] as const) {
    const answer = await house.encKeys(site);
    assert.equal(answer.status, 503);
    assert.match(
      answer.text,
      site === 'paris' ? /kme-lyon is 7\d s behind this machine's/ : /kme-paris is 7\d s ahead of this machine's/,
    );
    assert.match(answer.text, /NTP/);
  }
  assert.equal(await stock(), before);
  aheadMs = 0;
  await house.until('keys flow', async () => (await house.encKeys('paris')).status === 200);
  const keys = keysIn(await house.encKeys('paris'));
  assert.deepEqual(keysIn(await house.decKeys('lyon', [keys[0]!.key_ID])), keys);
});
