import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lasting, speech } from './reserve.ts';

const read = ({ value, unit }: { value: string; unit: string }) => `${value} ${unit}`;

test('minutes of speech never look more than they are', () => {
  assert.deepEqual(
    [0, -1, Number.NaN, 0.04, 0.19, 2.39, 9.99, 10, 59.9, 1263.9, 9999.9, 10_000, 1_000_000].map((m) =>
      read(speech(m)),
    ),
    [
      ...['0 min', '0 min', '0 min', '0.0 min', '0.1 min', '2.3 min', '9.9 min', '10 min', '59 min', '1,263 min'],
      ...['9,999 min', '6 days', '694 days'],
    ],
  );
});

test('hours are minutes when short and days when long', () => {
  assert.deepEqual(
    [0, -3, 0.5, 0.99, 1, 23.9, 24.1, 99.9, 100, 240].map((h) => read(lasting(h))),
    ['0 h', '0 h', '30 min', '59 min', '1 h', '23 h', '24 h', '99 h', '4 days', '10 days'],
  );
});
