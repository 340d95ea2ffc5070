import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { allCases } from './cases/index.ts';
import { presentFiles, wantedFiles } from './test/folder.ts';
import { outcomeOf, pathOf, type Vector, vectorOf } from './vector.ts';

describe('the vectors', () => {
  let present: ReadonlyMap<string, string>;
  let wanted: ReadonlyMap<string, string>;

  before(async () => {
    present = presentFiles();
    wanted = await wantedFiles();
  });

  test('are all there, and no others', () => {
    assert.ok(wanted.size >= 120);
    assert.deepEqual([...present.keys()].sort(), [...wanted.keys()].sort());
  });

  test('hold, file by file, as they lie in the folder', async () => {
    for (const [path, text] of present) {
      const { does, input, output, error, ...vector } = JSON.parse(text) as Vector;
      assert.equal(pathOf({ does, name: vector.name }), path);
      const right = error === undefined ? { output } : { error };
      assert.deepEqual(JSON.parse(JSON.stringify(await outcomeOf(does, input))), right, path);
    }
  });

  test('are what write.ts would write, byte for byte', () => {
    for (const [path, text] of wanted) assert.equal(present.get(path), text, path);
  });

  test('hold success and refusal in every folder', () => {
    const seen = new Set<string>();
    for (const [path, text] of present) {
      const refused = 'error' in JSON.parse(text) || text.includes('"dropped"');
      seen.add(`${path.slice(0, path.indexOf('/'))} ${refused ? 'refused' : 'succeeds'}`);
    }
    assert.equal(seen.size, 18);
  });

  test('keep what their cases promise: a case that promises otherwise is not written', async () => {
    const cases = await allCases();
    const good = cases.find(({ promised }) => promised === 'succeeds')!;
    await assert.rejects(vectorOf({ ...good, promised: 'hotline/forged' }), /was promised/);
    const bad = cases.find(({ promised }) => promised === 'hotline/forged')!;
    await assert.rejects(vectorOf({ ...bad, promised: 'succeeds' }), /was promised/);
  });
});
