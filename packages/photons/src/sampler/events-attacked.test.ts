import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Adversary } from '../adversary/adversary.ts';
import { Statistics } from '../light/branches.ts';
import { stateAngleRad } from '../link.ts';
import { againstExpected } from '../test/chi-square.ts';
import { input, total } from '../test/event-passes.ts';
import { binomialZ } from '../test/tally.ts';
import { Cause, events } from './events.ts';
import { CERTAIN_GUESS, type EventBin } from './sampler.ts';

/** Somebody who sends the same to everybody. */
function sends(statistics: number, amount: number, guess: number, photons?: number): Adversary {
  return {
    name: 'sends',
    visibility: 'D1',
    act: (pulse, _conditions, out) =>
      out.add(
        pulse.kind,
        pulse.probability,
        { statistics, amount, angleRad: stateAngleRad[0] },
        { guess, attacked: true, ...(photons !== undefined && { photons }) },
      ),
  };
}

describe('event sampler, attacked', () => {
  it('counts the photons of a Fock state one by one', () => {
    for (const n of [1, 2, 5]) {
      const adversary = sends(Statistics.fock, n, 0.9, 3);
      const pulses = 200_000;
      const pass = input(1, pulses, { noisePerGate: 0, adversary, receiver: { jitterPs: 10, basisXProbability: 1 } });
      const [bin] = [...events(pass)] as [EventBin];
      // Dead times of zero: every count is a click. X0 with probability 0.98.
      const counts = new Map<number, number>();
      for (const slot of bin.slot) counts.set(slot, (counts.get(slot) ?? 0) + 1);
      const cells = new Float64Array(n + 1);
      cells[0] = pulses - counts.size;
      for (const count of counts.values()) cells[count]!++;
      let p = 0.5 ** n;
      const expected = cells.map((_, k) => {
        const share = pulses * p;
        p *= (n - k) / (k + 1);
        return share;
      });
      assert.ok(Math.abs(againstExpected(cells, expected)) < 4, `${n} photons`);
      const wrong = bin.tags.detector.reduce((sum, d) => sum + (d === 1 ? 1 : 0), 0);
      assert.ok(Math.abs(binomialZ(wrong, bin.slot.length, 0.02)) < 4);
      assert.ok(bin.truth.photons.every((photons) => photons === 3));
      assert.ok(bin.truth.attacked.every((attacked) => attacked === 1));
      assert.ok(bin.truth.cause.every((cause) => cause === Cause.adversary));
      assert.ok(bin.truth.guess.every((guess) => guess === Math.round(0.9 * CERTAIN_GUESS)));
    }
  });

  it('makes detectors in linear mode click by their share of the power', () => {
    const detectors = Array.from({ length: 4 }, () => ({ linearMode: { neverJ: 1, alwaysJ: 2 } }));
    // Of 3.2 J X0 gets 1.568, the ports of Z 0.8, X1 0.032; then more for all.
    for (const [energyJ, chances] of [
      [3.2, [0.568, 0, 0, 0]],
      [5, [1, 0, 0.25, 0.25]],
    ] as const) {
      const pulses = 100_000;
      const pass = input(1, pulses, {
        noisePerGate: 0,
        adversary: sends(Statistics.bright, energyJ, 1),
        receiver: { flaws: { detectors }, basisXProbability: 0.5, jitterPs: 10 },
      });
      const [bin] = [...events(pass)] as [EventBin];
      const patterns = new Map<number, number>();
      for (const [i, slot] of bin.slot.entries()) {
        patterns.set(slot, (patterns.get(slot) ?? 0) | (1 << bin.tags.detector[i]!));
      }
      const cells = new Float64Array(16);
      cells[0] = pulses - patterns.size;
      for (const pattern of patterns.values()) cells[pattern]!++;
      const expected = cells.map((_, pattern) =>
        chances.reduce<number>((p, chance, d) => p * ((pattern >> d) & 1 ? chance : 1 - chance), pulses),
      );
      assert.ok(Math.abs(againstExpected(cells, expected)) < 4, `${energyJ} J`);
      assert.ok(bin.truth.guess.every((guess) => guess === CERTAIN_GUESS));
    }
  });

  it('is silent where detectors are blinded, noise and after-pulses too', () => {
    const blinds: Adversary = {
      name: 'blinds',
      visibility: 'D2',
      receiverFront: (conditions) => {
        conditions.blindedShare = 0.75;
      },
    };
    const pulses = 2_000_000;
    const open = input(1, pulses, { channel: 0.02, noisePerGate: 2e-4 });
    const seen = total(events({ ...open, disturbances: [blinds] }));
    const all = total(events(open));
    assert.ok(Math.abs(binomialZ(seen, all, 0.25)) < 5);
  });

  it('knows of noise what a side channel tells, and by back-flash what light it catches', () => {
    const listens: Adversary = {
      name: 'listens',
      visibility: 'D3',
      source: (conditions) => {
        conditions.sideChannelGuess = 0.6;
      },
      detector: (conditions) => {
        conditions.backFlashCaught = true;
      },
    };
    const detectors = [0.1, 0, 0, 0].map((backFlash) => ({ backFlash }));
    const pass = input(1, 1_000_000, { noisePerGate: 1e-3, receiver: { flaws: { detectors } } });
    const [bin] = [...events({ ...pass, disturbances: [listens] })] as [EventBin];
    const flashes = [0, 0];
    for (const [i, guess] of bin.truth.guess.entries()) {
      // The detector of a noise count says nothing of what Alice sent.
      if (bin.tags.detector[i] !== 0 || bin.truth.cause[i] === Cause.noise) {
        assert.equal(guess, Math.round(0.6 * CERTAIN_GUESS));
      } else flashes[guess === CERTAIN_GUESS ? 1 : 0]!++;
    }
    assert.ok(Math.abs(binomialZ(flashes[1]!, flashes[0]! + flashes[1]!, 0.1)) < 4);
  });

  it("knows Alice's bit whatever clicked, and which detector was the likelier of its own light alone", () => {
    const knows: Adversary = {
      name: 'knows',
      visibility: 'D1',
      act(pulse, _, out) {
        const light = { statistics: Statistics.fock, amount: 1, angleRad: pulse.angleRad };
        const ledger = { guess: pulse.bit === 0 ? 0.8 : 0.5, clickGuess: 0.9, attacked: true };
        out.add(pulse.kind, pulse.probability / 50, light, ledger);
        out.add(pulse.kind, pulse.probability * (1 - 1 / 50), { ...light, amount: 0 }, ledger);
      },
    };
    const afterPulse = { probability: 0.2, timeConstantNs: 40 };
    // A slot is 10 ns: jitter of 3 ns puts light into wrong ones.
    const receiver = { flaws: { afterPulse }, deadTimeNs: 20, jitterPs: 3000 };
    const pass = input(2, 500_000, { noisePerGate: 1e-3, adversary: knows, receiver });
    const seen = { own: 0, spilled: 0, noise: 0, afterPulse: 0 };
    for (const { slot, state, tags, truth } of events(pass)) {
      for (const [i, guess] of truth.guess.entries()) {
        const byBit = (state[i]! & 1) === 0 ? Math.round(0.8 * CERTAIN_GUESS) : 32767;
        if (truth.cause[i] === Cause.adversary) {
          if (guess === Math.round(0.9 * CERTAIN_GUESS)) {
            seen.own++;
            assert.ok(Math.abs(tags.timePs[i]! - slot[i]! * 1e4) <= 5000);
            continue;
          }
          seen.spilled++;
        } else if (truth.cause[i] === Cause.noise) seen.noise++;
        else seen.afterPulse++;
        assert.equal(guess, byBit);
      }
    }
    assert.ok(
      Object.values(seen).every((rows) => rows > 500),
      JSON.stringify(seen),
    );
    // Beyond 5 ns of the centre: 9.6 % of a Gaussian of 3 ns.
    const light = seen.own + seen.spilled;
    assert.ok(Math.abs(binomialZ(seen.spilled, light, 0.0956)) < 5, `${seen.spilled} of ${light}`);
  });
});
