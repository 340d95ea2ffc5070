import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@skykey/photons';
import fc from 'fast-check';
import { answerClaim, claimTags, spentSlots } from './disclosure.ts';

const emissions = (slot: Float64Array) => ({
  intensity: Uint8Array.from(slot, (s) => s % 3),
  basis: Uint8Array.from(slot, (s) => (s >> 2) & 1),
  bit: Uint8Array.from(slot, (s) => s & 1),
});
const uncertainty = { offsetPs: 2e6, slope: 1e-7 };
const tagsOf = (count: number, seed: number): Float64Array => {
  const random = seededRandom(seed);
  return Float64Array.from({ length: count }, () => 7e12 + Math.floor(random.uniform() * 1e11)).sort();
};

describe('a claim', () => {
  it('covers the uncertainty, asks for no slot twice, and is spread over the whole window', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 4000 }),
        fc.nat(),
        fc.integer({ min: 1, max: 500 }),
        (count, seed, most) => {
          const at = tagsOf(count, seed);
          const { claim, row } = claimTags(at, 10_000, uncertainty, most);
          assert.equal(claim.halfSlots, 202);
          assert.ok(row.length >= 1 && row.length <= most);
          for (let i = 0; i < row.length; i++) {
            assert.equal(claim.centreSlot[i], Math.round(at[row[i]!]! / 10_000));
            if (i > 0) assert.ok(claim.centreSlot[i]! - claim.centreSlot[i - 1]! >= 405);
          }
          if (count > 2000 && most > 50) {
            assert.ok(at[row[row.length - 1]!]! - at[row[0]!]! > 0.9e11, 'the window is covered');
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is answered slot by slot, and spends all from the first to the last', () => {
    const { claim } = claimTags(tagsOf(50, 1), 10_000, uncertainty);
    const { from, until } = spentSlots(claim);
    const { settings } = answerClaim(claim, emissions, { sentUntil: until, settledUntil: from });
    const width = 2 * claim.halfSlots + 1;
    assert.equal(settings.length, claim.centreSlot.length * width);
    for (let i = 0; i < settings.length; i++) {
      const slot = claim.centreSlot[Math.floor(i / width)]! - claim.halfSlots + (i % width);
      assert.equal(settings[i], (slot % 3) * 4 + ((slot >> 2) & 1) * 2 + (slot & 1));
      assert.ok(slot >= from && slot < until);
    }
    assert.deepEqual(spentSlots({ centreSlot: new Float64Array(0), halfSlots: 3 }), { from: 0, until: 0 });
  });

  it('gets nothing that has not gone by, was given before, or is asked for twice (pitfall P2)', () => {
    const claim = { centreSlot: Float64Array.of(1000, 1500), halfSlots: 200 };
    const sent = { sentUntil: 1701 };
    assert.equal(answerClaim(claim, emissions, sent).settings.length, 802);
    const refused = (change: object, limits: object, message: RegExp) => {
      let asked = 0;
      const watched = (slot: Float64Array) => {
        asked += slot.length;
        return emissions(slot);
      };
      const attempt = () => answerClaim({ ...claim, ...change }, watched, { ...sent, ...limits });
      assert.throws(attempt, { code: 'distill/claim', message });
      assert.equal(asked, 0, 'nothing was looked up');
    };
    refused({}, { sentUntil: 1700 }, /reaches to slot 1700/);
    refused({}, { settledUntil: 801 }, /slot 1000 in row 0/);
    refused({ centreSlot: Float64Array.of(1000, 1400) }, {}, /slot 1400 in row 1/);
    refused({ centreSlot: Float64Array.of(1000, Number.NaN) }, {}, /slot NaN/);
    refused({ centreSlot: Float64Array.of(100) }, {}, /slot 100 in row 0/);
    refused({ halfSlots: 0 }, {}, /asks for 0 slots/);
    refused({ halfSlots: 1e6 }, {}, /asks for 1000000 slots/);
    refused({ centreSlot: new Float64Array(501).map((_, i) => 1000 * i + 1000) }, { sentUntil: 1e9 }, /501 tags/);
  });

  it('is not made from tags out of order or an uncertainty beyond all windows', () => {
    assert.throws(() => claimTags(Float64Array.of(2, 1), 10_000, uncertainty), /in order/);
    assert.throws(() => claimTags(Float64Array.of(1, 2), 10_000, { offsetPs: 1e9, slope: 0 }), /at most 8192/);
  });
});
