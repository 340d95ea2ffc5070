import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { initAuthority, issueCertificate, renewRevocationList, revokeCertificates } from './authority.ts';
import { readCredentials, revocationKey, type TlsFiles, type Trust, warningsOf } from './credentials.ts';

const NOW = Date.now();
const DAY_MS = 86_400_000;
const root = mkdtempSync(join(tmpdir(), 'skykey-credentials-'));
const here = join(root, 'here');
const other = join(root, 'other');
after(() => rmSync(root, { recursive: true }));
before(async () => {
  for (const folder of [here, other]) {
    for (const role of ['sae', 'kme'] as const) await initAuthority({ folder, role, nowMs: NOW });
    await issueCertificate({ folder, role: 'kme', id: 'kme-a', nowMs: NOW });
    await issueCertificate({ folder, role: 'sae', id: 'sae-a', nowMs: NOW });
  }
});

const file = (name: string, folder = here): string => join(folder, name);
const text = (path: string): string => readFileSync(path, 'utf8');
const files = (more: Partial<TlsFiles> = {}): TlsFiles => ({
  cert: file('kme-a.crt'),
  key: file('kme-a.key'),
  ca: file('sae-ca.crt'),
  crl: file('sae-ca.crl'),
  ...more,
});
let made = 0;
function madeOf(content: string): string {
  const path = join(root, `made-${made++}`);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}
const refused = (
  more: Partial<TlsFiles>,
  code: string,
  message: RegExp,
  trust: Trust = {},
  nowMs = NOW,
): Promise<void> =>
  assert.rejects(readCredentials(files(more), trust, nowMs), { name: 'NodeError', code: `node/${code}`, message });

