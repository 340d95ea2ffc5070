import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { plot } from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { dayAxis } from './time-axis.ts';

/** The figures below an axis, with where they stand. */
function figures(from: string, to: string): { readonly text: string; readonly x: number }[] {
  const [startMs, endMs] = [Date.parse(from), Date.parse(to)];
  const figure = plot({
    document: parseHTML('<html><body></body></html>').document as unknown as Document,
    width: 612,
    marginLeft: 70,
    marginRight: 34,
    x: { type: 'utc', domain: [new Date(startMs), new Date(endMs)], axis: null },
    marks: dayAxis(startMs, endMs, true),
  });
  return [...figure.querySelectorAll('text')].map((text) => ({
    text: text.textContent ?? '',
    x: Number(/translate\(([-\d.]+)/.exec(text.getAttribute('transform') ?? '')?.[1]),
  }));
}

/** Pixels of a letter of 12: DejaVu Sans has digits of 0.64. */
const LETTER_PX = 12 * 0.64;

describe('dates below a plan', () => {
  const spans = [
    ['2016-12-17', '2016-12-19'],
    ['2016-12-30', '2017-01-02'],
    ['2016-12-17', '2017-01-16'],
    ['2026-11-30', '2027-03-11'],
    ['2028-01-31', '2028-04-01'],
    ['2026-11-30', '2027-12-01'],
    ['2026-11-30', '2036-12-08'],
  ] as const;
  for (const [from, to] of spans) {
    it(`from ${from} to ${to} do not run into each other, and name the year where there are two`, () => {
      const found = figures(from, to);
      assert.ok(found.length >= 2, `${found.length} figures`);
      for (const [i, { text, x }] of found.entries()) {
        assert.match(text, from.slice(0, 4) === to.slice(0, 4) ? /\d{2}$/ : /^\d{4}/);
        const next = found[i + 1];
        if (next) assert.ok(x + ((text.length + next.text.length) / 2) * LETTER_PX < next.x, `${text} ${next.text}`);
      }
    });
  }
});
