import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lineOf, withLine } from './line.ts';

const TEXT = `{
  "id": "night",
  "stations": [
    { "id": "one", "altitudeM": { "value": 3 } },
    {
      "id": "two",
      "air": {
        "kind": "modtran"
      }
    }
  ]
}`;

describe('the line of a field', () => {
  it('is where the field stands, entries by id or by number', () => {
    for (const [field, line] of [
      ['id', 2],
      ['stations', 3],
      ['stations.one.altitudeM', 4],
      ['stations.two.air.kind', 8],
      ['stations[1].air', 7],
    ] as const) {
      assert.equal(lineOf(TEXT, field), line, field);
    }
  });

  it('of a field that is missing is that of what it should stand in', () => {
    assert.equal(lineOf(TEXT, 'stations.two.latitudeDeg'), 5);
    assert.equal(lineOf(TEXT, 'stations.three'), 3);
  });

  it('is none where nothing of it is there', () => {
    for (const field of ['satellites.micius', '', 'the']) assert.equal(lineOf(TEXT, field), null);
  });

  it('goes into messages that begin with file and field, and into no other', () => {
    const placed = (message: string) => (withLine(new RangeError(message), TEXT, 'x.json') as Error).message;
    assert.equal(placed('x.json: stations.one.altitudeM is 3'), 'x.json: line 4: stations.one.altitudeM is 3');
    assert.equal(placed('x.json: the links'), 'x.json: the links');
    assert.equal(placed('y.json: stations.one is odd'), 'y.json: stations.one is odd');
    const one = withLine(
      new RangeError('x.json: id is odd'),
      `${JSON.stringify(JSON.parse(TEXT))}\n`,
      'x.json',
    ) as Error;
    assert.equal(one.message, 'x.json: id is odd');
    assert.equal(withLine('no error', TEXT, 'x.json'), 'no error');
    assert.ok(withLine(new RangeError('x.json: id is odd'), TEXT, 'x.json') instanceof RangeError);
  });
});
