import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { headerLine, outcomeLine, readJournal } from './journal.ts';
import type { PassOutcome } from './outcome.ts';
import { passOutcome } from './test/pass-outcome.ts';

const header = { attack: 'pns', strength: 0.2, seed: 7, without: ['clock'] };
const outcome = (pass: number): PassOutcome =>
  passOutcome({ pass, score: 12.5, onsetS: 1, latencyS: 2, evidence: 'µ' });

describe('the journal of a study', () => {
  const text = headerLine(header) + outcomeLine(outcome(3), '2026-11-23') + outcomeLine(outcome(0), '2026-11-22');

  it('gives back what was written', () => {
    const { outcomes, days, wholeBytes } = readJournal(text, header, 'j');
    assert.deepEqual([...outcomes.keys()], [3, 0]);
    assert.deepEqual(days, ['2026-11-22', '2026-11-23']);
    assert.deepEqual(outcomes.get(3), outcome(3));
    assert.equal(wholeBytes, Buffer.byteLength(text));
  });

  it('forgets a line that was cut, wherever it was cut', () => {
    for (let cut = 0; cut < text.length; cut++) {
      const { outcomes, wholeBytes } = readJournal(text.slice(0, cut), header, 'j');
      const lines = text.slice(0, cut).split('\n').length - 1;
      assert.equal(outcomes.size, Math.max(0, lines - 1));
      assert.ok(wholeBytes <= Buffer.byteLength(text.slice(0, cut)));
    }
  });

  it('refuses the journal of another question and names the difference', () => {
    assert.throws(() => readJournal(text, { ...header, seed: 8 }, 'study/pns.jsonl'), {
      code: 'lab/journal',
      message: 'study/pns.jsonl was begun with seed 7, not 8; take another folder, or remove the file to begin anew',
    });
    assert.throws(() => readJournal(text, { ...header, without: [] }, 'j'), /without \["clock"\], not \[\]/);
  });

  it('refuses what is no journal, with the line', () => {
    assert.throws(() => readJournal('a,b\n1,2\n', header, 'table.csv'), /table.csv, line 1: it is not a line of JSON/);
    assert.throws(() => readJournal(`${headerLine(header)}{"pass":0.5}\n`, header, 'j'), /j, line 2/);
  });
});
