import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { ELSEWHERE } from './checks/decided-keys.ts';
import { CATALOGUE, ConformanceError, REPORT_FORMAT, type Report, runConformance, tableOf } from './index.ts';
import type { ConformanceOptions } from './run.ts';
import { DECIDED_LIES } from './test/decided-lies.ts';
import { LIES } from './test/lies.ts';
import { type Lie, Network } from './test/server.ts';

/** What the honest server can be asked for beyond the defaults. */
const ENOUGH = { keys: 3000, timeoutMs: 5000, unmeetable: { skykey_min_paths: 9 } };

async function against(
  lie: Lie,
  change: (target: ReturnType<Network['target']>) => Partial<ConformanceOptions> = () => ({}),
): Promise<{ report: Report; secrets: readonly string[] }> {
  const network = await Network.open(lie);
  try {
    const target = network.target();
    return {
      report: await runConformance({ ...target, ...ENOUGH, ...change(target) }),
      secrets: network.secrets,
    };
  } finally {
    await network.close();
  }
}

const idsOf = ({ results }: Report, verdict: string): string[] =>
  results.filter((result) => result.verdict === verdict).map(({ id }) => id);

test('an honest pair of KMEs passes every check', async () => {
  const told: string[] = [];
  const { report } = await against({}, () => ({ onResult: ({ id }) => told.push(id) }));
  assert.deepEqual(idsOf(report, 'fail'), []);
  assert.deepEqual(idsOf(report, 'inconclusive'), []);
  assert.equal(report.format, REPORT_FORMAT);
  assert.equal(report.conformant, true);
  assert.equal(report.summary.shall.pass, CATALOGUE.filter(({ level }) => level === 'shall').length);
  assert.deepEqual(
    told,
    CATALOGUE.map(({ id }) => id),
  );
  assert.equal(new Set(told).size, told.length, 'ids are unique');
  for (const { id, evidence, verdict } of report.results) {
    if (verdict === 'pass') assert.ok(evidence.length > 0, `${id} shows nothing of what it rests on`);
  }
});

const noticed = new Set<string>();
for (const [name, lie] of Object.entries({ ...LIES, ...DECIDED_LIES })) {
  test(`a server that ${name}: these checks fail and no others`, async () => {
    const { report } = await against(lie);
    const failed = idsOf(report, 'fail');
    assert.deepEqual(failed.toSorted(), lie.fails.toSorted());
    assert.equal(
      report.conformant,
      !report.results.some(({ level, verdict }) => level === 'shall' && verdict === 'fail'),
    );
    for (const id of failed) noticed.add(id);
  });
}

after(() => {
  const blind = CATALOGUE.filter((check) => !noticed.has(check.id) && !ELSEWHERE.includes(check));
  assert.deepEqual(
    blind.map(({ id }) => id),
    [],
    'every check is failed by some server',
  );
});

