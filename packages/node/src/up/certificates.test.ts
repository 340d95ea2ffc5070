import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import * as x509 from '@peculiar/x509';
import fc from 'fast-check';
import { developmentCertificates, idOfCertificate, readPem, URN } from './certificates.ts';

const NOW = Date.now();
const IDS = { saes: ['sae-beijing', 'sae-moscow'], kmes: ['kme-beijing', 'kme-moscow'] };
const root = mkdtempSync(join(tmpdir(), 'skykey-certificates-'));
const folder = join(root, 'certificates');
after(() => rmSync(root, { recursive: true }));
before(() => developmentCertificates(folder, IDS, NOW));

const pem = (name: string, from = folder): string => readPem(join(from, name));
const certificate = (name: string): X509Certificate => new X509Certificate(pem(`${name}.crt`));
const contentOf = (from: string): Record<string, string> =>
  Object.fromEntries(readdirSync(from).map((name) => [name, pem(name, from)]));

interface Handshake {
  /** What the server made of the client: its Skykey id, or why it hung up. */
  readonly server: string | null;
  /** What the client made of the server: null when it trusted it. */
  readonly client: string | null;
}

/** A mutual TLS handshake between two of the certificates, each side trusting one authority alone. */
async function handshake(
  server: { id: string; trusts: string },
  client: { id: string | null; trusts: string; calls?: string },
  from = folder,
): Promise<Handshake> {
  const listener = createServer({
    cert: pem(`${server.id}.crt`, from),
    key: pem(`${server.id}.key`, from),
    ca: pem(server.trusts, from),
    requestCert: true,
    rejectUnauthorized: true,
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const served = new Promise<string | null>((resolve) => {
    listener.once('secureConnection', (socket: TLSSocket) => {
      socket.on('error', () => undefined);
      resolve(idOfCertificate(socket.getPeerX509Certificate()?.subjectAltName));
      socket.end('hello');
    });
    listener.once('tlsClientError', (error: Error & { code?: string }) => resolve(`refused: ${error.code}`));
  });
  const socket = connect({
    port: (listener.address() as { port: number }).port,
    host: '127.0.0.1',
    servername: client.calls ?? 'localhost',
    ca: pem(client.trusts, from),
    ...(client.id ? { cert: pem(`${client.id}.crt`, from), key: pem(`${client.id}.key`, from) } : {}),
  });
  const called = new Promise<string | null>((resolve) => {
    socket.once('data', () => resolve(null));
    socket.once('error', (error: Error & { code?: string }) => resolve(`refused: ${error.code}`));
    socket.once('close', () => resolve('refused: closed'));
  });
  const result = { client: await called, server: await served };
  socket.destroy();
  listener.close();
  return result;
}

describe('development certificates', () => {
  it('let a SAE in where SAEs are trusted, and a KME where KMEs are', async () => {
    for (const [id, trusts] of [
      ['sae-beijing', 'sae-ca.crt'],
      ['kme-moscow', 'kme-ca.crt'],
    ] as const) {
      assert.deepEqual(await handshake({ id: 'kme-beijing', trusts }, { id, trusts: 'kme-ca.crt' }), {
        server: id,
        client: null,
      });
    }
  });

  it('keep a SAE out where only KMEs are trusted, and a KME where only SAEs are', async () => {
    for (const [id, trusts] of [
      ['sae-beijing', 'kme-ca.crt'],
      ['kme-moscow', 'sae-ca.crt'],
    ] as const) {
      const { server, client } = await handshake({ id: 'kme-beijing', trusts }, { id, trusts: 'kme-ca.crt' });
      assert.match(server!, /^refused: /);
      assert.match(client!, /^refused: /);
    }
  });

  it('keep out whoever has no certificate, or one of another installation', async () => {
    const other = join(root, 'other');
    await developmentCertificates(other, IDS, NOW);
    const anonymous = await handshake({ id: 'kme-beijing', trusts: 'sae-ca.crt' }, { id: null, trusts: 'kme-ca.crt' });
    assert.match(anonymous.server!, /^refused: /);
    // The stranger's own certificates beside this installation's authorities.
    const mixed = join(root, 'mixed');
    mkdirSync(mixed);
    for (const [name, text] of Object.entries(contentOf(folder))) writeFileSync(join(mixed, name), text);
    for (const name of ['sae-moscow.crt', 'sae-moscow.key']) writeFileSync(join(mixed, name), pem(name, other));
    const stranger = await handshake(
      { id: 'kme-beijing', trusts: 'sae-ca.crt' },
      { id: 'sae-moscow', trusts: 'kme-ca.crt' },
      mixed,
    );
    assert.match(stranger.server!, /^refused: /);
  });

  it('do not let a SAE pose as the server', async () => {
    for (const trusts of ['kme-ca.crt', 'sae-ca.crt']) {
      const { client } = await handshake({ id: 'sae-beijing', trusts: 'sae-ca.crt' }, { id: 'sae-moscow', trusts });
      assert.match(client!, /^refused: /, `to a client that trusts ${trusts}`);
    }
  });

  it('are good for loopback alone', async () => {
    const { client } = await handshake(
      { id: 'kme-beijing', trusts: 'sae-ca.crt' },
      { id: 'sae-beijing', trusts: 'kme-ca.crt', calls: 'kme.example' },
    );
    assert.equal(client, 'refused: ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('belong to their keys, are no authorities, and hold one id each', () => {
    const serials = new Set<string>();
    for (const id of [...IDS.saes, ...IDS.kmes]) {
      const one = certificate(id);
      assert.ok(one.checkPrivateKey(createPrivateKey(pem(`${id}.key`))));
      assert.equal(one.ca, false);
      assert.equal(idOfCertificate(one.subjectAltName), id);
      const role = id.slice(0, 3);
      const authority = certificate(`${role}-ca`);
      assert.ok(authority.ca && one.verify(authority.publicKey) && one.checkIssued(authority));
      assert.equal(one.verify(certificate(role === 'sae' ? 'kme-ca' : 'sae-ca').publicKey), false);
      serials.add(one.serialNumber);
    }
    assert.equal(serials.size, 4);
  });

  it('lie where nobody else can read them, and the keys of the authorities nowhere', () => {
    assert.deepEqual(
      readdirSync(folder).toSorted(),
      [
        'kme-ca.crt',
        'sae-ca.crt',
        ...[...IDS.saes, ...IDS.kmes].flatMap((id) => [`${id}.crt`, `${id}.key`]),
      ].toSorted(),
    );
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
    assert.equal(existsSync(`${folder}.new`), false);
  });
});

describe('a folder of certificates', () => {
  it('that is whole is left as it is', async () => {
    const before = contentOf(folder);
    await developmentCertificates(folder, IDS, NOW + 1000);
    assert.deepEqual(contentOf(folder), before);
  });

  it('that misses one is refused, and nothing in it is touched', async () => {
    const torn = join(root, 'torn');
    await developmentCertificates(torn, IDS, NOW);
    rmSync(join(torn, 'sae-moscow.key'));
    const before = contentOf(torn);
    await assert.rejects(developmentCertificates(torn, IDS, NOW), {
      name: 'NodeError',
      code: 'node/certificates',
      message: `the folder ${torn} has no sae-moscow.key: put it back, or remove the folder to have all certificates made anew`,
    });
    await assert.rejects(developmentCertificates(torn, { ...IDS, saes: [...IDS.saes, 'sae-paris'] }, NOW), {
      code: 'node/certificates',
    });
    assert.deepEqual(contentOf(torn), before);
  });

  it('that an interrupted start left behind is made again', async () => {
    const again = join(root, 'again');
    mkdirSync(again);
    mkdirSync(`${again}.new`);
    writeFileSync(join(`${again}.new`, 'sae-ca.crt'), 'half a certificate');
    await developmentCertificates(again, IDS, NOW);
    assert.equal(readdirSync(again).length, 10);
    assert.equal(existsSync(`${again}.new`), false);
  });

  it('of which the certificates have ended is refused, with the day', async () => {
    await assert.rejects(developmentCertificates(folder, IDS, NOW + 366 * 86_400_000), {
      code: 'node/certificates',
      message: new RegExp(`^the certificate ${join(folder, 'sae-ca.crt')} ended on .* \\d{4} GMT: replace it`),
    });
  });
});

describe('the id in a certificate', () => {
  it('is read from the one name that is ours, among others', () => {
    assert.equal(idOfCertificate('URI:urn:skykey:kme-beijing, DNS:localhost, IP Address:127.0.0.1'), 'kme-beijing');
    assert.equal(idOfCertificate('DNS:localhost, URI:https://example.org, URI:urn:skykey:a.b_c~d-1'), 'a.b_c~d-1');
  });

  it('is none where there is none, or several, or one that is no id', () => {
    for (const names of [
      undefined,
      '',
      'DNS:localhost',
      'DNS:urn:skykey:kme-beijing',
      'URI:urn:skykey:',
      'URI:urn:skykey:one, URI:urn:skykey:two',
      'URI:urn:skykey:one, URI:urn:skykey:one',
      'URI:urn:skykey:with blank',
      'URI:urn:skykey:with/slash',
      'URI:URN:SKYKEY:kme-beijing',
      `URI:urn:skykey:${'x'.repeat(65)}`,
    ]) {
      assert.equal(idOfCertificate(names), null, names);
    }
  });

  it('cannot be smuggled in inside another name: Node escapes its commas', async () => {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
    const smuggled = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=mallory',
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      keys,
      extensions: [
        new x509.SubjectAlternativeNameExtension([
          { type: 'url', value: 'urn:other:x, URI:urn:skykey:kme-beijing, y' },
        ]),
      ],
    });
    const { subjectAltName } = new X509Certificate(smuggled.toString('pem'));
    assert.equal(subjectAltName, String.raw`URI:"urn:other:x\u002c URI:urn:skykey:kme-beijing\u002c y"`);
    assert.equal(idOfCertificate(subjectAltName), null);
  });

  it('is never anything but a plain word', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const id = idOfCertificate(`URI:${URN}${text}`);
        assert.ok(id === null || (id === text && /^[\w.~-]+$/.test(id)));
      }),
      { seed: 12 },
    );
  });
});
