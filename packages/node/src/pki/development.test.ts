import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { authorityFiles, issueCertificate, listAuthorities } from './authority.ts';
import { readCredentials, revocationListEnd } from './credentials.ts';
import { developmentCertificates } from './development.ts';

const NOW = Date.now();
const DAY_MS = 86_400_000;
const IDS = { saes: ['sae-beijing', 'sae-moscow'], kmes: ['kme-beijing', 'kme-moscow'] };
const root = mkdtempSync(join(tmpdir(), 'skykey-development-'));
const folder = join(root, 'pki');
after(() => rmSync(root, { recursive: true }));
before(() => developmentCertificates(folder, IDS, NOW));

const contents = (from: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(from, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), 'utf8')]),
  );

describe('the certificates of a first start', () => {
  it('serve both ports of a KME', async () => {
    const own = { cert: join(folder, 'kme-beijing.crt'), key: join(folder, 'kme-beijing.key') };
    for (const role of ['sae', 'kme'] as const) {
      const { cert: ca, crl } = authorityFiles(folder, role);
      await readCredentials({ ...own, ca, crl }, { role, staleList: 'refuse' }, NOW);
    }
  });

  it('lie where nobody else can read them', () => {
    for (const entry of ['.', ...readdirSync(folder, { recursive: true })]) {
      assert.equal(statSync(join(folder, String(entry))).mode & 0o077, 0, String(entry));
    }
    assert.equal(existsSync(`${folder}.new`), false);
  });

  it('are left as they are by the next start', async () => {
    const before = contents(folder);
    await developmentCertificates(folder, IDS, NOW + 1000);
    assert.deepEqual(contents(folder), before);
  });

  it('can be joined by those of a stranger, and of a site that is new', async () => {
    const grown = join(root, 'grown');
    await developmentCertificates(grown, IDS, NOW);
    const before = contents(grown);
    await issueCertificate({ folder: grown, role: 'sae', id: 'sae-stranger', nowMs: NOW });
    await developmentCertificates(grown, { ...IDS, saes: [...IDS.saes, 'sae-paris'] }, NOW);
    const after = contents(grown);
    for (const [name, text] of Object.entries(before)) assert.equal(after[name], text, name);
    assert.deepEqual(
      listAuthorities(grown).map(({ certificates }) => certificates.map(({ id }) => id)),
      [['sae-beijing', 'sae-moscow', 'sae-paris', 'sae-stranger'], IDS.kmes],
    );
  });

  it('have a revocation list that a start renews in time', async () => {
    const listed = join(root, 'listed');
    await developmentCertificates(listed, IDS, NOW);
    const { crl } = authorityFiles(listed, 'sae');
    await developmentCertificates(listed, IDS, NOW + 200 * DAY_MS);
    assert.ok(revocationListEnd(crl) > NOW + 500 * DAY_MS);
  });
});

describe('a folder of certificates', () => {
  it('that misses a part is refused, and nothing in it is touched', async () => {
    for (const name of ['sae-moscow.key', 'kme-beijing.crt', 'sae-ca.key', 'kme-ca.crt', 'sae-ca.crl']) {
      const torn = join(root, `torn-${name}`);
      await developmentCertificates(torn, IDS, NOW);
      rmSync(join(torn, name));
      const before = contents(torn);
      await assert.rejects(developmentCertificates(torn, IDS, NOW), {
        name: 'NodeError',
        code: 'node/certificates',
        message: `there is no ${join(torn, name)}: put it back, or remove the folder ${torn} to have all certificates made anew`,
      });
      assert.deepEqual(contents(torn), before);
    }
  });

  it('that an interrupted start left behind is made again', async () => {
    const again = join(root, 'again');
    mkdirSync(again);
    mkdirSync(`${again}.new`);
    writeFileSync(join(`${again}.new`, 'sae-ca.crt'), 'half a certificate');
    await developmentCertificates(again, IDS, NOW);
    assert.equal(readdirSync(again).length, 16);
    assert.equal(existsSync(`${again}.new`), false);
  });

  it('of which a certificate has ended is refused, with the day', async () => {
    await assert.rejects(developmentCertificates(folder, IDS, NOW + 366 * DAY_MS), {
      code: 'node/certificates',
      message: /^the certificate .*sae-beijing\.crt ended on .* GMT: replace it with "skykey pki issue --renew"/,
    });
  });
});
