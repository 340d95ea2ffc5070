import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Report } from '@skykey/conformance';
import { withoutOpenssl } from './agent/test/authority.ts';
import { startKmePair } from './agent/test/kme-pair.ts';
import { skykey } from './test/command.ts';

test('two of our KMEs keep every SHALL of ETSI GS QKD 014, and every decision of ours', {
  skip: withoutOpenssl(),
}, async (t) => {
  const kmes = await startKmePair({ courierBytes: 192 * 1024 });
  const folder = mkdtempSync(join(tmpdir(), 'skykey-conformance-'));
  t.after(async () => {
    await kmes.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const file = (name: string): string => join(kmes.certificates, name);
  const sae = (id: string): string[] => ['--sae', `${id}=${file(`${id}.crt`)},${file(`${id}.key`)}`];
  const report = join(folder, 'report.json');
  const { code, stdout, stderr } = await skykey([
    ...['conformance', '--url', kmes.a, '--peer-url', kmes.b, '--ca', file('kme-ca.crt')],
    ...['gw-a', 'gw-b', 'gw-c', 'gw-d'].flatMap(sae),
    ...['--keys', '3000', '--decisions', '--unmeetable', '{"skykey_min_paths":9}', '--json', report],
  ]);
  const { conformant, results } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  const told = (verdict: string): string[] =>
    results.filter((result) => result.verdict === verdict).map(({ id, reason }) => `${id}: ${reason}`);
  assert.deepEqual(told('fail'), [], stdout);
  assert.deepEqual(told('inconclusive'), []);
  assert.ok(conformant);
  assert.equal(code, 0, stderr);
  for (const level of ['shall', 'skykey']) {
    assert.ok(results.filter((result) => result.level === level && result.verdict === 'pass').length > 10, level);
  }
});

test('skykey conformance tells that it consumes keys, and how it ends', async () => {
  const { code, stdout } = await skykey(['conformance', '--help']);
  assert.equal(code, 0);
  assert.match(stdout, /consumes keys of the/);
  assert.match(stdout, /Exit code 0 when no SHALL failed, 1 when one did/);
});

test('what cannot be used is refused before anything is asked, in one sentence', async () => {
  const wrong: [string[], RegExp, number][] = [
    [['--url', 'https://kme'], /required option '--ca <file>'/, 64],
    [
      ['--url', 'https://kme', '--ca', '/nowhere.pem', '--sae', 'a=b,c'],
      /^skykey: --ca \/nowhere\.pem cannot be read/,
      2,
    ],
  ];
  for (const [args, message, exit] of wrong) {
    const { code, stderr, stdout } = await skykey(['conformance', ...args]);
    assert.equal(code, exit, stderr);
    assert.match(stderr, message);
    assert.equal(stdout, '');
  }
});
