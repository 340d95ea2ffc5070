/** strongSwan as it is: two charons in network namespaces, PPKs over vici, ESP in user space, packets through it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { SecretBytes } from '@skykey/bits';
import type { AgentConfiguration } from './configuration.ts';
import { Ipsec, type IpsecOptions } from './ipsec.ts';
import { documentOf, freePort, holdsKey, RunningAgent } from './test/agents.ts';
import { type Charon, startCharon, withoutCharon } from './test/charon.ts';
import { type KmePair, startKmePair } from './test/kme-pair.ts';
import { type End, SitePair, without } from './test/site-pair.ts';
import { Vici } from './vici.ts';
import type { ViciAnswer } from './vici-message.ts';

describe('skykey agent ipsec', { skip: withoutCharon() || without('openssl', 'unshare') }, () => {
  let sites: SitePair;
  let kmes: KmePair;
  let port: number;
  const charons = {} as Record<End, Charon>;
  const agents: RunningAgent[] = [];
  const other = (end: End): End => (end === 'a' ? 'b' : 'a');

  const options = (end: End): IpsecOptions => ({
    socket: charons[end].socket,
    connection: 'site',
    definition: {
      local_addrs: [sites.outer(end)],
      remote_addrs: [sites.outer(other(end))],
      proposals: ['aes256-sha384-modp3072'],
      encap: 'yes',
      local: { auth: 'psk', id: `gw-${end}` },
      remote: { auth: 'psk', id: `gw-${other(end)}` },
      children: {
        net: {
          local_ts: [`${sites.inner(end)}/32`],
          remote_ts: [`${sites.inner(other(end))}/32`],
          esp_proposals: ['aes256-sha256'],
        },
        voice: {
          local_ts: [`${sites.inner(end)}/32[udp/5004]`],
          remote_ts: [`${sites.inner(other(end))}/32[udp/5004]`],
          esp_proposals: ['aes256-sha256'],
        },
      },
    },
  });
  const agent = (end: End, more: Partial<AgentConfiguration> = {}): RunningAgent => {
    const ipsec = options(end);
    const configuration = { ...documentOf(kmes, end, port, more), ipsec } as unknown as AgentConfiguration;
    const running = new RunningAgent(configuration, new Ipsec(ipsec));
    agents.push(running);
    return running;
  };
  const asking = async <T>(end: End, ask: (vici: Vici) => Promise<T>): Promise<T> => {
    const vici = await Vici.connect(charons[end].socket);
    try {
      return await ask(vici);
    } finally {
      vici.close();
    }
  };
  const sas = (end: End): Promise<ViciAnswer[]> =>
    asking(end, async (vici) =>
      (await vici.list('list-sas', 'list-sa')).map((one) => Object.values(one)[0] as ViciAnswer),
    );
  const secrets = (end: End): Promise<string[]> =>
    asking(end, async (vici) =>
      ((await vici.request('get-shared')).keys as string[]).filter((id) => id.startsWith('skykey/')),
    );
  /** The operator's own secret, by which the gateways know each other. */
  const loadOperators = async (end: End): Promise<void> => {
    const data = Buffer.from('a secret of the operator');
    await asking(end, (vici) =>
      vici.request('load-shared', { id: 'operator', type: 'IKE', data, owners: ['gw-a', 'gw-b'] }),
    );
  };

  before(async () => {
    kmes = await startKmePair();
    port = await freePort();
    sites = new SitePair();
    for (const end of ['a', 'b'] as const) {
      sites.inside(end, 'ip', 'addr', 'add', `${sites.inner(end)}/32`, 'dev', 'lo');
      // The way that packets would take in clear.
      sites.inside(end, 'ip', 'route', 'add', `${sites.inner(other(end))}/32`, 'via', sites.outer(other(end)));
      charons[end] = await startCharon(sites, end);
      await loadOperators(end);
    }
    await sites.startEcho();
  });
  afterEach(async () => {
    kmes.away(false);
    for (const running of agents) await running.end().catch(() => undefined);
  });
  after(async () => {
    sites?.remove();
    await kmes?.close();
  });

  it('lets nothing out in clear, brings the tunnel up with a PPK, and a packet through', async () => {
    assert.ok(await sites.reached(), 'without agents packets go in clear');
    const b = agent('b', { memory: join(sites.folder, 'b.json') });
    await b.next('closed');
    assert.equal(await sites.reached(1000), false, 'an answer may not leave in clear');
    const a = agent('a');
    const { keyId } = await a.next('rotated');
    assert.equal((await b.next('rotated')).keyId, keyId);
    assert.ok(await sites.reached());
    for (const end of ['a', 'b'] as const) {
      const [sa, ...more] = await sas(end);
      assert.deepEqual([more.length, sa!.state, sa!.ppk], [0, 'ESTABLISHED', 'yes']);
      const children = Object.values(sa!['child-sas'] as ViciAnswer) as ViciAnswer[];
      assert.deepEqual(children.map(({ name }) => name).sort(), ['net', 'voice'], 'both in one IKE SA');
      const child = children.find(({ name }) => name === 'net');
      assert.ok(Number(child!['bytes-in']) > 0 && Number(child!['bytes-out']) > 0, 'it went through ESP');
      assert.deepEqual(await secrets(end), [`skykey/site/${keyId}`]);
    }
    await a.end();
    await b.end();
    assert.equal(await sites.reached(1000), false, 'an agent that is ended closes its tunnel');
    assert.deepEqual(await secrets('a'), []);
  });

  it('rotates twice under traffic: one key, one IKE SA, nothing lost', async () => {
    const b = agent('b');
    const a = agent('a', { rotateS: 2, maxKeyAgeS: 60 });
    await a.next('rotated');
    assert.ok(await sites.reached());
    const spis = new Set<unknown>();
    const { sent, came } = await sites.probe(async () => {
      a.forget();
      for (let i = 0; i < 2; i++) {
        const { keyId } = await a.next('rotated');
        const [[sa, ...more], [peer]] = [await sas('a'), await sas('b')];
        assert.equal(more.length, 0, 'the old IKE SA is gone');
        assert.equal(sa!['initiator-spi'], peer!['initiator-spi']);
        spis.add(sa!['initiator-spi']);
        assert.deepEqual(await secrets('a'), [`skykey/site/${keyId}`]);
      }
    });
    assert.equal(spis.size, 2);
    assert.ok(sent > 10);
    assert.ok(sent - came <= 1, `${sent - came} of ${sent} were lost`);
    await a.end();
    await b.end();
  });

  it('fails to authenticate with another key at one end', async () => {
    const keyId = 'c0ffee00-0000-4000-8000-000000000001';
    const ends = { a: new Ipsec(options('a')), b: new Ipsec(options('b')) };
    for (const end of ['b', 'a'] as const) {
      await ends[end].open();
      const key = SecretBytes.adopt(new Uint8Array(randomBytes(32)));
      await ends[end].install({ keyId, key });
    }
    await assert.rejects(ends.a.start(keyId), /charon refused initiate/);
    assert.match(charons.a.log(), /received AUTHENTICATION_FAILED/);
    assert.equal(await sites.reached(1000), false);
    for (const end of ['a', 'b'] as const) {
      await ends[end].shut();
      ends[end].release();
    }
  });

  it('closes the tunnel when there is no newer key in time, and opens it again', async () => {
    const b = agent('b', { maxKeyAgeS: 4 });
    const a = agent('a', { rotateS: 1, maxKeyAgeS: 4 });
    await a.next('rotated');
    assert.ok(await sites.reached());
    await b.next('rotated');
    kmes.away(true);
    assert.match((await a.next('closed')).reason, /older than 4 s, and there is no newer one: .*503/);
    assert.match((await b.next('closed')).reason, /older than 4 s|it has no IKE SA/);
    assert.equal(await sites.reached(1000), false);
    assert.deepEqual([await sas('a'), await secrets('a'), await secrets('b')], [[], [], []]);
    kmes.away(false);
    a.forget();
    await a.next('rotated');
    assert.ok(await sites.reached());
    await a.end();
    await b.end();
  });

  it('lets charon rekey its IKE SA, under the same PPK', async () => {
    const b = agent('b');
    const a = agent('a');
    await a.next('rotated');
    await b.next('rotated');
    const [before] = await sas('a');
    await asking('a', (vici) => vici.request('rekey', { ike: 'site' }));
    await pause(1500);
    const [after] = await sas('a');
    assert.notEqual(after!['initiator-spi'], before!['initiator-spi']);
    assert.ok(await sites.reached());
    for (const one of [a, b])
      assert.ok(!one.events.slice(2).some(({ event }) => event === 'closed'), JSON.stringify(one.events));
    await a.end();
    await b.end();
  });

  it('comes back when charon is killed, by itself', async () => {
    const b = agent('b');
    const a = agent('a');
    await a.next('rotated');
    await charons.b.kill();
    charons.b = await startCharon(sites, 'b');
    await loadOperators('b');
    a.forget();
    await a.next('rotated', 40_000);
    assert.ok(await sites.reached());
    await a.end();
    await b.end();
  });

  it('leaves no key in logs and words', () => {
    assert.ok(kmes.material.length > 4);
    for (const end of ['a', 'b']) assert.ok(!holdsKey(join(sites.folder, `${end}.log`), kmes.material));
    const words = JSON.stringify(agents.map(({ events }) => events));
    assert.ok(
      kmes.material.every((key) => !words.includes(key.toString('base64')) && !words.includes(key.toString('hex'))),
    );
  });
});
