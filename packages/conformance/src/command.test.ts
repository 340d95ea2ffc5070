import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LIES } from './test/lies.ts';
import { type Lie, Network } from './test/server.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

function run(args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

async function world(t: TestContext, lie: Lie = {}): Promise<{ folder: string; args: string[] }> {
  const network = await Network.open(lie);
  const folder = mkdtempSync(join(tmpdir(), 'skykey-conformance-'));
  t.after(async () => {
    await network.close();
    rmSync(folder, { recursive: true });
  });
  const { url, peerUrl, ca, saes } = network.target();
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const named = saes.map(
    ({ saeId, cert, key }) => `${saeId}=${file(`${saeId}.pem`, cert)},${file(`${saeId}.key.pem`, key)}`,
  );
  const args = [
    '--url',
    url,
    '--peer-url',
    peerUrl,
    '--ca',
    file('ca.pem', ca),
    ...named.flatMap((sae) => ['--sae', sae]),
  ];
  return { folder, args };
}

test('0 for an honest server: a table, and the report in a file', async (t) => {
  const { folder, args } = await world(t);
  const report = join(folder, 'report.json');
  const { code, stdout, stderr } = await run([...args, '--json', report, '--keys', '400', '--decisions']);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stderr, /consumes up to 400 of them/);
  assert.match(stdout, /Nothing that counts failed\. SHALL: 0 fail/);
  const { format, conformant, keys } = JSON.parse(readFileSync(report, 'utf8'));
  assert.equal(format, 'skykey-conformance/1');
  assert.equal(conformant, true);
  assert.equal(keys.limit, 400);
  assert.ok(keys.taken <= 400);
});

test('1 for one that breaks a SHALL: with --json - the report alone is on standard output', async (t) => {
  const { args } = await world(t, LIES['answers 403 for 401']!);
  const { code, stdout } = await run([...args, '--json', '-']);
  assert.equal(code, 1);
  assert.equal(JSON.parse(stdout).conformant, false);
});

test('2 and a sentence when the options cannot be used', async (t) => {
  const { folder, args } = await world(t);
  const wrong: [string[], RegExp][] = [
    [[], /--url: say where/],
    [['--url', 'https://kme'], /--ca: name the file/],
    [[...args, '--sae', 'x'], /--sae: x is not of the form NAME=cert.pem,key.pem/],
    [[...args, '--ca', join(folder, 'none.pem')], /--ca .*none\.pem cannot be read/],
    [[...args, '--keys', 'many'], /--keys: give a whole number/],
    [[...args, '--timeout', '0'], /--timeout: give seconds/],
    [[...args, '--unmeetable', '[1]'], /--unmeetable: give a JSON object/],
    [[...args, '--json', join(folder, 'none', 'report.json')], /--json .* cannot be written/],
    [[...args, '--nonsense'], /Unknown option '--nonsense'/],
  ];
  for (const [each, message] of wrong) {
    const { code, stdout, stderr } = await run(each);
    assert.equal(code, 2, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, message);
  }
});

test('--help tells that keys are consumed', async () => {
  const { code, stdout } = await run(['--help']);
  assert.equal(code, 0);
  assert.match(stdout, /consumes keys/);
});
