import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { issueCertificate, revokeCertificates } from '../pki/authority.ts';
import { House, type KmeChild, keysIn, policy, replace, SITES } from './test/house.ts';

const run = promisify(execFile);
const houses: House[] = [];
after(() => Promise.all(houses.map((house) => house.remove())));

async function built(options?: { courierBytes?: number }): Promise<House> {
  const house = await House.build(options);
  houses.push(house);
  return house;
}

/** Both sites, and every other key manager known to each. */
async function running(options?: {
  courierBytes?: number;
}): Promise<{ house: House; lyon: KmeChild; paris: KmeChild }> {
  const house = await built(options);
  const [lyon, paris] = (await house.startSites()) as [KmeChild, KmeChild];
  await house.until('both sites are ready', async () => {
    const answers = await Promise.all(SITES.map((site) => house.operations(site, '/readyz')));
    return answers.every(({ status }) => status === 200);
  });
  return { house, lyon, paris };
}

const metric = (text: string, name: string): number | undefined => {
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
};

async function measured(house: House, site: 'lyon' | 'paris', name: string): Promise<number | undefined> {
  return metric((await house.operations(site, '/metrics')).text, name);
}

describe('two key managers that share a couriered key', { timeout: 400_000, concurrency: 2 }, () => {
  test('hand the same keys to applications at both ends, once, and say so in their metrics', async () => {
    const { house, lyon, paris } = await running();
    for (const site of SITES) assert.equal(existsSync(house.path(site, 'courier.key')), false, 'the file is gone');
    const enc = await house.encKeys('paris', { number: 3 });
    assert.equal(enc.status, 200, enc.text);
    assert.match(String(enc.headers['x-request-id']), /^[0-9a-f-]{36}$/);
    const keys = keysIn(enc);
    const ids = keys.map(({ key_ID }) => key_ID);
    assert.deepEqual(keysIn(await house.decKeys('lyon', ids)), keys);
    assert.equal((await house.decKeys('lyon', ids)).status, 400, 'once');
    const back = keysIn(await house.encKeys('lyon', { kind: 'mail' }));
    assert.deepEqual(keysIn(await house.decKeys('paris', [back[0]!.key_ID], { kind: 'mail' })), back);

    const delivered = 'skykey_kme_keys_delivered_total{peer="lyon",way="direct"}';
    assert.equal(await measured(house, 'paris', delivered), 4);
    assert.equal(await measured(house, 'paris', 'skykey_kme_requests_total{interface="etsi014",status="200"}'), 2);
    assert.equal(await measured(house, 'lyon', 'skykey_kme_requests_total{interface="etsi014",status="400"}'), 1);
    assert.equal(await measured(house, 'paris', 'skykey_kme_peer_usable{peer="lyon"}'), 1);
    assert.equal(await measured(house, 'paris', 'skykey_kme_ready'), 1);
    const left = (await measured(house, 'paris', 'skykey_kme_stock_bits{peer="lyon",way="direct"}'))!;
    assert.ok(left > 150_000 && left <= 196_608 - 3 * 256, `${left} bits are left`);
    assert.ok((await measured(house, 'paris', 'skykey_kme_vault_commits_total'))! > 0);

    for (const path of ['/healthz', '/openapi/etsi014.json', '/restconf/data/etsi-qkd-sdn-node:qkd_node']) {
      assert.equal((await house.operations('paris', path)).status, 200, path);
    }
    const said = [lyon.log, paris.log].join('\n');
    for (const { key } of [...keys, ...back]) assert.equal(said.includes(key), false, 'no key in a log');
    assert.equal(await lyon.end('SIGTERM'), 143);
    assert.match(lyon.log, /the vault is closed/);
  });

  test('serve curl', {
    skip: spawnSync('curl', ['--version']).status === 0 ? false : 'curl is not installed',
  }, async () => {
    const { house } = await running();
    const curl = async (saeId: string, site: 'lyon' | 'paris', path: string, ...more: string[]) => {
      const { cert, key, ca } = house.tls(saeId, 'kme');
      const url = `https://127.0.0.1:${house.port(site, 'etsi014')}/api/v1/keys/${path}`;
      const args = ['-sS', '--fail-with-body', '--cacert', ca, '--cert', cert, '--key', key, ...more, url];
      return JSON.parse((await run('curl', args)).stdout) as {
        keys: { key_ID: string; key: string }[];
        [name: string]: unknown;
      };
    };
    const status = await curl('vpn-paris', 'paris', 'vpn-lyon/status');
    assert.equal(status.source_KME_ID, 'kme-paris');
    assert.equal(status.key_size, 256);
    const { keys } = await curl('vpn-paris', 'paris', 'vpn-lyon/enc_keys');
    const got = await curl('vpn-lyon', 'lyon', `vpn-paris/dec_keys?key_ID=${keys[0]!.key_ID}`);
    assert.deepEqual(got.keys, keys);
  });

  test('spend no key while the other site is away, and go on when it is back', async () => {
    const { house, lyon } = await running();
    assert.equal(await lyon.end('SIGTERM'), 143);
    const stock = 'skykey_kme_stock_bits{peer="lyon",way="direct"}';
    await house.until(
      'paris has seen that lyon is away',
      async () => (await measured(house, 'paris', 'skykey_kme_peer_reachable{peer="lyon"}')) === 0,
    );
    const before = await measured(house, 'paris', stock);
    for (let i = 0; i < 5; i++) {
      const refused = await house.encKeys('paris');
      assert.equal(refused.status, 503);
      assert.match(refused.text, /kme-lyon does not answer; no key was spent/);
      assert.doesNotMatch(refused.text, /127\.0\.0\.1/);
      assert.ok(Number(refused.headers['retry-after']) > 0);
    }
    assert.equal(await measured(house, 'paris', stock), before);
    const unready = await house.operations('paris', '/readyz');
    assert.equal(unready.status, 503);
    assert.match(unready.text, /keys can be made with 0 of 1 sites/);
    await house.start(house.path('lyon.json'));
    await house.until('keys flow again', async () => (await house.encKeys('paris')).status === 200);
  });

  test('killed with -9 under load: after the restart every key was given to at most one request at each end', async () => {
    const { house, lyon } = await running({ courierBytes: 262_144 });
    const made = new Map<string, string>();
    const given = new Set<string>();
    let over = false;
    const work = async (): Promise<void> => {
      while (!over) {
        const enc = await house.encKeys('paris', { number: 2 }).catch(() => undefined);
        if (enc?.status !== 200) continue;
        for (const { key_ID, key } of keysIn(enc)) {
          assert.equal(made.has(key_ID), false);
          made.set(key_ID, key);
        }
      }
    };
    const workers = Promise.all([work(), work(), work()]);
    await house.until('some keys were made', () => made.size > 20);
    assert.equal(await lyon.end('SIGKILL'), null);
    const again = await house.start(house.path('lyon.json'));
    const before = made.size;
    await house.until('more keys were made', () => made.size > before + 20);
    over = true;
    await workers;
    assert.equal(new Set(made.values()).size, made.size, 'no two ids with the same key');
    for (const [id, key] of made) {
      const dec = await house.decKeys('lyon', [id]);
      assert.equal(dec.status, 200, `${id}: ${dec.text}`);
      assert.equal(keysIn(dec)[0]!.key, key);
      assert.equal((await house.decKeys('lyon', [id])).status, 400);
      given.add(id);
    }
    assert.equal(given.size, made.size);
    assert.equal(await again.end('SIGTERM'), 143);
  });

  test('SIGHUP: a new policy holds, a broken or impossible one is refused and the old stays', async () => {
    const { house, paris } = await running();
    assert.equal((await house.encKeys('paris', { kind: 'mail' })).status, 200);
    house.write('policy.json', policy(['vpn']));
    paris.signal('SIGHUP');
    await house.until(
      'mail may share no keys',
      async () => (await house.encKeys('paris', { kind: 'mail' })).status === 401,
    );
    assert.equal((await house.encKeys('paris')).status, 200);

    writeFileSync(house.path('policy.json'), '{ "format": "skykey-policy/1", "rules": [ { ] }');
    paris.signal('SIGHUP');
    await house.until('it was refused', () => paris.log.includes('the old stays in force'));
    assert.match(paris.log, /policy\.json: the policy is not JSON: .*line 1/);
    house.write('policy.json', policy(['vpn'], [{ between: ['vpn-paris', 'nobody'] }]));
    paris.signal('SIGHUP');
    await house.until('it was refused', () => paris.log.includes('nobody is not in the network'));
    assert.match(paris.log, /rules\[1\] cannot be kept in this network/);
    assert.equal((await house.encKeys('paris')).status, 200);
    assert.equal((await house.encKeys('paris', { kind: 'mail' })).status, 401);
  });

  test('SIGHUP: a new certificate and a revocation hold at once; a broken certificate is refused', async () => {
    const { house, paris } = await running();
    const { cert } = house.tls('kme-paris', 'sae');
    const sound = readFileSync(cert);
    writeFileSync(cert, 'no certificate');
    paris.signal('SIGHUP');
    await house.until('it was refused', () => paris.log.includes('a certificate was refused'));
    assert.equal((await house.encKeys('paris')).status, 200);
    writeFileSync(cert, sound);
    await issueCertificate({ folder: house.pki, role: 'kme', id: 'kme-paris', nowMs: Date.now(), renew: true });
    assert.equal((await house.encKeys('paris', { kind: 'mail' })).status, 200);
    await revokeCertificates({ folder: house.pki, role: 'sae', id: 'mail-paris', nowMs: Date.now() });
    paris.signal('SIGHUP');
    await house.until('mail-paris is turned away', async () => {
      const answer = await house.encKeys('paris', { kind: 'mail' }).catch(() => undefined);
      return answer === undefined;
    });
    assert.equal((await house.encKeys('paris')).status, 200);
  });

  test('an alarm by the operator burns what is undelivered at both ends, and is taken back where it was raised', async () => {
    const { house } = await running();
    const waiting = keysIn(await house.encKeys('paris', { number: 2 })).map(({ key_ID }) => key_ID);
    assert.equal((await house.operations('paris', '/api/links/nowhere/alarm', { reason: 'x' })).status, 409);
    assert.equal((await house.operations('paris', '/api/links/courier-1/alarm', {})).status, 409);
    const bag = { reason: 'the bag was open', class: 'fault' };
    const unknown = await house.operations('paris', '/api/links/courier-1/alarm', { ...bag, class: 'bag' });
    assert.equal(unknown.status, 409);
    const raised = await house.operations('paris', '/api/links/courier-1/alarm', bag);
    assert.equal(raised.status, 200, raised.text);
    await house.until('lyon has heard', async () =>
      (await house.operations('lyon', '/api/alarms')).text.includes('the bag was open'),
    );
    const { alarms } = JSON.parse((await house.operations('lyon', '/api/alarms')).text);
    assert.equal(alarms[0].class, 'fault');
    assert.equal((await house.decKeys('lyon', waiting)).status, 400, 'burned before it left');
    for (const site of SITES) assert.equal((await house.encKeys(site)).status, 503);
    assert.equal(await measured(house, 'lyon', 'skykey_kme_link_alarm{link="courier-1"}'), 1);
    assert.ok((await measured(house, 'lyon', 'skykey_kme_keys_voided'))! >= 2);
    const model = await house.operations('lyon', '/restconf/data/etsi-qkd-sdn-node:qkd_node');
    await house.until('the model says so', async () =>
      (await house.operations('lyon', '/restconf/data/etsi-qkd-sdn-node:qkd_node')).text.includes('OFF'),
    );
    assert.equal(model.status, 200);
    assert.equal(
      (await house.operations('lyon', '/api/links/courier-1/reopen', {})).status,
      409,
      'not by who only heard of it',
    );
    assert.equal((await house.operations('paris', '/api/links/courier-1/reopen', {})).status, 200);
    await house.until(
      'lyon has heard',
      async () => !(await house.operations('lyon', '/api/alarms')).text.includes('courier-1'),
    );
  });
});

