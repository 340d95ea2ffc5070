import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { developmentCertificates } from '@skykey/node';
import { skykey } from './test/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-kme-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

test('skykey kme starts from its file, says where it listens, and ends on Ctrl-C', async () => {
  await developmentCertificates(at('pki'), { saes: ['vpn-paris'], kmes: ['kme-paris'] }, Date.now());
  const tls = (role: string): object => ({
    ...{ cert: at('pki/kme-paris.crt'), key: at('pki/kme-paris.key') },
    ...{ ca: at(`pki/${role}-ca.crt`), crl: at(`pki/${role}-ca.crl`) },
  });
  const documents = {
    'network.json': {
      ...{ format: 'skykey-network/1', nodes: [{ id: 'paris', kind: 'site', jurisdiction: 'FR' }], links: [] },
      kmes: [{ kmeId: 'kme-paris', siteId: 'paris', peerUrl: 'https://127.0.0.1:1' }],
      saes: [{ saeId: 'vpn-paris', kmeId: 'kme-paris' }],
    },
    'policy.json': { format: 'skykey-policy/1', rules: [] },
    'kme.json': {
      ...{ format: 'skykey-kme/1', kmeId: 'kme-paris', siteId: 'paris' },
      ...{ vault: { kind: 'sqlite', path: at('vault.db') }, keyring: at('keyring') },
      ...{ network: at('network.json'), policy: at('policy.json') },
      listen: { host: '127.0.0.1', etsi014: 0, peers: 0, operations: 0 },
      tls: { saes: tls('sae'), kmes: tls('kme') },
    },
  };
  for (const [name, document] of Object.entries(documents)) writeFileSync(at(name), JSON.stringify(document));
  const { code, stdout, stderr } = await skykey(['kme', '--config', at('kme.json')], {
    interruptAt: /loopback only\n/,
  });
  assert.equal(code, 130, stderr);
  assert.match(stdout, /kme-paris at paris/);
  assert.match(stdout, /\d+ {2}ETSI GS QKD 014, mutual TLS/);
});

test('a configuration that cannot be read is a sentence and status 2', async () => {
  const { code, stderr } = await skykey(['kme', '--config', at('nowhere.json')]);
  assert.equal(code, 2);
  assert.match(stderr, /^skykey: cannot read the configuration .*nowhere\.json/);
});
