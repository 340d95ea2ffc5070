import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { linkText, readLink } from './link-document.ts';
import { Laboratory } from './test/laboratory.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-link-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const lab = new Laboratory(folder);
const file = lab.link('link.json');
const whole = readFileSync(file, 'utf8');

type Tree = { [field: string]: unknown };

/** Paths of all fields, those of objects inside too. */
function paths(tree: Tree, at: readonly string[] = []): string[][] {
  return Object.entries(tree).flatMap(([field, value]) =>
    typeof value === 'object' && !Array.isArray(value)
      ? [[...at, field], ...paths(value as Tree, [...at, field])]
      : [[...at, field]],
  );
}

function edited(path: readonly string[], value: unknown): string {
  const tree = JSON.parse(whole) as Tree;
  let at = tree;
  for (const field of path.slice(0, -1)) at = at[field] as Tree;
  if (value === undefined) delete at[path.at(-1)!];
  else at[path.at(-1)!] = value;
  return lab.write('edited.json', JSON.stringify(tree));
}

test('what is written is read', () => {
  assert.deepEqual(JSON.parse(linkText(readLink(file))), JSON.parse(whole));
});

test('every field is needed, of its kind, and named', () => {
  const all = paths(JSON.parse(whole));
  assert(all.length > 20);
  for (const path of all) {
    for (const value of [undefined, true, null]) {
      assert.throws(() => readLink(edited(path, value)), {
        code: 'cli/link',
        message: new RegExp(`${path.join('.')} (must be|is)`),
      });
    }
  }
});

test('a field that nobody knows, and values out of range, are refused by name', () => {
  for (const [path, value, pattern] of [
    ['pulse', 5, /pulse is not known; there are format, sessionId/],
    ['alarm.hard', 5, /alarm\.hard is not known/],
    ['format', 'skykey-link/3', /this program reads "skykey-link\/2"/],
    [
      'format',
      'skykey-link/1',
      /read no longer; write "skykey-link\/2", "proof": "tilted" in place of bound, "method": "auto", and "detectorMismatch": 0/,
    ],
    ['bound', 'chernoff', /bound is not known/],
    ['proof', 'lim2014', /proof must be one of tilted, tilted-one-way, clopper-pearson, lim2014-hoeffding/],
    ['method', 'winnow', /method must be one of cascade, ldpc, auto, not "winnow"/],
    ['pulses', 1.5, /pulses must be a whole number/],
    ['linkId', 'a/b', /linkId/],
    ['probabilities', [0.5, 0.5], /probabilities must be three numbers/],
    ['probabilities', [0.5, 0.5, 0.5], /probabilities/],
    ['pulseRateHz', 0, /pulseRateHz must be above 0/],
    ['sync.slopeUncertainty', -1, /sync\.slopeUncertainty must be at least 0/],
    ['sync.gatePs', 2e6, /sync\.gatePs must be above 0 and at most a slot, 1000000 ps/],
  ] as const) {
    assert.throws(() => readLink(edited(path.split('.'), value)), { code: 'cli/link', message: pattern });
  }
  assert.throws(() => readLink(lab.write('text.json', 'no')), /is no JSON/);
  for (const text of ['[]', 'null', '5'])
    assert.throws(() => readLink(lab.write('text.json', text)), /format is not there/);
  assert.throws(() => readLink(lab.path('none.json')), { code: 'cli/file' });
});