describe('a start that cannot go well', { timeout: 200_000, concurrency: 2 }, () => {
  const refused = async (house: House, config: string): Promise<string> => {
    const error = await house.start(config).then(
      () => new Error('it started'),
      (reason: Error) => reason,
    );
    return error.message;
  };

  test('is refused with file, field and remedy, and leaves everything as it was', async () => {
    const house = await built();
    const courier = readFileSync(house.path('paris', 'courier.key'));
    const stranger = house.configure('paris', { couriers: [{ peer: 'kme-rome', file: '/tmp/x' }] }, 'wrong.json');
    assert.match(await refused(house, stranger), /couriers names the peer kme-rome: give the kmeId/);
    const { saes, kmes } = { saes: house.tls('kme-paris', 'sae'), kmes: house.tls('kme-paris', 'kme') };
    writeFileSync(house.path('broken.crt'), readFileSync(saes.cert, 'utf8').replace(/\n.{8}/, '\nAAAAAAAA'));
    const broken = house.configure(
      'paris',
      { tls: { saes: { ...saes, cert: house.path('broken.crt') }, kmes } },
      'wrong.json',
    );
    assert.match(await refused(house, broken), /broken\.crt/);
    house.write(
      'impossible.json',
      policy(['vpn'], [{ between: ['mail-paris', 'mail-lyon'], minPaths: 2, maxRelays: 3 }]),
    );
    const impossible = house.configure('paris', { policy: house.path('impossible.json'), couriers: [] }, 'wrong.json');
    assert.match(await refused(house, impossible), /impossible\.json: rules\[1\] cannot be kept in this network/);
    house.write('twice.json', policy(['vpn', 'vpn']));
    const contradictory = house.configure('paris', { policy: house.path('twice.json'), couriers: [] }, 'wrong.json');
    assert.match(
      await refused(house, contradictory),
      /twice\.json: rules\[1\]\.between \(line \d+\).*a pair has one rule/,
    );
    assert.ok(existsSync(house.path('paris', 'courier.key')));
    assert.ok(courier.equals(readFileSync(house.path('paris', 'courier.key'))));
  });

  test('with a vault of a newer version: refused, the file is the same byte by byte', async () => {
    const house = await built();
    const { DatabaseSync } = await import('node:sqlite');
    const first = await house.start(house.path('paris.json'));
    assert.equal(await first.end('SIGTERM'), 143);
    const file = house.path('paris', 'vault.db');
    const database = new DatabaseSync(file);
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
    database.exec(`PRAGMA user_version = ${version + 1}`);
    database.close();
    const before = readFileSync(file);
    assert.match(
      await refused(house, house.path('paris.json')),
      new RegExp(`has format ${version + 1}.*Start the version of Skykey that made it`, 's'),
    );
    assert.ok(before.equals(readFileSync(file)));
  });

  test('with one end of a couriered key only: no key is made, and both ends say which', async () => {
    const house = await built();
    writeFileSync(house.path('kept.key'), readFileSync(house.path('lyon', 'courier.key')));
    house.configure('lyon', { couriers: [] });
    await house.startSites();
    await house.until('paris says so', async () =>
      (await house.operations('paris', '/readyz')).text.includes('kme-lyon has not taken in the couriered key'),
    );
    const answer = await house.encKeys('paris');
    assert.equal(answer.status, 503);
    assert.match(answer.text, /kme-lyon has not taken in the couriered key [0-9a-f]{64}/);
    assert.match((await house.operations('lyon', '/readyz')).text, /this site has not taken in the couriered key/);
    replace(house.path('lyon', 'courier.key'), house.path('kept.key'));
  });
});
