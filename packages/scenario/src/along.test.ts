import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { budgetAlong } from './along.ts';
import { PUBLISHED, USEFUL } from './test/micius.ts';
import { linkTrace } from './trace.ts';

describe('budgetAlong', () => {
  const { link, window } = PUBLISHED;
  const rows = budgetAlong(link, { ...window!, stepS: 10 });

  it('has a row every step and one at the end', () => {
    const { startMs, endMs } = window!;
    assert.equal(rows.length, Math.floor((endMs - startMs) / 10_000) + 2);
    assert.equal(rows[0]!.utcMs, startMs);
    assert.equal(rows[5]!.utcMs, startMs + 50_000);
    assert.equal(rows.at(-1)!.utcMs, endMs);
    assert.equal(budgetAlong(link, { startMs, endMs: startMs + 20_000, stepS: 10 }).length, 3);
    assert.equal(budgetAlong(link, { startMs, endMs: startMs, stepS: 10 }).length, 1);
  });

  it('shows the model beside the measured curve, term by term', () => {
    for (const { model, measured, background, noisePerGate, rangeKm, elevationDeg } of rows) {
      assert.equal(measured!.totalDb, link.channel.loss({ rangeKm, elevationDeg }).totalDb);
      for (const { terms, totalDb } of [model!, measured!]) {
        assert.ok(Math.abs(terms.reduce((sum, { lossDb }) => sum + lossDb, 0) - totalDb) < 1e-9);
      }
      assert.ok(Math.abs(model!.totalDb - measured!.totalDb) < 3, `${rangeKm} km`);
      const sum = background.terms.reduce((total, { radiance }) => total + radiance, 0);
      assert.ok(Math.abs(sum / background.radiance - 1) < 1e-12);
      assert.ok(Math.abs(noisePerGate / ((background.rateHz / 4 + 25) * 2e-9) - 1) < 1e-12);
    }
  });

  it('has the geometry that a telescope needs', () => {
    const nearest = rows.reduce((best, row) => (row.rangeKm < best.rangeKm ? row : best));
    assert.ok(Math.abs(nearest.elevationDeg - 47.8) < 0.2);
    // 7.6 km/s of the satellite and 0.35 km/s of the station, mostly across one another, all across the line of sight.
    assert.ok(Math.abs(nearest.slewRadS - 7.65 / 645) < 1e-4, `${nearest.slewRadS}`);
    // Twice that speed over the speed of light.
    // The flight time of the anchor pass: 2.153 ms, bent by 2.85e-7 s/s^2; the row may be 5 s from closest approach.
    assert.ok(Math.abs(nearest.lightTime.delayS - 2.153e-3) < 5e-6);
    assert.ok(Math.abs(nearest.lightTime.ratePerS - 2.85e-7) < 2e-9);
    assert.ok(Math.abs(nearest.pointAheadRad / ((2 * nearest.slewRadS * nearest.rangeKm) / 299_792) - 1) < 0.06);
  });

  it('says nothing was measured where nothing was, and flies the model there', () => {
    const moscow = USEFUL.find((pass) => pass.link.measured === null)!;
    const [row] = budgetAlong(moscow.link, { ...moscow.window!, stepS: 1e6 });
    assert.equal(row!.measured, null);
    assert.ok(row!.fading?.scintillation);
    const { channelTransmittance } = linkTrace(moscow);
    assert.ok(Math.abs(row!.model!.transmittance / channelTransmittance[0]! - 1) < 1e-3);
  });

  it('leaves out what a channel does not cover', () => {
    const [row] = budgetAlong(link, { startMs: PUBLISHED.pass.aosMs, endMs: PUBLISHED.pass.aosMs, stepS: 1 });
    assert.equal(row!.measured, null);
    assert.ok(row!.model!.totalDb > rows[0]!.model!.totalDb);
  });

  it('refuses an interval that is none', () => {
    const { startMs, endMs } = window!;
    for (const [from, to, stepS] of [
      [endMs, startMs, 1],
      [startMs, endMs, 0],
      [startMs, endMs, Number.NaN],
      [startMs, endMs, 1e-9],
    ] as const) {
      assert.throws(() => budgetAlong(link, { startMs: from, endMs: to, stepS }), { code: 'scenario/interval' });
    }
  });
});
