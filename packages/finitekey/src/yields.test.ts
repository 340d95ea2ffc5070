import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lim2014 } from './lim2014.ts';
import { expectedPass, gain, uniform } from './test/link.ts';
import { bestTaggedAttack, poisson, timeTags } from './test/tagged-attack.ts';
import { timeTradeOff } from './timing.ts';
import { indistinguishable, poissonTradeOff, traceTradeOff } from './trade-off.ts';
import { poissonLight, singleErrorsBound, singlesBound, vacuumBound } from './yields.ts';

const probabilities = [0.5, 0.25, 0.25] as const;
const exact = (values: readonly number[]) => {
  const gains = [values[0]!, values[1]!, values[2]!] as const;
  return { low: gains, high: gains };
};

describe('decoy programme', () => {
  it('holds and is close for an honest link of any loss, weakest class dark or not', () => {
    for (const meanPhotons of [
      [0.8, 0.1, 0],
      [0.5, 0.15, 2e-4],
    ] as const) {
      for (const eta of [1e-5, 2.4e-4, 1e-2, 0.3]) {
        const noise = 1e-3 * eta;
        const light = poissonLight(meanPhotons, probabilities, 0);
        const gains = exact(meanPhotons.map((mu) => gain(mu, eta, noise)));
        const share = (n: 0 | 1): number =>
          meanPhotons.reduce<number>((sum, mu, k) => sum + probabilities[k]! * Math.exp(-mu) * (n === 1 ? mu : 1), 0);
        const singles = share(1) * (1 - (1 - noise) * (1 - eta));
        const vacuum = share(0) * noise;
        assert.ok(singlesBound(light, gains) <= singles * (1 + 1e-9));
        assert.ok(singlesBound(light, gains) > 0.9 * singles);
        assert.ok(vacuumBound(light, gains) <= vacuum * (1 + 1e-7));
        assert.ok(vacuumBound(light, gains) > 0.9 * vacuum);
        // Errors: half of the noise, 1 % of the light.
        const errors = meanPhotons.map((mu) => noise / 2 + 0.01 * (1 - Math.exp(-mu * eta)));
        const wrong = share(1) * (noise / 2 + 0.01 * eta);
        assert.ok(singleErrorsBound(light, exact(errors)) >= wrong * (1 - 1e-9));
        assert.ok(singleErrorsBound(light, exact(errors)) < 1.3 * wrong);
      }
    }
  });

  it('is not below the closed forms of Lim et al. 2014 where nothing is uncertain but the counts', () => {
    for (const eta of [3e-5, 2.4e-4, 2e-3]) {
      const { counts, pulses, ...rest } = expectedPass({ eta });
      const plain = lim2014({ counts, ...rest });
      const beta = Math.log(21 / rest.epsSec);
      const ends = (events: readonly number[]) => {
        const spread = events.map((n, k) => {
          const sent = pulses.key * probabilities[k]!;
          return [
            Math.max(0, n - beta / 2 - Math.sqrt(2 * beta * n + (beta * beta) / 4)) / sent,
            (n + beta + Math.sqrt(2 * beta * n + beta * beta)) / sent,
          ] as const;
        });
        return {
          low: [spread[0]![0], spread[1]![0], spread[2]![0]] as const,
          high: [spread[0]![1], spread[1]![1], spread[2]![1]] as const,
        };
      };
      const light = poissonLight(counts.meanPhotons, counts.probabilities, 0);
      assert.ok(pulses.key * singlesBound(light, ends(counts.keyDetections)) >= plain.keySingles * (1 - 1e-9));
      assert.ok(pulses.key * vacuumBound(light, ends(counts.keyDetections)) >= plain.keyVacuum * (1 - 1e-9));
      const errors = pulses.test * singleErrorsBound(light, ends(counts.testErrors));
      assert.ok(errors <= plain.testSingleErrors * (1 + 1e-9));
    }
  });

  it('meets the best attack on diodes that fire apart: never above it, and within 1 % up to 10 ps', () => {
    const meanPhotons = [0.8, 0.1, 0] as const;
    const pulse = { pulseWidthPs: 85, model: 'incoherent' } as const;
    const random = uniform(41);
    for (let run = 0; run < 40; run++) {
      const distancePs = 10 ** (-2 + 4.5 * random());
      const eta = 10 ** (-4.5 + 2 * random());
      const noise = 3e-3 * eta;
      const gains = [gain(0.8, eta, noise), gain(0.1, eta, noise), gain(0, eta, noise)] as const;
      const tags = timeTags(
        [
          [0, 0],
          [distancePs, distancePs],
        ],
        pulse.pulseWidthPs,
      );
      const attack = bestTaggedAttack({ meanPhotons, probabilities, gains, tags });
      const light = poissonLight(meanPhotons, probabilities, 0, (n) =>
        n === 0 ? indistinguishable : timeTradeOff(distancePs, n, pulse),
      );
      const bound = singlesBound(light, exact(meanPhotons.map((mu) => gain(mu, eta, noise))));
      assert.ok(
        bound <= attack.singles + 1e-9 * attack.detections,
        `${distancePs} ps: ${bound} above ${attack.singles}`,
      );
      if (distancePs < 10) assert.ok(bound > 0.99 * attack.singles, `${distancePs} ps: ${bound} of ${attack.singles}`);
    }
  });

  it('meets the best attack on a pattern effect that the next pulse shows: never above it, and within 20 %', () => {
    const meanPhotons = [0.8, 0.1, 0] as const;
    const eta = 2.4e-4;
    const noise = 8e-7;
    const gains = [gain(0.8, eta, noise), gain(0.1, eta, noise), gain(0, eta, noise)] as const;
    for (const deviation of [1e-4, 1e-3, 0.01]) {
      // After a signal the next pulse, a signal, is brighter; after all else fainter.
      const next = [1 + deviation, 1 - deviation, 1 - deviation].map((factor) => 0.8 * factor);
      const tags = Array.from({ length: 16 }, (_, m) =>
        next.map((mu): [number, number] => [poisson(mu, m), poisson(mu, m)]),
      );
      const attack = bestTaggedAttack({ meanPhotons, probabilities, gains, tags: () => tags });
      const light = poissonLight(meanPhotons, probabilities, 0, () => poissonTradeOff(0.8, deviation));
      const bound = singlesBound(light, exact(gains));
      assert.ok(bound <= attack.singles + 1e-9 * attack.detections, `${deviation}: ${bound} above ${attack.singles}`);
      assert.ok(bound > 0.8 * attack.singles, `${deviation}: ${bound} of ${attack.singles}`);
    }
  });

  it('covers light anywhere in the interval of intensities', () => {
    const meanPhotons = [0.8, 0.1, 0.001] as const;
    const random = uniform(7);
    for (const tolerance of [0.003, 0.05]) {
      const light = poissonLight(meanPhotons, probabilities, tolerance);
      for (let run = 0; run < 60; run++) {
        const eta = 10 ** (-4 + 2 * random());
        const noise = 2e-3 * eta;
        const factor = () => 1 + tolerance * (2 * Math.round(random()) - 1) * (random() < 0.5 ? 1 : random());
        const true_ = meanPhotons.map((mu) => mu * factor());
        const gains = exact(true_.map((mu) => gain(mu, eta, noise)));
        const errors = exact(true_.map((mu) => noise / 2 + 0.02 * (1 - Math.exp(-mu * eta))));
        const single = true_.reduce((sum, mu, k) => sum + probabilities[k]! * mu * Math.exp(-mu), 0);
        const empty = true_.reduce((sum, mu, k) => sum + probabilities[k]! * Math.exp(-mu), 0);
        assert.ok(singlesBound(light, gains) <= single * (1 - (1 - noise) * (1 - eta)));
        assert.ok(vacuumBound(light, gains) <= empty * noise * (1 + 1e-7));
        assert.ok(singleErrorsBound(light, errors) >= single * (noise / 2 + 0.02 * eta) * (1 - 1e-9));
      }
    }
    // The nominal bound would have been broken: the test can fail.
    const bright = [0.8, 0.105, 0.001].map((mu) => gain(mu, 1e-3, 2e-6));
    const truth = 0.5 * 0.8 * Math.exp(-0.8) + 0.25 * 0.105 * Math.exp(-0.105) + 0.25 * 0.001 * Math.exp(-0.001);
    assert.ok(singlesBound(poissonLight(meanPhotons, probabilities, 0), exact(bright)) > truth * (1e-3 + 2e-6));
  });

  it('falls as classes come apart, down to nothing', () => {
    const meanPhotons = [0.8, 0.1, 0] as const;
    const gains = exact(meanPhotons.map((mu) => gain(mu, 2.4e-4, 8e-7)));
    let previous = Number.POSITIVE_INFINITY;
    for (const distance of [0, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4]) {
      const bound = singlesBound(
        poissonLight(meanPhotons, probabilities, 0, () => traceTradeOff(distance)),
        gains,
      );
      assert.ok(bound < previous);
      previous = bound;
    }
    assert.equal(previous, 0);
  });
});
