import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { look } from '@skykey/orbit';
import { seededRandom } from '@skykey/photons';
import fc from 'fast-check';
import { backgroundAt } from './background.ts';
import { compensatedFrames, EPHEMERIS_COMPENSATION } from './frames.ts';
import type { ScenarioPass } from './passes.ts';
import { BIN_S } from './terminal.ts';
import { ALL, PUBLISHED, TARGET, USEFUL } from './test/micius.ts';
import { linkTrace } from './trace.ts';

const BIN_MS = BIN_S * 1000;
const uniformOf = (seed: number): (() => number) => {
  const random = seededRandom(seed, 0);
  return () => random.uniform();
};
const lengthS = ({ window }: ScenarioPass): number => (window!.endMs - window!.startMs) / 1000;

describe('linkTrace', () => {
  const moscow = USEFUL.find(({ passId }) => passId === 'micius-moscow-20161219t213220z')!;

  it('has a bin for each tenth of a second and values that the photon engine accepts', () => {
    for (const pass of [PUBLISHED, moscow]) {
      const trace = linkTrace(pass);
      assert.equal(trace.binS, BIN_S);
      assert.equal(trace.channelTransmittance.length, Math.round(lengthS(pass) / BIN_S));
      assert.equal(trace.noisePerGate.length, trace.channelTransmittance.length);
      assert.equal(trace.receiverTransmittance, 0.5);
      assert.ok(trace.channelTransmittance.every((value) => value > 0 && value < 1));
      assert.ok(trace.noisePerGate.every((value) => value > 0 && value < 1e-4));
    }
  });

  it('is the loss of the channel where the satellite stands in the middle of each bin', () => {
    const { channelTransmittance } = linkTrace(PUBLISHED);
    const { link, window } = PUBLISHED;
    fc.assert(
      fc.property(fc.nat(channelTransmittance.length - 1), (bin) => {
        const at = look(TARGET, link.station.station, window!.startMs + (bin + 0.5) * BIN_MS);
        assert.equal(channelTransmittance[bin], link.channel.loss(at).transmittance);
      }),
      { seed: 4, numRuns: 50 },
    );
  });

  it('rises to the closest approach and falls from there, in a model of clear air', () => {
    const { channelTransmittance } = linkTrace(moscow);
    const closest = (moscow.pass.tcaMs - moscow.window!.startMs) / BIN_MS;
    for (let bin = 1; bin < channelTransmittance.length; bin++) {
      const rises = channelTransmittance[bin]! > channelTransmittance[bin - 1]!;
      // Elevation peaks some seconds beside the closest approach: between the two either may win.
      if (Math.abs(bin - closest) > 3 / BIN_S) assert.equal(rises, bin < closest, `bin ${bin}`);
    }
  });

  it('rises strictly while the satellite is nearer than the measured curve, up to the closest approach', () => {
    const near = USEFUL.find(({ passId }) => passId === 'micius-beijing-20161220t163048z')!;
    const { channelTransmittance } = linkTrace(near);
    const rangeOf = (bin: number): number =>
      look(TARGET, near.link.station.station, near.window!.startMs + (bin + 0.5) * BIN_MS).rangeKm;
    let compared = 0;
    for (let bin = 1; bin < channelTransmittance.length; bin++) {
      const [before, now] = [rangeOf(bin - 1), rangeOf(bin)];
      if (before >= 645 || now >= 645) continue;
      assert.equal(channelTransmittance[bin]! > channelTransmittance[bin - 1]!, now < before);
      compared++;
    }
    assert.ok(compared > 500);
  });

  it('has the noise of background and dark counts, drawn straight over five seconds of sky', () => {
    const { noisePerGate } = linkTrace(PUBLISHED);
    const { link, window } = PUBLISHED;
    let farthest = 0;
    for (let bin = 0; bin < noisePerGate.length; bin += 37) {
      const { rateHz } = backgroundAt(link, window!.startMs + (bin + 0.5) * BIN_MS);
      // A detector sees a quarter of the background and its own dark counts, through a gate of 2 ns.
      farthest = Math.max(farthest, Math.abs(noisePerGate[bin]! / ((rateHz / 4 + 25) * 2e-9) - 1));
    }
    assert.ok(farthest < 2e-3, `${farthest}`);
  });

  it('may be had in longer bins, of the same light in all', () => {
    const fine = linkTrace(moscow);
    for (const binS of [1, 7, 1000]) {
      const coarse = linkTrace(moscow, { binS });
      const bins = coarse.channelTransmittance.length;
      assert.equal(bins, Math.max(1, Math.round(lengthS(moscow) / binS)));
      assert.ok(Math.abs(coarse.binS * bins - lengthS(moscow)) < 1e-6);
      assert.ok(Number.isInteger(Math.round(coarse.binS * 1e8)));
      if (binS > 7) continue;
      const light = (trace: typeof fine): number =>
        trace.channelTransmittance.reduce((sum, share) => sum + share, 0) * trace.binS;
      assert.ok(Math.abs(light(coarse) / light(fine) - 1) < 2e-3, `${light(coarse) / light(fine)}`);
    }
  });

  it('may be had of a part of the pass', () => {
    const { startMs, endMs } = moscow.window!;
    const whole = linkTrace(moscow);
    const part = linkTrace(moscow, { window: { startMs: startMs + 10_000, endMs: endMs - 20_000 } });
    assert.deepEqual(part.channelTransmittance, whole.channelTransmittance.slice(100, -200));
  });

  it('fades when it is told to, around the same mean, the same for a seed', () => {
    const calm = linkTrace(moscow);
    const faded = (seed: number) => linkTrace(moscow, { fading: { uniform: uniformOf(seed) } });
    const once = faded(7);
    assert.deepEqual(faded(7), once);
    assert.notDeepEqual(faded(8), once);
    const { channelTransmittance } = calm;
    const gains = once.channelTransmittance.map((share, bin) => share / channelTransmittance[bin]!);
    const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
    const variance = gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0) / (gains.length - 1);
    // With q = 4 (1.2/5)^2 pointing varies by (1 + q)^2 / (1 + 2q) - 1 = 3.6 % of the square; its square forgets itself in
    // 5 ms, and 2 x 5 / 100 of it is left over a bin of 100 ms. Scintillation adds next to nothing.
    assert.ok(variance > 2.5e-3 && variance < 5e-3, `${variance}`);
    assert.ok(Math.abs(mean - 1) < 4 * Math.sqrt(variance / gains.length), `${mean}`);
    assert.deepEqual(once.noisePerGate, calm.noisePerGate);
  });

  it('fades inside the bins when it is told the steps, and leaves the bins their mean', () => {
    const calm = linkTrace(PUBLISHED);
    const means = linkTrace(PUBLISHED, { fading: { uniform: uniformOf(7) } });
    const { fading, ...steady } = linkTrace(PUBLISHED, { fading: { uniform: uniformOf(7), stepS: 1e-3 } });
    assert.deepEqual(steady, calm);
    const { stepsPerBin, gain } = fading!;
    assert.equal(stepsPerBin, 100);
    assert.equal(gain.length, 100 * calm.channelTransmittance.length);
    // The same numbers drawn are the same fading, to the precision of a stored step.
    for (const [bin, share] of calm.channelTransmittance.entries()) {
      const mean = gain.subarray(100 * bin, 100 * bin + 100).reduce((sum, one) => sum + one, 0) / 100;
      assert.ok(Math.abs((share * mean) / means.channelTransmittance[bin]! - 1) < 1e-6);
    }
    // Two axes of a pointing error that forgets itself in 10 ms are all that fades here; their Gaussian integrals, with
    // q as above. A border between bins is a step as any other.
    const q = 4 * (1.2 / 5) ** 2;
    const expected = (steps: number): number => (1 + q) ** 2 / ((1 + q) ** 2 - (q * Math.exp(-steps / 10)) ** 2) - 1;
    for (const steps of [0, 1, 10]) {
      const found = covariance(gain, steps, () => true);
      assert.ok(Math.abs(found / expected(steps) - 1) < 0.05, `${found} after ${steps} steps, not ${expected(steps)}`);
    }
    const across = covariance(gain, 1, (step) => step % 100 === 99);
    assert.ok(Math.abs(across / expected(1) - 1) < 0.15, `${across}`);
  });

  it('takes steps of at most the length asked for, one a bin at least', () => {
    const stepsOf = (stepS: number): number =>
      linkTrace(moscow, { binS: 1, fading: { uniform: uniformOf(1), stepS } }).fading!.stepsPerBin;
    assert.deepEqual([0.3, 0.25, 1, 60].map(stepsOf), [4, 4, 1, 1]);
    for (const stepS of [0, -1, 1e-7, Number.NaN]) {
      assert.throws(() => stepsOf(stepS), {
        code: 'scenario/fading',
        message: `stepS is ${stepS}; it must be 0.000001 s or longer`,
      });
    }
  });

  it('turns the frames when it is told to, and changes nothing else', () => {
    for (const frames of ['none', EPHEMERIS_COMPENSATION] as const) {
      const { frameRad, ...rest } = linkTrace(moscow, { frames });
      assert.deepEqual(rest, linkTrace(moscow));
      const bins = rest.channelTransmittance.length;
      assert.deepEqual(frameRad, compensatedFrames(moscow, moscow.window!, bins, frames));
    }
    assert.ok(!('frameRad' in linkTrace(moscow)) && !('fading' in linkTrace(moscow)));
  });

  it('refuses a pass without a window and says what may be the reason', () => {
    const without = ALL.find(({ window }) => !window)!;
    assert.throws(() => linkTrace(without), {
      code: 'scenario/no-window',
      message: new RegExp(
        `^the pass ${without.passId} has no quantum window: the satellite stays farther than 1200 km, lower than 1[05]°`,
      ),
    });
  });
});

/** Of gains of mean 1 with those so many steps later, over the steps picked. */
function covariance(gain: Float32Array, later: number, picked: (step: number) => boolean): number {
  let sum = 0;
  let count = 0;
  for (let step = 0; step + later < gain.length; step++) {
    if (!picked(step)) continue;
    sum += (gain[step]! - 1) * (gain[step + later]! - 1);
    count++;
  }
  return sum / count;
}
