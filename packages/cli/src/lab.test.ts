import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { inPairs, skykey } from './test/command.ts';

/** A few seconds of the pass are enough to see that the command does what it says. */
const SHORT = ['--seconds', '10', '--seed', '7'];
const folder = mkdtempSync(join(tmpdir(), 'skykey-lab-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function lab(...args: string[]) {
  const { code, stdout, stderr } = await skykey(['lab', ...args]);
  assert.equal(code, 0, stderr);
  return stdout;
}

describe('skykey lab', () => {
  it('names attacks with class and meaning of strength', async () => {
    const list = JSON.parse(await lab('--list', '--json')) as {
      name: string;
      class: string | null;
      strength: { meaning: string; low: number; high: number; usual: number } | null;
    }[];
    const blinding = list.find(({ name }) => name === 'blinding')!;
    assert.equal(blinding.class, 'D2');
    assert.match(blinding.strength!.meaning, /share/);
    assert.ok(
      blinding.strength!.low <= blinding.strength!.usual && blinding.strength!.usual <= blinding.strength!.high,
    );
    assert.equal(list.find(({ name }) => name === 'none')!.strength, null);
    const words = await lab('--list');
    for (const { name } of list) assert.ok(words.includes(`\n  ${name}`), name);
  });

  it('gives exactly the summary, the same on one thread and on two', async () => {
    const run = (workers: string) =>
      lab(
        '--attack',
        'intercept-resend',
        '--strength',
        '0.05',
        '--passes',
        '40',
        '--workers',
        workers,
        '--json',
        ...SHORT,
      );
    const [one, two] = await Promise.all([run('1'), run('2')]);
    assert.equal(one, two);
    const summary = JSON.parse(one);
    assert.deepEqual(Object.keys(summary), [
      'attack',
      'class',
      'strength',
      'passes',
      'seed',
      'hardAlarms',
      'softAlarms',
      'latencyP50S',
      'latencyP99S',
      'verdicts',
      'maxLeakageExcessBits',
      'secretBitsMedian',
    ]);
    assert.equal(summary.passes, 40);
    // Ten seconds may end under a cloud before there is anything to see.
    assert.ok(summary.hardAlarms >= 36);
    assert.ok(summary.verdicts.tap >= summary.hardAlarms);
    assert.equal(summary.maxLeakageExcessBits, 0);
  });

  it('goes on where a journal was cut, with the same result', async () => {
    const out = join(folder, 'resumed');
    const args = ['--attack', 'pns', '--passes', '6', '--json', '--out', out, ...SHORT];
    const whole = await lab(...args);
    const journal = join(out, readdirSync(out).find((name) => name.endsWith('.jsonl'))!);
    const text = readFileSync(journal, 'utf8');
    // In the middle of the fourth pass.
    truncateSync(journal, text.split('\n').slice(0, 4).join('\n').length + 20);
    assert.equal(await lab(...args), whole);
    // The day on which a pass was played is not of the pass.
    const lines = (of: string): string[] =>
      of
        .replaceAll(/,"playedOn":"[\d-]+"/g, '')
        .split('\n')
        .toSorted();
    assert.match(text, /"playedOn":"\d{4}-\d{2}-\d{2}"/);
    assert.deepEqual(lines(readFileSync(journal, 'utf8')), lines(text));
    appendFileSync(journal, 'not a pass\n');
    const { code, stderr } = await skykey(['lab', ...args]);
    assert.equal(code, 2);
    assert.match(stderr, /line 8: it is not a line of JSON/);
  });

  it('tells people what came out, and what is assumed', async () => {
    const words = await lab('--attack', 'blinding', '--passes', '2', '--without', 'bright-light', ...SHORT);
    assert.match(words, /class D3/);
    assert.match(words, /hard alarm +0 of 2 passes \(2 missed, /);
    assert.match(words, /latency +half of the passes or more missed/);
    assert.match(words, /leakage +(never above what the bound grants, in [12] passes? with a key|nothing granted: )/);
    assert.match(words, /pulse rate: 1000 MHz in place of 100/);
    assert.match(words, /Simulated photons/);
  });

  it('draws several strengths against as many clean passes', async () => {
    const roc = join(folder, 'roc.svg');
    const summaries = JSON.parse(
      await lab(
        '--attack',
        'intercept-resend',
        '--strength',
        '0.005,0.05',
        '--passes',
        '4',
        '--roc',
        roc,
        '--json',
        ...SHORT,
      ),
    );
    assert.deepEqual(
      summaries.map(({ strength }: { strength: number }) => strength),
      [0.005, 0.05],
    );
    const svg = readFileSync(roc, 'utf8');
    assert.match(svg, /4 clean passes/);
    assert.match(svg, /0\.5 %/);
  });

  it('runs a long study and writes its report', async () => {
    const results = join(folder, 'results');
    const out = join(folder, 'study');
    const args = ['--study', 'false-alarms', '--passes', '3', '--out', out, '--results', results, '--json', ...SHORT];
    const document = JSON.parse(await lab(...args));
    assert.equal(document.study, 'false-alarms');
    assert.equal(document.series[0].passes, 3);
    assert.match(document.date, /^\d{4}-\d{2}-\d{2}$/);
    const report = readFileSync(join(results, 'false-alarms.md'), 'utf8');
    assert.match(report, /# How often the alarm cries wolf/);
    assert.match(report, /seed 7/);
    assert.match(report, /--study false-alarms --passes 3 --seed 7 --scenario micius-2016-12-19 --seconds 10`/);
    assert.doesNotMatch(report, /An attack that begins/, 'nobody attacks here');
    assert.equal(document.seconds, 10);
    assert.equal(document.series[0].onset, 'drawn');
    assert.deepEqual([document.firstPlayed, document.lastPlayed], [document.date, document.date]);
    assert.deepEqual(JSON.parse(readFileSync(join(results, 'false-alarms.json'), 'utf8')), document);
  });

  it('refuses bad input in one sentence', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const refusals: [string[], RegExp][] = [
      [[], /--attack is missing/],
      [['--attack', 'magic'], /no attack is called "magic"; there are none, intercept-resend/],
      [['--attack', 'pns', '--strength', '1.5'], /strength of pns is 1.5; it must be from 0 to 1/],
      [['--attack', 'pns', '--strength', 'much'], /--strength much: give a number/],
      [['--attack', 'none', '--strength', '1'], /clean passes have none/],
      [['--attack', 'pns', '--without', 'nose'], /--without nose: the monitors are bright-light/],
      [['--attack', 'pns', '--assumptions', 'off'], /rests on no assumption that could be off/],
      [['--attack', 'pns', '--passes', '0'], /passes is 0; it must be a whole number from 1/],
      [['--attack', 'pns', '--detections', '1e12'], /detections is 1000000000000; it must be a number from 1000/],
      [['--attack', 'pns', '--workers', '0'], /--workers 0/],
      [['--attack', 'none', '--roc', join(folder, 'x.svg')], /--roc compares/],
      [['--study', 'misses', '--attack', 'pns'], /--attack has no effect with --study, which decides that by itself/],
      [['--study', 'misses', '--strength', '0.1'], /--strength has no effect with --study/],
      [['--study', 'misses', '--level', 'event'], /--level has no effect with --study/],
      [['--study', 'misses', '--without', 'clock'], /--without has no effect with --study/],
      [['--study', 'misses', '--detections', '5e5'], /--detections has no effect with --study/],
      [['--study', 'source-gate', '--workers', '2'], /--workers has no effect with --study source-gate/],
      [['--study', 'misses', '--results', file], /--results .*a-file cannot be made a folder/],
      [['--list', '--attack', 'pns'], /--attack has no effect with --list/],
      [['--attack', 'pns', '--results', folder], /--results has no effect with --attack/],
      [
        ['--attack', 'dead-time', '--level', 'count'],
        /dead-time can only be played click by click; its level is event/,
      ],
      [['--study', 'everything'], /--study everything: the studies are false-alarms, misses/],
      [['--attack', 'pns', '--scenario', 'entanglement-1203'], /no source with two decoys/],
    ];
    await inPairs(refusals, async ([args, sentence]) => {
      const { code, stdout, stderr } = await skykey(['lab', ...args]);
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, sentence);
      assert.equal(stderr.trim().split('\n').length, 1);
      assert.equal(stdout, '');
    });
  });
});
