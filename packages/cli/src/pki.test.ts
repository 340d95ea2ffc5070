import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { inPairs, skykey } from './test/command.ts';

const root = mkdtempSync(join(tmpdir(), 'skykey-pki-command-'));
const out = join(root, 'pki');
after(() => rmSync(root, { recursive: true }));

const json = async (...args: string[]): Promise<Record<string, never>> => {
  const { code, stdout, stderr } = await skykey(['pki', ...args, '--json']);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
};

describe('skykey pki', () => {
  it('makes authorities, issues, lists, renews and revokes', async () => {
    for (const ca of ['sae', 'kme']) {
      const made = await skykey(['pki', 'init', '--out', out, '--ca', ca]);
      assert.equal(made.code, 0, made.stderr);
      assert.match(made.stdout, new RegExp(`certificate +${join(out, `${ca}-ca.crt`)}`));
    }
    const issued = await json('issue', '--out', out, '--sae', 'sae-mine');
    const files = issued.files as unknown as { cert: string; key: string };
    assert.deepEqual(files, { cert: join(out, 'sae-mine.crt'), key: join(out, 'sae-mine.key') });
    assert.equal(statSync(files.key).mode & 0o777, 0o600);
    await json('issue', '--out', out, '--kme', 'kme-paris', '--host', 'kme.paris.example', '--host', '192.0.2.7');
    assert.equal(
      new X509Certificate(readFileSync(join(out, 'kme-paris.crt'))).subjectAltName,
      'URI:urn:skykey:kme-paris, DNS:kme.paris.example, IP Address:192.0.2.7',
    );
    await json('issue', '--out', out, '--sae', 'sae-mine', '--renew', '--days', '7');
    const { revoked } = await json('revoke', '--out', out, '--sae', 'sae-mine');
    assert.equal((revoked as unknown as unknown[]).length, 2);
    await json('crl', '--out', out, '--ca', 'sae', '--days', '3');
    const listed = await skykey(['pki', 'list', '--out', out]);
    assert.equal(listed.stdout.match(/sae-mine .* revoked \d{4}-/g)?.length, 2, listed.stdout);
    assert.match(listed.stdout, /kme-paris .* good/);
  });

  it('says in one sentence what is wrong', async () => {
    const refusals: [string[], RegExp][] = [
      [['init', '--out', out, '--ca', 'pope'], /--ca is pope: give sae or kme/],
      [['init', '--out', join(root, 'x'), '--ca', 'sae', '--algorithm', 'rsa'], /--algorithm is rsa: give p-256/],
      [['init', '--out', out, '--ca', 'sae'], /has an authority of the SAEs already/],
      [['issue', '--out', out], /give one of --sae NAME and --kme NAME/],
      [['issue', '--out', out, '--sae', 'a', '--kme', 'b'], /give one of/],
      [['issue', '--out', out, '--sae', 'a b'], /"a b" cannot be the id/],
      [['issue', '--out', join(root, 'none'), '--sae', 'a'], /make one with "skykey pki init --out/],
      [['revoke', '--out', out, '--sae', 'nobody'], /issued no certificate to nobody/],
    ];
    await inPairs(refusals, async ([args, sentence]) => {
      const { code, stdout, stderr } = await skykey(['pki', ...args]);
      assert.equal(code, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, sentence);
      assert.match(stderr, /^skykey: [^\n]+\n$/, 'one line');
    });
  });

  it('explains itself with examples', async () => {
    await inPairs([[], ['init'], ['issue'], ['revoke'], ['crl'], ['list']], async (command) => {
      const { code, stdout } = await skykey(['pki', ...command, '--help']);
      assert.equal(code, 0);
      assert.match(stdout, /Examples?:\n {2}skykey pki /);
    });
  });
});
