import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Elements } from './elements.ts';
import { OrbitError, type OrbitErrorCode } from './error.ts';
import { MICIUS, MICIUS_LINE_1, MICIUS_LINE_2, MOLNIYA } from './test/micius.ts';
import { parseTle, parseTleFile } from './tle.ts';

function refuses(text: string, code: OrbitErrorCode, message: RegExp): void {
  assert.throws(
    () => parseTle(text, 'micius.tle'),
    (error) => {
      assert.ok(error instanceof OrbitError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    },
  );
}

/** Replaces columns (from 1) and mends the checksum, so that the field alone is wrong. */
function altered(line: string, column: number, replacement: string): string {
  const changed = line.slice(0, column - 1) + replacement + line.slice(column - 1 + replacement.length);
  let sum = 0;
  for (const symbol of changed.slice(0, 68)) sum += symbol === '-' ? 1 : Number.parseInt(symbol, 10) || 0;
  return changed.slice(0, 68) + (sum % 10);
}

describe('parseTle', () => {
  it('reads two lines, three lines, and a name with a leading zero', () => {
    assert.equal(MICIUS.name, 'MICIUS');
    assert.equal(MICIUS.noradId, 41731);
    assert.equal(parseTle(`${MICIUS_LINE_1}\r\n${MICIUS_LINE_2}\r\n`).name, 'NORAD 41731');
    assert.equal(parseTle(`\n0 QUESS\n${MICIUS_LINE_1}   \n${MICIUS_LINE_2}\n\n`).name, 'QUESS');
    assert.equal(MICIUS.lines?.[0], MICIUS_LINE_1);
    assert.equal(MICIUS.lines?.[1], MICIUS_LINE_2);
  });

  it('puts the epoch on day 353.90152003 of 2016', () => {
    assert.ok(Math.abs(MICIUS.epochMs - Date.parse('2016-12-18T21:38:11.331Z')) < 1);
  });

  it('reads years from 1957 and Alpha-5 catalogue numbers', () => {
    const old = parseTle(`${altered(MICIUS_LINE_1, 19, '57001')}\n${MICIUS_LINE_2}`);
    assert.equal(new Date(old.epochMs).getUTCFullYear(), 1957);
    const many = parseTle(`${altered(MICIUS_LINE_1, 3, 'J1731')}\n${altered(MICIUS_LINE_2, 3, 'J1731')}`);
    assert.equal(many.noradId, 181_731);
    refuses(`${altered(MICIUS_LINE_1, 3, 'O1731')}\n${MICIUS_LINE_2}`, 'orbit/tle-field', /catalogue number.*"O1731"/);
  });

  it('refuses a line of 71 columns and says how many it has', () => {
    refuses(
      `${MICIUS_LINE_1}\n2 41731  99.0000 267.4500 001320000 178.5836 246.0824 15.23915303 19063`,
      'orbit/tle-columns',
      /micius\.tle: line 2 has 71 columns; .* 69/,
    );
  });

  it('refuses a checksum that does not fit', () => {
    refuses(
      `${MICIUS_LINE_1}\n${MICIUS_LINE_2.replace('15.239', '15.228')}`,
      'orbit/tle-checksum',
      /line 2, checksum \(column 69\) is "3"/,
    );
  });

  it('refuses any single changed character, or reads the same elements', () => {
    const lines = [MICIUS_LINE_1, MICIUS_LINE_2];
    const characters = [
      ...Array.from({ length: 95 }, (_, k) => String.fromCharCode(32 + k)),
      '\t',
      '\n',
      '\u00A0',
      '٣',
      'é',
    ];
    let same = 0;
    for (const [l, line] of lines.entries()) {
      for (let column = 0; column < line.length; column++) {
        for (const character of characters) {
          const changed = line.slice(0, column) + character + line.slice(column + 1);
          const text = lines.map((other, i) => (i === l ? changed : other)).join('\n');
          let read: Elements;
          try {
            read = parseTle(text);
          } catch (error) {
            assert.ok(error instanceof OrbitError, String(error));
            continue;
          }
          same++;
          assert.equal(read.epochMs, MICIUS.epochMs, changed);
          assert.equal(read.noradId, MICIUS.noradId, changed);
          for (const field of ['no', 'ecco', 'inclo', 'nodeo', 'argpo', 'mo', 'bstar'] as const) {
            assert.equal(read.satrec[field], MICIUS.satrec[field], changed);
          }
        }
      }
    }
    // The character itself 138 times, and what no checksum counts: piece of the launch, class, blanks for zeros.
    assert.ok(same >= 138 && same < 500, String(same));
  });

  it('names the field that is not written right', () => {
    const wrong = (line: 1 | 2, column: number, text: string) =>
      line === 1
        ? `${altered(MICIUS_LINE_1, column, text)}\n${MICIUS_LINE_2}`
        : `${MICIUS_LINE_1}\n${altered(MICIUS_LINE_2, column, text)}`;
    refuses(wrong(1, 21, '000'), 'orbit/tle-field', /line 1, epoch day is 0\.9/);
    refuses(wrong(1, 21, '368'), 'orbit/tle-field', /epoch day is 368/);
    refuses(wrong(1, 54, ' 1795x'), 'orbit/tle-field', /line 1, drag term B\* \(columns 54-61\)/);
    refuses(wrong(1, 33, '7'), 'orbit/tle-field', /column 33 before first derivative of mean motion must be blank/);
    refuses(wrong(2, 9, '181.0000'), 'orbit/tle-field', /inclination is 181; it must be 0 to 180/);
    refuses(wrong(2, 27, '.001320'), 'orbit/tle-field', /line 2, eccentricity \(columns 27-33\)/);
    refuses(wrong(2, 53, '25.23915303'), 'orbit/tle-field', /mean motion is 25/);
    refuses(`${altered(MICIUS_LINE_1, 1, '2')}\n${MICIUS_LINE_2}`, 'orbit/tle-field', /line 1, line number/);
  });

  it('refuses lines of two satellites, missing lines, and more than one set', () => {
    refuses(
      `${MICIUS_LINE_1}\n${altered(MICIUS_LINE_2, 3, '41732')}`,
      'orbit/tle-number',
      /line 2, catalogue number is 41732, but micius\.tle: line 1 says 41731/,
    );
    refuses(MICIUS_LINE_1, 'orbit/tle-lines', /1 lines/);
    refuses('', 'orbit/tle-lines', /0 lines/);
    refuses(`${MICIUS_LINE_1}\n${MICIUS_LINE_2}\n${MICIUS_LINE_1}\n${MICIUS_LINE_2}`, 'orbit/tle-lines', /4 lines/);
  });

  it('refuses elements that begin under the ground', () => {
    refuses(`${MICIUS_LINE_1}\n${altered(MICIUS_LINE_2, 53, '19.90000000')}`, 'orbit/elements', /SGP4 cannot start/);
  });
});

describe('parseTleFile', () => {
  const molniya = MOLNIYA.lines!.join('\n');
  const micius = MICIUS.lines!.join('\n');
  const throwing = (text: string, code: OrbitErrorCode, message: RegExp) =>
    assert.throws(
      () => parseTleFile(text, 'many.tle'),
      (error) => error instanceof OrbitError && error.code === code && message.test(error.message),
    );

  it('reads sets with and without names, blank lines between, and keeps their order', () => {
    const sets = parseTleFile(
      `\uFEFFMICIUS\n${micius}\r\n\n${molniya}\n\n\n0 1 WORLD\n${micius}\n2 MANY\n${molniya}\n${micius}`,
    );
    assert.deepEqual(
      sets.map(({ name }) => name),
      ['MICIUS', 'NORAD 8195', '1 WORLD', '2 MANY', 'NORAD 41731'],
    );
    assert.deepEqual(
      sets.map(({ noradId }) => noradId),
      [41731, 8195, 41731, 8195, 41731],
    );
    assert.deepEqual(sets[0], MICIUS);
  });

  it('names the line of the file that is wrong', () => {
    const bad = molniya.replace('64.1586', '64.1587');
    throwing(`MICIUS\n${micius}\n\nMOLNIYA\n${bad}\n`, 'orbit/tle-checksum', /many\.tle: line 7, checksum/);
    throwing(`${micius}\n3${molniya.slice(1)}`, 'orbit/tle-field', /many\.tle: line 3, line number .* "3"/);
    throwing(`${micius}\n${molniya.replace('\n2', '\n3')}\n${micius}`, 'orbit/tle-field', /line 4, line number .* "3"/);
    throwing(`${micius}\nMOLNIYA\n`, 'orbit/tle-lines', /line 3 belongs to no element set/);
    throwing(`${micius}\n${MOLNIYA.lines![0]}`, 'orbit/tle-lines', /line 3 belongs to no element set/);
    throwing(`two\nnames\n${micius}`, 'orbit/tle-lines', /line 1 belongs to no element set/);
    throwing(' \n\n', 'orbit/tle-lines', /no element set/);
  });

  it('throws nothing but OrbitError, whatever the text', () => {
    const piece = fc.oneof(
      fc.constantFrom(...MICIUS.lines!, ...MOLNIYA.lines!, 'MICIUS', '1 ', '2 ', '\n', '\r\n', ' '),
      fc.string({ unit: 'binary', maxLength: 80 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.constantFrom('', '\n'), (pieces, between) => {
        for (const parse of [parseTle, parseTleFile]) {
          try {
            parse(pieces.join(between));
          } catch (error) {
            assert.ok(error instanceof OrbitError, String(error));
          }
        }
      }),
      { seed: 7, numRuns: 2000 },
    );
  });
});
