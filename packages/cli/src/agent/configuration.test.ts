import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { hostAndPort, loadAgent } from './configuration.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-agent-'));
const file = join(folder, 'agent.json');
after(() => rmSync(folder, { recursive: true, force: true }));

const PEER = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';
const common = {
  format: 'skykey-agent/1',
  sae: 'gw-a',
  peer: 'gw-b',
  kme: { url: 'https://127.0.0.1:8461', ca: 'kme-ca.crt', cert: 'gw-a.crt', key: '/etc/gw-a.key' },
  line: { ca: 'sae-ca.crt', connect: '192.0.2.2:7311' },
};
const wireguard = { ...common, wireguard: { interface: 'wg0', peer: PEER } };
const child = { local_ts: ['10.1.0.0/16'], remote_ts: ['10.2.0.0/16'] };
const ipsec = {
  ...common,
  ipsec: {
    connection: 'site-b',
    definition: { remote_addrs: ['192.0.2.2'], local: { auth: 'pubkey' }, children: { net: child } },
  },
};
const load = (kind: 'wireguard' | 'ipsec', document: unknown) => {
  writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document));
  return loadAgent(kind, file);
};

describe('loadAgent', () => {
  it('fills in what is left out, and finds files from where the document stands', () => {
    const { rotateS, maxKeyAgeS, checkS, onEnd, kme, line } = load('wireguard', wireguard);
    assert.deepEqual([rotateS, maxKeyAgeS, checkS, onEnd], [60, 180, 5, 'close']);
    assert.deepEqual(
      [kme.ca, kme.key, line.ca],
      [join(folder, 'kme-ca.crt'), '/etc/gw-a.key', join(folder, 'sae-ca.crt')],
    );
    const { definition } = ipsec.ipsec;
    const local = { auth: 'pubkey', certs: ['gw-a.pem'] };
    const loaded = load('ipsec', { ...ipsec, ipsec: { ...ipsec.ipsec, definition: { ...definition, local } } });
    assert.ok('ipsec' in loaded);
    assert.equal(loaded.ipsec.socket, '/var/run/charon.vici');
    assert.deepEqual(loaded.ipsec.definition.local, { auth: 'pubkey', certs: [join(folder, 'gw-a.pem')] });
    assert.deepEqual(loaded.ipsec.definition.children, { net: child });
  });

  it('says what is wrong, and what would be right', () => {
    const wrong: [kind: 'wireguard' | 'ipsec', document: unknown, words: RegExp][] = [
      ['wireguard', '{', /is not JSON/],
      ['wireguard', { ...wireguard, format: 'x' }, /format must be .*"skykey-agent\/1"/],
      ['wireguard', { ...wireguard, peer: 'gw-a' }, /peer must be another SAE than sae/],
      ['wireguard', { ...wireguard, colour: 1 }, /must not have a member "colour"/],
      [
        'wireguard',
        { ...wireguard, kme: { ...common.kme, url: 'http://x' } },
        /kme\.url must be an address that begins with https/,
      ],
      ['wireguard', { ...wireguard, kme: { ...common.kme, cert: undefined } }, /kme\.cert must be the path of a file/],
      [
        'wireguard',
        { ...wireguard, line: { ca: 'x' } },
        /line must be an object with "ca", either "connect" or "listen"/,
      ],
      ['wireguard', { ...wireguard, line: { ca: 'x', connect: 'a:1', listen: 'b:1' } }, /line must be an object with/],
      ['wireguard', { ...wireguard, rotateS: 180 }, /maxKeyAgeS must be greater than rotateS \(180\)/],
      ['wireguard', { ...wireguard, rotateS: 0 }, /rotateS must be a number of seconds from 1 to 86400/],
      [
        'wireguard',
        { ...wireguard, wireguard: { interface: 'wg0', peer: 'short' } },
        /wireguard\.peer must be the public key/,
      ],
      [
        'wireguard',
        { ...wireguard, wireguard: { interface: '--help', peer: `${PEER}x` } },
        /wireguard\.(interface|peer) must be/,
      ],
      ['wireguard', ipsec, /wireguard must be|must not have a member "ipsec"/],
      ['ipsec', withDefinition({ ppk_required: 'no' }), /ppk_required must be left out, or "yes"/],
      ['ipsec', withDefinition({ ppk_id: 'x' }), /ppk_id must be left out/],
      ['ipsec', withDefinition({ version: '1' }), /version must be left out, or "2"/],
      ['ipsec', withDefinition({ children: {} }), /children must be at least one child/],
      [
        'ipsec',
        withDefinition({ children: { net: { ...child, start_action: 'trap' } } }),
        /start_action must be left out, or "none"/,
      ],
      [
        'ipsec',
        withDefinition({ children: { net: { remote_ts: ['10.2.0.0/16'] } } }),
        /local_ts must be a list of networks/,
      ],
      ['ipsec', withDefinition({ local: 7 }), /local must be text, a list of texts or a section/],
    ];
    for (const [kind, document, words] of wrong) {
      assert.throws(
        () => load(kind, document),
        (error: Error & { code: string }) => {
          assert.equal(error.code, 'agent/configuration');
          assert.match(error.message, words);
          return true;
        },
      );
    }
    assert.throws(() => loadAgent('ipsec', join(folder, 'none.json')), /there is no such file/);
  });

  function withDefinition(more: Record<string, unknown>): unknown {
    return { ...ipsec, ipsec: { ...ipsec.ipsec, definition: { ...ipsec.ipsec.definition, ...more } } };
  }

  it('reads places of both families', () => {
    assert.deepEqual(hostAndPort('[2001:db8::1]:7311'), { host: '2001:db8::1', port: 7311 });
    assert.deepEqual(hostAndPort('gw.example:1'), { host: 'gw.example', port: 1 });
  });
});
