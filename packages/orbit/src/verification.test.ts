import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { inertialState } from './state.ts';
import { parseTle } from './tle.ts';

const data = (name: string): string[] =>
  readFileSync(new URL(`../data/${name}`, import.meta.url), 'utf8').split(/\r?\n/);

interface Row {
  readonly minutes: number;
  readonly position: readonly [number, number, number];
  readonly velocity: readonly [number, number, number];
}

/** Element sets of the verification file, cut to the 69 columns of the format, in order. */
function elementSets(): { lines: string; catalogue: string }[] {
  const lines = data('SGP4-VER.TLE');
  return lines.flatMap((line, i) => {
    const second = lines[i + 1] ?? '';
    if (!line.startsWith('1 ') || !second.startsWith('2 ')) return [];
    return [{ lines: `${line.slice(0, 69)}\n${second.slice(0, 69)}`, catalogue: String(Number(line.slice(2, 7))) }];
  });
}

/** Expected states of each case, in the order of the element sets. */
function expected(): { catalogue: string; rows: Row[] }[] {
  const cases: { catalogue: string; rows: Row[] }[] = [];
  for (const line of data('SGP4-VER.out')) {
    const fields = line.trim().split(/\s+/);
    if (fields[1] === 'xx') cases.push({ catalogue: fields[0]!, rows: [] });
    else if (fields.length >= 7) {
      const [minutes, x, y, z, vx, vy, vz] = fields.slice(0, 7).map(Number) as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      cases.at(-1)!.rows.push({ minutes, position: [x, y, z], velocity: [vx, vy, vz] });
    }
  }
  return cases;
}

/** The line with the checksum that it should have. */
function mended(line: string): string {
  let sum = 0;
  for (const character of line.slice(0, 68)) sum += character === '-' ? 1 : Number(character) || 0;
  return line.slice(0, 68) + (sum % 10);
}

/** Invented sets of the verification file whose checksums do not add up. */
const WRONG_CHECKSUMS = ['33333', '33334', '33335'];
/** The invented set of 0.00001 revolutions a day, for which the model has no state at any time: it is not taken in. */
const IMPOSSIBLE = '33334';

describe('the SGP4 verification set, AIAA 2006-6753', () => {
  const sets = elementSets();
  const cases = expected();

  it('is there in full', () => {
    assert.equal(sets.length, 33);
    assert.deepEqual(
      cases.map(({ catalogue }) => catalogue),
      sets.map(({ catalogue }) => catalogue),
    );
    assert.equal(
      cases.reduce((sum, { rows }) => sum + rows.length, 0),
      667,
    );
  });

  for (const [index, { lines, catalogue }] of sets.entries()) {
    it(`case ${index + 1}, satellite ${catalogue}`, () => {
      if (WRONG_CHECKSUMS.includes(catalogue)) assert.throws(() => parseTle(lines), { code: 'orbit/tle-checksum' });
      else assert.doesNotThrow(() => parseTle(lines));
      const set = lines.split('\n').map(mended).join('\n');
      if (catalogue === IMPOSSIBLE) {
        assert.throws(() => parseTle(set), /mean motion is 0\.00001/);
        return;
      }
      const elements = parseTle(set);
      for (const { minutes, position, velocity } of cases[index]!.rows) {
        const at = elements.epochMs + minutes * 60_000;
        const { position: r, velocity: v } = inertialState(elements, at);
        const gapM = 1000 * Math.hypot(r.x - position[0], r.y - position[1], r.z - position[2]);
        const gapMmS = 1e6 * Math.hypot(v.x - velocity[0], v.y - velocity[1], v.z - velocity[2]);
        // The file prints 1e-8 km; a time stamp in ms since 1970 resolves 0.2 microseconds, 2 mm of the way.
        assert.ok(gapM < 0.01, `${catalogue} at ${minutes} min: ${gapM} m`);
        assert.ok(gapMmS < 0.01, `${catalogue} at ${minutes} min: ${gapMmS} mm/s`);
      }
    });
  }
});
