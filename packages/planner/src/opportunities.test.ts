import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { expectedPass } from '@skykey/photons';
import { linkTrace, scenarioPasses } from '@skykey/scenario';
import { clippedMean } from './key.ts';
import { countsBetween } from './light.ts';
import { clearKey, opportunities } from './opportunities.ts';
import { december, shipped } from './test/scenarios.ts';

const scenario = shipped('intercontinental');
const found = opportunities(scenario, december(2));

describe('opportunities', () => {
  it('are the windows of the passes, in order of time', () => {
    const windows = scenarioPasses(scenario, december(2)).flatMap((pass) => pass.windows);
    assert.ok(found.length >= 4);
    assert.deepEqual(
      found.map(({ startMs, endMs }) => ({ startMs, endMs })),
      windows.filter(({ startMs }) => startMs < december(2).toMs).sort((a, b) => a.startMs - b.startMs),
    );
  });

  it('of neighbouring intervals are those of both together', () => {
    const { fromMs, toMs } = december(2);
    for (const borderMs of [fromMs + 86_400_000, found[1]!.startMs, found[1]!.startMs + 1]) {
      const ids = [
        ...opportunities(scenario, { fromMs, toMs: borderMs }),
        ...opportunities(scenario, { fromMs: borderMs, toMs }),
      ].map(({ id }) => id);
      assert.deepEqual(
        ids,
        found.map(({ id }) => id),
      );
    }
  });

  it('expect the counts that the photon engine expects of the same pass, dead time aside, with steps of 2 s', () => {
    const [pass] = scenarioPasses(scenario, december(2)).filter(({ window }) => window);
    const { source, receiver } = pass!.link;
    assert.ok(source.kind === 'decoy');
    const expected = expectedPass({ trace: linkTrace(pass!), source, receiver });
    const { light, startMs, endMs } = found[0]!;
    const counts = countsBetween(light, startMs, endMs);
    for (const [k, { matched, matchedErrors }] of expected.entries()) {
      const cells = counts.subarray(4 * k, 4 * k + 4);
      const sum = cells.reduce((a, b) => a + b, 0);
      // A dead time of 50 ns takes less than a part in a thousand.
      assert.ok(sum < matched && sum > matched * (1 - 1.2e-3), `${sum} of ${matched}`);
      assert.ok(Math.abs((cells[1]! + cells[3]!) / matchedErrors - 1) < 1.2e-3);
    }
  });

  it('expect the same where the loss was measured, and jumps from one digitised point to the next', () => {
    const measured = shipped('micius-2016-12-19');
    const passes = scenarioPasses(measured, { ...december(5), stationId: 'xinglong' }).filter(({ window }) => window);
    const windows = opportunities(measured, december(5));
    assert.ok(passes.length >= 3);
    for (const pass of passes.slice(0, 3)) {
      const { source, receiver } = pass.link;
      assert.ok(source.kind === 'decoy');
      const [signal] = expectedPass({ trace: linkTrace(pass), source, receiver });
      const { light, startMs, endMs } = windows.find(({ id }) => id === pass.passId)!;
      const sum = countsBetween(light, startMs, endMs)
        .subarray(0, 4)
        .reduce((a, b) => a + b, 0);
      const kept = signal!.matched * (1 - measured.document.live!.monitorProbability.value);
      assert.ok(sum < kept && sum > kept * (1 - 1.2e-3), `${pass.passId}: ${sum} of ${kept}`);
    }
  });

  it('can be cut anywhere: counts of the parts add up', () => {
    const { light, startMs, endMs } = found[1]!;
    const whole = countsBetween(light, startMs, endMs);
    const cutMs = startMs + 0.37 * (endMs - startMs);
    const before = countsBetween(light, startMs, cutMs);
    const after = countsBetween(light, cutMs, endMs);
    for (const [cell, count] of whole.entries()) {
      assert.ok(Math.abs(before[cell]! + after[cell]! - count) <= 1e-9 * count);
    }
    assert.deepEqual([...countsBetween(light, cutMs, cutMs)], [...whole].fill(0));
  });

  it('give less key in two parts than whole', () => {
    for (const opportunity of found) {
      const { startMs, endMs } = opportunity;
      const middleMs = (startMs + endMs) / 2;
      const whole = clearKey(opportunity);
      const parts = clearKey(opportunity, startMs, middleMs).secretBits + clearKey(opportunity, middleMs).secretBits;
      assert.ok(whole.secretBits === 0 || parts < whole.secretBits, `${parts} of ${whole.secretBits}`);
      assert.ok(whole.meanBits >= whole.secretBits);
    }
  });

  it('may be weighed in part by the spread of the whole and the root of the bits: a mean moves by tens of bits', () => {
    for (const opportunity of found) {
      const { startMs, endMs } = opportunity;
      const whole = clearKey(opportunity);
      for (const share of [0.7, 0.4, 0.2, 0.1]) {
        const part = clearKey(opportunity, startMs, startMs + share * (endMs - startMs));
        const law = whole.spreadBits * Math.sqrt(part.siftedBits / whole.siftedBits);
        assert.ok(law > 0.9 * part.spreadBits && law < 2 * part.spreadBits, `${law} for ${part.spreadBits}`);
        assert.ok(Math.abs(clippedMean(part.rawSecretBits, law) - part.meanBits) < 100);
      }
    }
  });
});

describe('long stays', () => {
  it('are cut into blocks of an hour at most, a set-up time apart', () => {
    const geo = shipped('geo');
    const fromMs = Date.parse('2026-03-02T18:00:00Z');
    const pieces = opportunities(geo, { fromMs, toMs: fromMs + 10_800_000, setupS: 60 });
    const perStation = Map.groupBy(pieces, ({ stationIds }) => stationIds[0]!);
    assert.ok(perStation.size > 0);
    for (const list of perStation.values()) {
      for (const [i, { startMs, endMs }] of list.entries()) {
        assert.ok(endMs - startMs <= 3_600_000 && endMs - startMs > 600_000);
        if (i > 0) assert.ok(Math.abs(startMs - list[i - 1]!.endMs - 60_000) <= 1);
      }
      assert.equal(new Set(list.map(({ id }) => id)).size, list.length);
    }
  });
});

describe('entanglement', () => {
  it('takes two stations at once, and a pass alone makes no key', () => {
    const pairs = opportunities(shipped('entanglement-1120'), december(3));
    assert.ok(pairs.length > 0);
    for (const opportunity of pairs) {
      assert.deepEqual(opportunity.stationIds, ['delingha', 'nanshan']);
      const key = clearKey(opportunity);
      assert.ok(key.siftedBits > 20 && key.siftedBits < 5000, `${key.siftedBits}`);
      assert.equal(key.secretBits, 0);
    }
  });
});