describe('credentials', () => {
  it('that are right are taken, towards SAEs and towards KMEs', async () => {
    const credentials = await readCredentials(files(), { role: 'sae' }, NOW);
    assert.equal(credentials.authorities.size, 1);
    assert.deepEqual(warningsOf(credentials, {}, NOW), []);
    await readCredentials(files({ ca: file('kme-ca.crt'), crl: undefined }), { role: 'kme' }, NOW);
  });

  it('hold what the lists revoke', async () => {
    const { serial } = await issueCertificate({ folder: other, role: 'sae', id: 'sae-b', nowMs: NOW });
    await revokeCertificates({ folder: other, role: 'sae', id: 'sae-b', nowMs: NOW });
    const { revoked } = await readCredentials(
      files({ ca: file('sae-ca.crt', other), crl: file('sae-ca.crl', other) }),
      {},
      NOW,
    );
    assert.deepEqual(
      [...revoked],
      [revocationKey({ serialNumber: serial.toUpperCase(), issuer: 'CN=Skykey CA for SAEs' })],
    );
  });

  it('with a file that is missing, empty, cut off or of another kind are refused with the line', async () => {
    const pem = text(file('kme-a.crt'));
    const lines = pem.split('\n');
    await refused({ cert: join(root, 'none') }, 'certificate-file', /none cannot be read: there is no such file/);
    await refused({ ca: root }, 'certificate-file', /it is a folder/);
    await refused({ cert: madeOf('') }, 'certificate', /holds no certificate in PEM; there is no PEM in it/);
    await refused({ cert: file('kme-a.key') }, 'certificate', /holds no certificate in PEM; it holds a private key/);
    await refused({ key: file('kme-a.crt') }, 'certificate', /holds no private key in PEM; it holds a certificate/);
    await refused(
      { cert: madeOf(`\n${lines.slice(0, 4).join('\n')}`) },
      'certificate',
      /begins in line 2 does not end: the file is cut off/,
    );
    await refused({ cert: madeOf(lines.slice(2).join('\n')) }, 'certificate', /ends a block that did not begin/);
    const damaged = lines.with(3, lines[3]!.slice(8)).join('\n');
    await refused({ cert: madeOf(damaged) }, 'certificate', /line 1 is no certificate, or a damaged one/);
    await refused(
      { ca: madeOf(text(file('sae-ca.crt')) + damaged) },
      'certificate',
      /what begins in line \d\d is no certificate/,
    );
    const key = text(file('kme-a.key')).split('\n');
    await refused(
      { key: madeOf(key.with(1, key[1]!.slice(8)).join('\n')) },
      'certificate-key',
      /no private key, or a damaged one/,
    );
    await refused(
      { crl: madeOf(text(file('sae-ca.crl')).replace(/\n.{8}/, '\n')) },
      'revocation-list',
      /no revocation list, or a damaged one/,
    );
  });

  it('of which key and certificate do not belong together are refused', async () => {
    await refused(
      { key: file('kme-a.key', other) },
      'certificate-key',
      /is not the key of the certificate in .*kme-a\.crt/,
    );
    const passphraseFile = madeOf('correct horse battery staple');
    const { key } = await initAuthority({ folder: join(root, 'locked'), role: 'kme', nowMs: NOW, passphraseFile });
    await refused({ key }, 'certificate-key', /is encrypted, and nobody is there to type/);
  });

  it('that have ended, or begin tomorrow by this clock, are refused with both times', async () => {
    await refused(
      {},
      'certificate-time',
      /kme-a\.crt ended on .* GMT \(this machine's clock says/,
      {},
      NOW + 366 * DAY_MS,
    );
    await refused({}, 'certificate-time', /begins on .* clock says .*: set the clock right/, {}, NOW - DAY_MS);
    const long = await issueCertificate({ folder: here, role: 'kme', id: 'kme-long', days: 3650, nowMs: NOW });
    const old = join(root, 'old');
    await initAuthority({ folder: old, role: 'sae', nowMs: NOW, days: 30 });
    await refused(
      { ...long, ca: file('sae-ca.crt', old) },
      'certificate-time',
      /the authority .* ended on/,
      {},
      NOW + 31 * DAY_MS,
    );
  });

  it('of the wrong authority are refused', async () => {
    await refused(
      { ca: file('sae-a.crt') },
      'certificate-authority',
      /holds the certificate of CN=sae-a, which is no authority/,
    );
    await refused({ ca: file('kme-ca.crt'), crl: undefined }, 'certificate-authority', /an SAE could pass for a KME/, {
      role: 'sae',
    });
    await refused({ crl: undefined }, 'certificate-authority', /was not issued by an authority in .*sae-ca/, {
      role: 'kme',
    });
    // Of the same name, but with another key.
    await refused({ ca: file('kme-ca.crt', other), crl: undefined }, 'certificate-authority', /was not issued by/, {
      role: 'kme',
    });
  });

  it('with a revocation list of another authority, or of some only, or from tomorrow, are refused', async () => {
    await refused(
      { crl: file('kme-ca.crl') },
      'revocation-list',
      /not signed by an authority in .*calls itself CN=Skykey CA for KMEs/,
    );
    await refused({ crl: file('sae-ca.crl', other) }, 'revocation-list', /was not signed by an authority/);
    const both = madeOf(text(file('sae-ca.crt')) + text(file('sae-ca.crt', other)));
    await refused({ ca: both }, 'revocation-list', /has no revocation list of CN=Skykey CA for SAEs/);
    const lists = madeOf(text(file('sae-ca.crl')) + text(file('sae-ca.crl', other)));
    assert.equal((await readCredentials(files({ ca: both, crl: lists }), {}, NOW)).authorities.size, 2);
    const early = join(root, 'early');
    await initAuthority({ folder: early, role: 'sae', nowMs: NOW });
    await renewRevocationList({ folder: early, role: 'sae', nowMs: NOW + DAY_MS });
    await refused(
      { ca: file('sae-ca.crt', early), crl: file('sae-ca.crl', early) },
      'revocation-list',
      /begins on .* set the clock right/,
    );
  });

  it('with a list past its end are taken with a warning, or refused where that was configured', async () => {
    const late = NOW + 31 * DAY_MS;
    const credentials = await readCredentials(files(), {}, late);
    assert.equal(credentials.context.crl, undefined, 'OpenSSL would refuse everybody');
    assert.match(warningsOf(credentials, {}, late)[0]!, /ended on .* still followed: fetch a newer one/);
    await refused({}, 'revocation-list', /ended on .*: fetch a newer one/, { staleList: 'refuse' }, late);
  });

  it('warn of what will be wrong soon', async () => {
    const key = madeOf(text(file('kme-a.key')));
    chmodSync(key, 0o644);
    const credentials = await readCredentials(files({ key }), {}, NOW);
    assert.match(warningsOf(credentials, {}, NOW)[0]!, /other users .* can read the key/);
    assert.match(warningsOf(credentials, {}, NOW + 360 * DAY_MS).join(), /ends on .*: put a new one in its place/);
  });
});
