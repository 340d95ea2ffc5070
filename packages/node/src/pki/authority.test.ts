import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  authorityFiles,
  certificateFiles,
  initAuthority,
  issueCertificate,
  listAuthorities,
  renewRevocationList,
  revokeCertificates,
} from './authority.ts';
import { revocationListEnd } from './credentials.ts';
import { identityOf } from './identity.ts';

const NOW = Date.now();
const DAY_MS = 86_400_000;
const root = mkdtempSync(join(tmpdir(), 'skykey-pki-'));
after(() => rmSync(root, { recursive: true }));

let folders = 0;
async function place(role: 'sae' | 'kme' = 'sae'): Promise<{ folder: string; role: 'sae' | 'kme'; nowMs: number }> {
  const at = { folder: join(root, String(folders++)), role, nowMs: NOW };
  await initAuthority(at);
  return at;
}
const text = (file: string): string => readFileSync(file, 'utf8');
const contents = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [join(entry.parentPath, entry.name), text(join(entry.parentPath, entry.name))]),
  );
const openssl = (...args: string[]): string => execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' });
function without(program: string): string | false {
  try {
    execFileSync(program, ['version'], { stdio: 'ignore' });
    return false;
  } catch {
    return `${program} is not installed here`;
  }
}

describe('an authority', () => {
  it('issues certificates with the id in the common name and as a URI, for one role', async () => {
    const kme = await place('kme');
    const sae = await place('sae');
    const one = await issueCertificate({ ...kme, id: 'kme-a', hosts: ['kme.example', '192.0.2.7'] });
    const other = await issueCertificate({ ...sae, id: 'urn:example:sae:7' });
    const [a, b] = [one, other].map(({ cert }) => new X509Certificate(text(cert))) as [
      X509Certificate,
      X509Certificate,
    ];
    assert.equal(a.subject, 'CN=kme-a');
    assert.equal(a.subjectAltName, 'URI:urn:skykey:kme-a, DNS:kme.example, IP Address:192.0.2.7');
    assert.deepEqual(a.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    assert.equal(b.subject, 'CN=urn:example:sae:7');
    assert.equal(b.subjectAltName, 'URI:urn:example:sae:7');
    assert.deepEqual(b.keyUsage, ['1.3.6.1.5.5.7.3.2'], 'an SAE is no server');
    assert.equal(identityOf(b, { uris: ['urn:example:'] }), 'urn:example:sae:7');
    assert.ok(a.checkPrivateKey(createPrivateKey(text(one.key))));
    const ca = new X509Certificate(text(authorityFiles(kme.folder, 'kme').cert));
    assert.ok(ca.ca && !a.ca && a.verify(ca.publicKey) && a.checkIssued(ca));
    assert.equal(b.verify(ca.publicKey), false);
  });

  it('keeps everything to its user, and the key apart', async () => {
    const at = await place();
    await issueCertificate({ ...at, id: 'sae-a' });
    for (const entry of ['.', ...readdirSync(at.folder, { recursive: true })]) {
      assert.equal(statSync(join(at.folder, String(entry))).mode & 0o077, 0, String(entry));
    }
    assert.deepEqual(readdirSync(at.folder).toSorted(), [
      'sae-a.crt',
      'sae-a.key',
      'sae-ca',
      'sae-ca.crl',
      'sae-ca.crt',
      'sae-ca.key',
    ]);
  });

  it('never writes over what is there', async () => {
    const at = await place();
    await issueCertificate({ ...at, id: 'sae-a' });
    const before = contents(at.folder);
    await assert.rejects(initAuthority(at), { name: 'NodeError', code: 'node/pki-exists' });
    await assert.rejects(issueCertificate({ ...at, id: 'sae-a' }), { code: 'node/pki-exists', message: /--renew/ });
    await assert.rejects(issueCertificate({ ...at, id: 'sae-ca' }), { code: 'node/pki-exists' });
    assert.deepEqual(contents(at.folder), before);
  });

  it('renews a pair and keeps the one of before, both valid until revoked', async () => {
    const at = await place();
    const first = await issueCertificate({ ...at, id: 'sae-a' });
    const before = [text(first.cert), text(first.key)];
    const second = await issueCertificate({ ...at, id: 'sae-a', renew: true });
    const kept = certificateFiles(at.folder, `sae-a.${first.serial.slice(0, 8)}`);
    assert.deepEqual([text(kept.cert), text(kept.key)], before);
    assert.notEqual(text(second.cert), before[0]);
    assert.ok(new X509Certificate(text(second.cert)).checkPrivateKey(createPrivateKey(text(second.key))));
    const revoked = await revokeCertificates({ ...at, id: 'sae-a' });
    assert.deepEqual(revoked.map(({ serial }) => serial).toSorted(), [first.serial, second.serial].toSorted());
  });

  it('revokes by name, lists what it did, and lets a name be used again', async () => {
    const at = await place();
    const { serial } = await issueCertificate({ ...at, id: 'sae-a' });
    await issueCertificate({ ...at, id: 'sae-b' });
    await revokeCertificates({ ...at, id: 'sae-a' });
    await revokeCertificates({ ...at, id: 'sae-a', nowMs: NOW + 5000 });
    const [{ certificates }] = listAuthorities(at.folder) as [ReturnType<typeof listAuthorities>[number]];
    assert.deepEqual(
      certificates.map(({ id, revokedMs }) => [id, revokedMs]),
      [
        ['sae-a', NOW],
        ['sae-b', null],
      ],
    );
    assert.equal(certificates[0]!.serial, serial);
    await issueCertificate({ ...at, id: 'sae-a', renew: true });
    assert.deepEqual(
      listAuthorities(at.folder)[0]!
        .certificates.map(({ id, revokedMs }) => [id, revokedMs !== null])
        .toSorted(),
      [
        ['sae-a', false],
        ['sae-a', true],
        ['sae-b', false],
      ],
    );
    await assert.rejects(revokeCertificates({ ...at, id: 'sae-c' }), { code: 'node/pki-unknown' });
  });

  it('loses no revocation when several come at once', async () => {
    const at = await place();
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    const serials = await Promise.all(ids.map(async (id) => (await issueCertificate({ ...at, id })).serial));
    await Promise.all(ids.map((id) => revokeCertificates({ ...at, id })));
    const { X509Crl } = await import('@peculiar/x509');
    const list = new X509Crl(text(authorityFiles(at.folder, 'sae').crl));
    assert.deepEqual(list.entries.map(({ serialNumber }) => serialNumber).toSorted(), serials.toSorted());
  });

  it('opens with its passphrase alone', async () => {
    const passphraseFile = join(root, 'passphrase');
    const wrong = join(root, 'wrong');
    writeFileSync(passphraseFile, 'correct horse battery staple\n');
    writeFileSync(wrong, 'incorrect horse battery staple\n');
    const at = { folder: join(root, 'locked'), role: 'sae' as const, nowMs: NOW };
    const { key } = await initAuthority({ ...at, passphraseFile });
    assert.match(text(key), /^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    await assert.rejects(issueCertificate({ ...at, id: 'a' }), {
      code: 'node/pki-passphrase',
      message: /is encrypted/,
    });
    await assert.rejects(issueCertificate({ ...at, id: 'a', passphraseFile: wrong }), {
      code: 'node/pki-passphrase',
      message: /does not open/,
    });
    await issueCertificate({ ...at, id: 'a', passphraseFile });
    writeFileSync(wrong, 'short\n');
    await assert.rejects(initAuthority({ ...at, folder: join(root, 'short'), passphraseFile: wrong }), {
      message: /has 5 characters: give 20 at least/,
    });
  });

  it('renews its list, for as many days as it is told', async () => {
    const at = await place();
    assert.equal(await renewRevocationList({ ...at, days: 7 }), NOW + 7 * DAY_MS);
    const end = revocationListEnd(authorityFiles(at.folder, 'sae').crl);
    assert.equal(end, Math.floor((NOW + 7 * DAY_MS) / 1000) * 1000);
  });

  it('says what is wrong with what it is asked', async () => {
    const at = await place('kme');
    for (const [options, message] of [
      [{ id: '' }, /cannot be the id/],
      [{ id: 'with blank' }, /cannot be the id/],
      [{ id: 'a,CN=b' }, /cannot be the id/],
      [{ id: 'urn:skykey:a' }, /does not begin with urn:skykey:/],
      [{ id: `urn:${'x'.repeat(61)}` }, /at most 64/],
      [{ id: '../../a' }, /cannot be the id/],
      [{ id: 'a', hosts: ['not a host'] }, /neither a host name nor an IP address/],
      [{ id: 'a', days: 0 }, /--days is 0/],
      [{ id: 'a', days: 4000 }, /past the end of the authority/],
      [{ id: 'a', folder: join(root, 'nowhere') }, /make one with "skykey pki init/],
      [{ id: 'a', nowMs: NOW + 3651 * DAY_MS }, /ended on/],
    ] as const) {
      await assert.rejects(
        issueCertificate({ ...at, ...options }),
        { name: 'NodeError', message },
        JSON.stringify(options),
      );
    }
    const sae = await place('sae');
    writeFileSync(authorityFiles(sae.folder, 'sae').key, text(authorityFiles(at.folder, 'kme').key));
    await assert.rejects(issueCertificate({ ...sae, id: 'a' }), {
      code: 'node/certificate-key',
      message: /is not the key of/,
    });
  });

  it('makes what OpenSSL takes: chain, purpose, revocation', { skip: without('openssl') }, async () => {
    const at = await place('kme');
    const { cert } = await issueCertificate({ ...at, id: 'kme-a' });
    const { cert: ca, crl } = authorityFiles(at.folder, 'kme');
    const verify = (): string =>
      openssl('verify', '-x509_strict', '-crl_check', '-purpose', 'sslserver', '-CAfile', ca, '-CRLfile', crl, cert);
    assert.match(verify(), /: OK/);
    await revokeCertificates({ ...at, id: 'kme-a' });
    assert.throws(verify, /certificate revoked/);
    assert.match(openssl('crl', '-in', crl, '-noout', '-text'), /CRL Number/);
  });

  it('signs with ML-DSA-65 when asked to', async () => {
    const at = { folder: join(root, 'ml-dsa'), role: 'sae' as const, nowMs: NOW };
    await initAuthority({ ...at, algorithm: 'ml-dsa-65' });
    const { cert, key } = await issueCertificate({ ...at, id: 'sae-a' });
    const certificate = new X509Certificate(text(cert));
    assert.equal(certificate.publicKey.asymmetricKeyType, 'ml-dsa-65');
    assert.ok(certificate.checkPrivateKey(createPrivateKey(text(key))));
    assert.ok(certificate.verify(new X509Certificate(text(authorityFiles(at.folder, 'sae').cert)).publicKey));
  });
});
