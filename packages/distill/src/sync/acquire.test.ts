import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@skykey/photons';
import { acquire } from './acquire.ts';
import { answerClaim, claimTags } from './disclosure.ts';
import { flyby, SETTINGS } from './test/flyby.ts';
import { rehearse, UNCERTAINTY } from './test/rehearsal.ts';

/** Wrong by 1.7 us and 8e-8 at the start of the pass, near what an acquisition has to find. */
const wrong = { clockOffsetPs: 1.6e6, clockDriftPsPerS: 7.5e4, clockJitterPs: 50, aheadS: 0.01 };

describe('acquisition', () => {
  for (const [pulseRateHz, lossDb, name] of [
    [1e8, 45, '100 MHz'],
    [1e9, 45, '1 GHz, where jitter puts every seventh tag into another slot'],
    [1e6, 25, '1 MHz, where jitter is 1/3000 of a slot'],
  ] as const) {
    it(`finds ${lossDb} dB from 100 ms at ${name}`, () => {
      for (let seed = 1; seed <= (pulseRateHz === 1e8 ? 12 : 5); seed++) {
        const closestS = [20, 60, 200][seed % 3]!;
        const pass = rehearse({ pulseRateHz, lossDb, durationS: 0.1, closestS, seed, ...wrong }, 0.1);
        const { acquisition, emissionPs, truePs, claimed } = pass;
        assert.equal(acquisition.kind, 'found', `seed ${seed}`);
        if (acquisition.kind !== 'found') return;
        assert.ok(claimed.row.length <= 500 && acquisition.significance >= 7.5);
        const { atPs, mean, covariance } = acquisition.state;
        const [sd, slopeSd] = [Math.sqrt(covariance[0]), Math.sqrt(covariance[3])];
        const off = emissionPs.map((t, i) => Math.abs(t - truePs[i]! - mean[0] - mean[1] * (t - atPs) * 1e-12));
        // Noise far from every slot has no true time.
        const worst = Math.max(...off.filter((one) => !Number.isNaN(one)));
        assert.ok(
          worst < 5 * (sd + 0.05 * slopeSd),
          `line off by ${worst} ps at seed ${seed}, sd ${sd} and ${slopeSd}`,
        );
        assert.ok(worst < pass.periodPs / 2, 'every tag in its own slot');
      }
    });
  }

  it('never takes noise for a pass: 1,000 seeds, and no more small significances than chance', () => {
    // Intensities by their probabilities of a half and two quarters.
    const drawn = [0, 0, 4, 8];
    let tags = 0;
    let above = 0;
    for (let seed = 1; seed <= 1000; seed++) {
      const pass = flyby({ pulseRateHz: 1e8, lossDb: 190, durationS: 0.1, closestS: 30, seed, noiseHz: 340 });
      const [bin] = pass.bins();
      const emissionPs = bin!.readingPs;
      const claimed = claimTags(emissionPs, 10_000, UNCERTAINTY);
      const random = seededRandom(seed, 99);
      const settings = Uint8Array.from({ length: claimed.row.length * (2 * claimed.claim.halfSlots + 1) }, () => {
        const word = random.uint32();
        return drawn[word >>> 30]! + (word & 3);
      });
      const { detector } = bin!.tags;
      const result = acquire({
        emissionPs,
        detector,
        claimed,
        answer: { settings },
        settings: SETTINGS,
        periodPs: 10_000,
        jitterPs: 350,
        uncertainty: UNCERTAINTY,
      });
      tags += emissionPs.length;
      assert.equal(result.kind, 'refused', `seed ${seed}, significance ${result.significance}`);
      if (result.kind === 'refused') assert.match(result.reason, /significance of \d+\.\d\d, 7\.5 is the least/);
      // By the bound in at most one of twenty.
      if (result.significance > Math.sqrt(2 * Math.log(20))) above++;
    }
    assert.ok(tags > 30_000, 'there was something to look at');
    assert.ok(above <= 50 + 3 * Math.sqrt(1000 * 0.05), `${above} of 1000`);
  });

  it('refuses the settings of another pass, and tags of a pass too faint', () => {
    const options = { pulseRateHz: 1e8, durationS: 0.1, closestS: 30, ...wrong };
    const good = rehearse({ ...options, lossDb: 45, seed: 1 }, 0.1);
    const other = flyby({ ...options, lossDb: 45, seed: 2 });
    const result = acquire({
      emissionPs: good.emissionPs.subarray(0, good.window),
      detector: good.detector.subarray(0, good.window),
      claimed: good.claimed,
      answer: answerClaim(good.claimed.claim, other.emissions, { sentUntil: Number.MAX_SAFE_INTEGER }),
      settings: SETTINGS,
      periodPs: 10_000,
      jitterPs: 350,
      uncertainty: UNCERTAINTY,
    });
    assert.equal(result.kind, 'refused');
    assert.equal(rehearse({ ...options, lossDb: 60, seed: 1 }, 0.1).acquisition.kind, 'refused');
  });

  it('finds fainter light in a longer window', () => {
    const options = { pulseRateHz: 1e8, lossDb: 50, closestS: 30, seed: 5, ...wrong };
    assert.equal(rehearse({ ...options, durationS: 0.1 }, 0.1).acquisition.kind, 'refused');
    assert.equal(rehearse({ ...options, durationS: 0.4 }, 0.4).acquisition.kind, 'found');
  });

  it('refuses answers and windows that do not fit', () => {
    const pass = rehearse({ pulseRateHz: 1e8, lossDb: 45, durationS: 0.1, closestS: 30, seed: 1, ...wrong }, 0.1);
    const input = {
      emissionPs: pass.emissionPs.subarray(0, pass.window),
      detector: pass.detector.subarray(0, pass.window),
      claimed: pass.claimed,
      answer: { settings: new Uint8Array(pass.claimed.row.length * (2 * pass.claimed.claim.halfSlots + 1)) },
      settings: SETTINGS,
      periodPs: 10_000,
      jitterPs: 350,
      uncertainty: UNCERTAINTY,
    };
    const refused = (change: object, code: string) => assert.throws(() => acquire({ ...input, ...change }), { code });
    assert.equal(acquire(input).kind, 'refused');
    refused({ answer: { settings: new Uint8Array(7) } }, 'distill/claim');
    refused({ answer: { settings: input.answer.settings.map(() => 12) } }, 'distill/claim');
    refused({ detector: new Uint8Array(3) }, 'distill/sync');
    refused({ detector: input.detector.map(() => 4) }, 'distill/sync');
    refused({ settings: { meanPhotons: [0.8, 0.1], probabilities: [0.5, 0.4] } }, 'distill/sync');
    refused({ settings: { meanPhotons: [0, 0], probabilities: [0.5, 0.5] } }, 'distill/sync');
    const none = { claim: { centreSlot: new Float64Array(0), halfSlots: 202 }, row: new Uint32Array(0) };
    const nothing = acquire({ ...input, claimed: none, answer: { settings: new Uint8Array(0) } });
    assert.equal(nothing.kind === 'refused' && nothing.reason, '0 tags were claimed; at least two make a line');
  });
});
