import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { STUDIED_ATTACKS } from '@skykey/finitekey';
import { CliError } from '../error.ts';
import { skykey } from '../test/command.ts';
import { playCells } from './coverage.ts';
import { CELLS, type Cell, nameOf, type PlayedCell } from './coverage-cells.ts';
import { CoverageJournal } from './coverage-journal.ts';
import { coverageClaims, type coverageDocument, coverageText } from './coverage-report.ts';

type Document = ReturnType<typeof coverageDocument>;

const folder = mkdtempSync(join(tmpdir(), 'skykey-coverage-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const silent = { report: () => {} };
const cellsOf = (...names: readonly string[]): readonly Cell[] =>
  names.map((name) => CELLS.find((cell) => nameOf(cell) === name)!);
/** Enough to decide at eps 0.1; the study proper plays 100,000. */
const SESSIONS = 500;
const TWO = cellsOf('twoDecoys tilted worst-errors 0.1', 'oneDecoy tilted honest 0.1');

describe('the coverage study', () => {
  it('has every link, attack and eps, and no cell twice', () => {
    assert.equal(new Set(CELLS.map(nameOf)).size, CELLS.length);
    assert.equal(CELLS.filter(({ proof }) => proof === 'tilted').length, 2 * 3 * STUDIED_ATTACKS.length);
    assert.equal(CELLS.filter(({ proof }) => proof === 'clopper-pearson').length, 3 * STUDIED_ATTACKS.length);
  });

  it(`plays ${SESSIONS} sessions of two cells, and no bound is wrong more often than it may`, () => {
    const journal = new CoverageJournal(join(folder, 'two.part.jsonl'));
    const shares: number[] = [];
    const progress = { report: (share: number) => shares.push(share) };
    const cells = playCells(TWO, { sessions: SESSIONS, seed: 3, journal, progress });
    for (const claim of coverageClaims({ sessions: SESSIONS, cells })) {
      // Sampling alone is so tight that 500 sessions may leave it open.
      const allowed = claim.statement.includes('sampling') ? ['yes', 'open'] : ['yes', 'empty'];
      assert.ok(allowed.includes(claim.holds), JSON.stringify(claim));
      assert.equal(claim.holds === 'empty', claim.link === 'oneDecoy' && claim.statement.startsWith('empty pulses'));
    }
    const statements = cells.flatMap((cell) => cell.statements);
    assert.equal(statements.length, 2 * 6);
    assert.ok(statements.filter(({ violations }) => violations > 0).length >= 2);
    for (const { violations, upperRate } of statements) assert.ok(upperRate > violations / SESSIONS);
    assert.ok(shares.length > 10 && shares.every((share, i) => share > (shares[i - 1] ?? 0) && share <= 1));
  });

  it('goes on where it was cut off, and ends the same', () => {
    const cells = cellsOf('twoDecoys tilted honest 0.1', 'twoDecoys clopper-pearson honest 0.01');
    const question = { sessions: 70, seed: 9 };
    const whole = playCells(cells, {
      ...question,
      journal: new CoverageJournal(join(folder, 'whole')),
      progress: silent,
    });
    const file = join(folder, 'cut');
    const cut = {
      report: (share: number): void => {
        if (share > 0.5) throw new Error('cut off');
      },
    };
    const journal = (): CoverageJournal => new CoverageJournal(file);
    assert.throws(() => playCells(cells, { ...question, journal: journal(), progress: cut }), /cut off/);
    appendFileSync(file, readFileSync(file, 'utf8').slice(0, 40));
    const heard: number[] = [];
    const listening = { report: (share: number) => heard.push(share) };
    assert.deepEqual(playCells(cells, { ...question, journal: journal(), progress: listening }), whole);
    assert.ok(heard.length > 0 && Math.min(...heard) > 0.5, 'the first was not played again');
    assert.equal(readFileSync(file, 'utf8'), readFileSync(join(folder, 'whole'), 'utf8'));
  });

  it('refuses a journal that is none, with the line', () => {
    const file = join(folder, 'bad');
    for (const line of ['soup', '{}', 'null', '{"link":"twoDecoys"}']) {
      writeFileSync(file, `${line}\n`);
      assert.throws(() => new CoverageJournal(file), { code: 'cli/file', message: /bad, line 1 is no cell/ });
    }
  });
});

describe('claims', () => {
  const played = (violations: number, sessions: number, meanRatio: number | null): readonly PlayedCell[] => [
    {
      ...{ link: 'twoDecoys', proof: 'tilted', attack: 'honest', epsilon: 0.01, seed: 1, playedOn: '2026-11-22' },
      statements: [
        {
          ...{ statement: 'the whole', violations, allowed: 0.01, meanRatio },
          // The normal approximation is good enough to decide these.
          upperRate: (violations + 1 + 1.65 * Math.sqrt(violations + 1)) / sessions,
        },
      ],
    },
  ];
  it('hold, do not hold, are open where sessions are too few, or say nothing', () => {
    for (const [violations, sessions, holds, above, ratio = 0.5] of [
      [10, 10_000, 'yes', 0],
      [200, 10_000, 'no', 1],
      [110, 10_000, 'open', 1],
      [95, 10_000, 'open', 0],
      [0, 20, 'open', 0],
      [20, 20, 'no', 1],
      [0, 10_000, 'empty', 0, 0],
      [0, 10_000, 'empty', 0, null],
      [200, 10_000, 'no', 1, 0],
    ] as const) {
      const cells = played(violations, sessions, ratio);
      const [claim] = coverageClaims({ sessions, cells });
      assert.deepEqual([claim!.holds, claim!.above], [holds, above], `${violations} of ${sessions}`);
      const text = coverageText({ sessions, seed: 1, cells });
      assert.equal(text.includes('| **no** |'), holds === 'no');
    }
  });
});

describe('skykey keyrate --study coverage', () => {
  it('writes a report of all cells that says how to run it again, and leaves no journal', async () => {
    const results = join(folder, 'results');
    const args = ['--study', 'coverage', '--sessions', '3', '--seed', '7', '--results', results, '--json'];
    const { code, stdout, stderr } = await skykey(['keyrate', ...args]);
    assert.equal(code, 0, stderr);
    const document = JSON.parse(stdout) as Document;
    assert.deepEqual(readdirSync(results).sort(), ['coverage.json', 'coverage.md']);
    assert.deepEqual(JSON.parse(readFileSync(join(results, 'coverage.json'), 'utf8')), document);
    assert.deepEqual([document.seed, document.sessions, document.cells.length], [7, 3, CELLS.length]);
    assert.match(document.date!, /^\d{4}-\d{2}-\d{2}$/);
    const text = readFileSync(join(results, 'coverage.md'), 'utf8');
    assert.match(text, /`npx skykey keyrate --study coverage --sessions 3 --seed 7`/);
    assert.doesNotMatch(text, /NaN|undefined|Infinity/);
    for (const attack of STUDIED_ATTACKS) assert.ok(text.includes(`| two decoys | tilted | ${attack} |`), attack);
    assert.ok(text.includes('wiesemann2024, one decoy (for comparison): the whole'));
  });

  it('refuses what has no effect or makes no sense', async () => {
    const { keyrate } = await import('../keyrate.ts');
    for (const [options, sentence] of [
      [{ study: 'all' }, /--study all: there is one, coverage/],
      [{ study: 'coverage', proof: 'tilted' }, /--proof has no effect with --study/],
      [{ study: 'coverage', sessions: 0, results: folder }, /--sessions 0: give a whole number from 1 on/],
      [{ list: true, sessions: 3 }, /--sessions has no effect with anything but --study/],
      [{ study: 'coverage', results: join(folder, 'whole') }, /--results .* cannot be made a folder/],
    ] as const) {
      await assert.rejects(keyrate(options), (error) => {
        assert.ok(error instanceof CliError && sentence.test(error.message), String(error));
        return true;
      });
    }
  });
});