test('README.md tells every check in the words of the catalogue', () => {
  const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  for (const { id, sentence } of CATALOGUE) assert.ok(text.includes(`| \`${id}\` | ${sentence} |`), id);
  const named = [...text.matchAll(/^\| `(014-[^`]+)` \|/gm)].map(([, id]) => id);
  assert.equal(named.length, CATALOGUE.length);
});

test('no report holds a key, not even when the server puts it into an error', async () => {
  const network = await Network.open({
    leaving: (reply) => {
      const key = network.secrets.at(-1);
      if (reply.status === 400 && key) reply.document = { message: `no more of ${key}` };
    },
  });
  try {
    const report = await runConformance({ ...network.target(), ...ENOUGH });
    const text = JSON.stringify(report) + tableOf(report);
    assert.ok(network.secrets.length > 200);
    for (const secret of network.secrets) {
      assert.ok(!text.includes(secret));
      assert.ok(!text.includes(Buffer.from(secret, 'base64').toString('hex')));
    }
  } finally {
    await network.close();
  }
});

test('what Skykey decided counts when it is told to', async () => {
  const lie = DECIDED_LIES['lets keys be cached']!;
  assert.equal((await against(lie)).report.conformant, true);
  const { report } = await against(lie, () => ({ decisions: true }));
  assert.equal(report.conformant, false);
  assert.deepEqual(report.counted, ['shall', 'skykey']);
});

test('TLS 1.2 is enough, and is told off in its own words', async () => {
  const { report } = await against({ tls: { maxVersion: 'TLSv1.2' } });
  assert.deepEqual(idsOf(report, 'fail'), []);
  assert.deepEqual(idsOf(report, 'inconclusive'), []);
  assert.equal(report.results[0]!.reason, 'TLSv1.2');
});

test('a connection that the KME closes when it is idle is no fault', async () => {
  const { report } = await against({ idleMs: 1 });
  assert.deepEqual(
    idsOf(report, 'fail').filter((id) => id !== '014-5.1-keep-alive'),
    [],
  );
});

test('one KME for both ends', async () => {
  const lie: Lie = {
    leaving: (reply, { resource }) => {
      if (resource === 'status' && reply.status === 200) Object.assign(reply.document!, { target_KME_ID: 'kme-a' });
    },
  };
  const { report } = await against(lie, ({ url }) => ({ peerUrl: url }));
  assert.deepEqual(idsOf(report, 'fail'), []);
});

test('two SAEs alone: what needs a third is inconclusive, everything else is looked at', async () => {
  const { report } = await against({}, ({ saes }) => ({ saes: saes.slice(0, 2) }));
  assert.deepEqual(idsOf(report, 'fail'), []);
  assert.deepEqual(idsOf(report, 'inconclusive'), [
    '014-5.4-foreign-sae',
    '014-5.4-foreign-among-others',
    '014-6.2-multicast-same-keys',
    '014-5.4-multicast-once',
    '014-D8-pair-not-permitted',
    '014-D11-order',
    '014-D12-remembered',
    '014-D28-multicast-own-copies',
  ]);
});

test('a third that may not be a slave leaves multicast inconclusive', async () => {
  const { report } = await against({}, ({ saes }) => ({ saes: saes.slice(0, 3) }));
  assert.deepEqual(idsOf(report, 'fail'), []);
  assert.ok(idsOf(report, 'inconclusive').includes('014-6.2-multicast-same-keys'));
});

test('no multicast: its checks do not apply, but a server that makes it all the same fails', async () => {
  const { report } = await against({ told: { max_SAE_ID_count: 0 } }, ({ saes }) => ({
    saes: [saes[0]!, saes[1]!, saes[3]!],
  }));
  assert.ok(idsOf(report, 'not-applicable').includes('014-6.2-multicast-same-keys'));
  assert.ok(idsOf(report, 'fail').includes('014-6.2-multicast-limit'));
});

test('never more keys than allowed; what is left is inconclusive', async () => {
  for (const keys of [16, 40, 100]) {
    const { report, secrets } = await against(LIES['gives any number']!, () => ({ keys }));
    assert.ok(secrets.length <= keys, `${secrets.length} keys of ${keys}`);
    assert.equal(report.keys.taken, secrets.length);
    assert.ok(idsOf(report, 'inconclusive').length > 0);
  }
});

test('a KME with nothing to give is not called wrong for it', async () => {
  const empty: Lie = {
    leaving: (reply, { resource }) => {
      if (resource !== 'enc_keys' || reply.status !== 200) return;
      reply.status = 503;
      reply.headers['Retry-After'] = '10';
      reply.document = { message: 'no keys' };
    },
  };
  const { report } = await against(empty);
  assert.deepEqual(idsOf(report, 'fail'), []);
  assert.ok(report.summary.shall.inconclusive > 10);
});

test('nobody there: that fails, and nothing else is judged', async () => {
  const network = await Network.open();
  const target = network.target();
  await network.close();
  const report = await runConformance({ ...target, ...ENOUGH });
  assert.deepEqual(idsOf(report, 'fail'), ['014-5.1-tls-1.2']);
  assert.equal(idsOf(report, 'inconclusive').length, CATALOGUE.length - 1);
  assert.equal(report.conformant, false);
});

test('a KME that is gone in the middle is not called wrong for the rest', async () => {
  const network = await Network.open();
  try {
    const report = await runConformance({
      ...network.target(),
      ...ENOUGH,
      timeoutMs: 1000,
      onResult: ({ id }) => {
        if (id === '014-5.3-post') void network.close();
      },
    });
    assert.deepEqual(idsOf(report, 'fail'), []);
    assert.match(report.results.find(({ id }) => id === '014-5.4-once')!.reason, /does not answer any more/);
  } finally {
    await network.close().catch(() => undefined);
  }
});

test('a third that the KME never speaks to leaves its checks inconclusive', async () => {
  const { report } = await against({ deafTo: 'mallory' });
  assert.deepEqual(idsOf(report, 'fail'), []);
  assert.match(report.results.find(({ id }) => id === '014-5.4-foreign-sae')!.reason, /never speaks to mallory/);
});

test('the table begins with what failed, and says what was due, sent and came', async () => {
  const { report } = await against(LIES['answers 404 for an unknown key']!);
  const table = tableOf(report);
  const [, shall = ''] = table.split('\n\n');
  assert.match(shall.split('\n')[1]!, /^✗ 014-5\.4-once/);
  assert.match(table, /sent {2}POST \/api\/v1\/keys\/alice\/dec_keys as bob/);
  assert.match(table, /came {2}404, application\/json/);
  assert.match(table, /Not conformant\. SHALL: 5 fail/);
});

test('options that make no sense are refused before anything is asked', async () => {
  const network = await Network.open();
  const target = network.target();
  await network.close();
  const [alice, bob] = target.saes;
  const wrong: [Partial<ConformanceOptions>, RegExp][] = [
    [{ url: 'http://kme' }, /^url: http:\/\/kme is not of the form https/],
    [{ peerUrl: 'kme-b' }, /^peer-url/],
    [{ ca: 'nothing' }, /^ca: no certificate/],
    [{ saes: [alice!] }, /^sae: 1 were given/],
    [{ saes: [alice!, alice!] }, /two have the same name/],
    [{ saes: [alice!, { ...bob!, key: alice!.key }] }, /^sae bob: .*no pair/],
    [{ saes: [alice!, { ...bob!, cert: 'x' }] }, /^sae bob/],
    [{ keys: 3 }, /^keys: .*from 16 on/],
    [{ timeoutMs: 0 }, /^timeout/],
  ];
  for (const [change, message] of wrong) {
    await assert.rejects(runConformance({ ...target, ...change }), (error) => {
      assert.ok(error instanceof ConformanceError);
      assert.equal(error.code, 'conformance/option');
      assert.match(error.message, message);
      return true;
    });
  }
});
