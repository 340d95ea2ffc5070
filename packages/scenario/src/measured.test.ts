import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MICIUS, read } from './test/micius.ts';

describe('a measured curve that is extended by the inverse square', () => {
  const { channel } = MICIUS.links[0]!;
  const at = (rangeKm: number): number => channel.loss({ rangeKm, elevationDeg: 60 }).totalDb;

  it('goes on from the first range of the curve without a step', () => {
    assert.equal(at(645), 29.754);
    assert.ok(Math.abs(at(645 - 1e-9) - at(645)) < 1e-9);
  });

  it('gains 20 log10 of the ratio of ranges and says so as a term of its own', () => {
    assert.ok(Math.abs(at(645) - at(322.5) - 20 * Math.log10(2)) < 1e-12);
    const { terms, totalDb, transmittance } = channel.loss({ rangeKm: 500, elevationDeg: 80 });
    assert.deepEqual(
      terms.map(({ name }) => name),
      ['measured channel', 'nearer than the curve'],
    );
    assert.match(terms[1]!.source, /inverse square/);
    assert.ok(Math.abs(terms[0]!.lossDb + terms[1]!.lossDb - totalDb) < 1e-12);
    assert.ok(Math.abs(10 * Math.log10(transmittance) + totalDb) < 1e-12);
  });

  it('grows less lossy all the way in', () => {
    for (let rangeKm = 644; rangeKm > 100; rangeKm--) assert.ok(at(rangeKm) < at(rangeKm + 1));
  });

  it('leaves the far end where the measurement ended', () => {
    assert.equal(channel.covers({ rangeKm: 500, elevationDeg: 60 }), true);
    assert.equal(channel.covers({ rangeKm: 1200.1, elevationDeg: 60 }), false);
    assert.throws(() => at(1200.1), { code: 'optics/range' });
  });

  it('is not done when the scenario says refuse', () => {
    const [link] = read((scenario) => {
      scenario.stations[0].measured.nearer.value = 'refuse';
    }).links;
    assert.equal(link!.channel.covers({ rangeKm: 644.9, elevationDeg: 60 }), false);
    assert.throws(() => link!.channel.loss({ rangeKm: 644.9, elevationDeg: 60 }), { code: 'optics/range' });
  });
});
