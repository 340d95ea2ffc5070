import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { skykey } from '../test/command.ts';
import { HistoryJournal, type PlayedWorld } from './history-journal.ts';
import { historyDocument, historyText, storeReport } from './history-report.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-kme-history-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const world = (seed: number, changes: Partial<PlayedWorld> = {}): PlayedWorld => ({
  ...{ seed, store: 'sqlite', operations: 100, answers: { 'get ok': 40 }, faults: [], virtualMs: 3_600_000 },
  ...{ deaths: { 'before commit': 2 }, counts: { deaths: 2 }, cpuS: 1.5, playedOn: '2026-11-22' },
  verdict: { findings: [], keys: 40, copies: 70, grains: 80, notFound: { void: 1 } },
  ...changes,
});

test('a study that was cut off goes on, and a line that was cut is played again', () => {
  const name = join(folder, 'a');
  const file = `${name}.jsonl`;
  const journal = new HistoryJournal(name);
  journal.add(world(1));
  journal.add(world(2));
  appendFileSync(file, JSON.stringify(world(3)).slice(0, 50));
  const again = new HistoryJournal(name);
  assert.deepEqual([again.found(1), again.found(2), again.found(3)], [world(1), world(2), undefined]);
  again.add(world(3));
  assert.deepEqual(new HistoryJournal(name).found(3), world(3));
  writeFileSync(file, '{"seed":1}\n');
  assert.throws(() => new HistoryJournal(name), /line 1 is no world of this study; remove the file/);
});

test('the report adds worlds up, and names what was found', () => {
  const findings = [{ rule: 'twice' as const, keyId: 'x', text: 'no order' }];
  const bad = world(2, { verdict: { ...world(2).verdict, findings }, faults: ['sqlite does not start again'] });
  const report = storeReport([world(1), bad], { seed: 0, operationsPerWorld: 100 });
  assert.deepEqual(
    [report.operations, report.keys, report.answers, report.counts, report.cpuS, report.virtualHours],
    [200, 80, { 'get ok': 80 }, { deaths: 4 }, 3, 2],
  );
  const text = historyText(historyDocument({ sqlite: report }));
  assert.match(text, /\*\*200 operations, 1 violations, 1 other faults\.\*\*/);
  assert.match(text, /\*\*twice\*\*, world 2, key x: no order/);
  assert.match(text, /\*\*fault\*\*, world 2: sqlite does not start again/);
  assert.match(
    historyText(historyDocument({ sqlite: storeReport([world(1)], { seed: 0, operationsPerWorld: 1 }) })),
    /Nothing was found/,
  );
});

test('the command plays, writes its report, and does not play again what it has', async () => {
  const results = join(folder, 'results');
  const out = join(folder, 'out');
  const ask = () =>
    skykey(['study', 'kme-history', '--operations', '200', '--out', out, '--results', results, '--json']);
  const first = await ask();
  assert.equal(first.code, 0, first.stderr);
  const { stores } = JSON.parse(first.stdout);
  assert.ok(stores.sqlite.operations >= 200);
  assert.deepEqual(stores.sqlite.findings, []);
  assert.equal(first.stdout, readFileSync(join(results, 'kme-history.json'), 'utf8'));
  assert.match(readFileSync(join(results, 'kme-history.md'), 'utf8'), /## SQLite/);
  const [journal] = readdirSync(out);
  const kept = readFileSync(join(out, journal!), 'utf8');
  assert.equal((await ask()).stdout, first.stdout);
  assert.equal(readFileSync(join(out, journal!), 'utf8'), kept);
});

test('several processes play what one would, and the report is of all', async () => {
  const out = join(folder, 'shared');
  const results = join(folder, 'shared-results');
  const common = ['study', 'kme-history', '--operations', '200', '--out', out, '--results', results];
  const { code, stderr } = await skykey([...common, '--workers', '2']);
  assert.equal(code, 0, stderr);
  const { stores } = JSON.parse(readFileSync(join(results, 'kme-history.json'), 'utf8'));
  assert.equal(stores.sqlite.worlds, 1);
  const [journal, ...others] = readdirSync(out);
  assert.match(journal!, /\.0\.jsonl$/);
  assert.deepEqual(others, []);
  // Of two journals both count, and each process writes its own.
  const name = join(out, journal!.replace('.0.jsonl', ''));
  new HistoryJournal(name, 1).add(world(2));
  assert.equal(HistoryJournal.count(name), 2);
  assert.ok(new HistoryJournal(name).found(2));
});

test('bad options are refused in a sentence', async () => {
  for (const [option, value, sentence] of [
    ['--store', 'oracle', /--store oracle: give sqlite or postgres/],
    ['--operations', '0', /--operations 0: give from 1/],
    ['--part', '2/2', /--part 2\/2: give k\/n/],
  ] as const) {
    const { code, stderr } = await skykey([
      'study',
      'kme-history',
      option,
      value,
      '--out',
      folder,
      '--results',
      folder,
    ]);
    assert.equal(code, 2);
    assert.match(stderr, sentence);
  }
});
