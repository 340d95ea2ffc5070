import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { expectedLink, expectedPass, expectedQberSignal, type PulseSetting } from './expected.ts';
import type { LinkTrace, Receiver, Source } from './link.ts';

const micius: Source = {
  pulseRateHz: 1e8,
  intensities: [
    { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
    { name: 'decoy', meanPhotons: 0.1, probability: 0.25 },
    { name: 'vacuum', meanPhotons: 0, probability: 0.25 },
  ],
  basisXProbability: 0.5,
};
const receiver: Receiver = { basisXProbability: 0.5, misalignment: 0.01, deadTimeNs: 0, jitterPs: 350, gateNs: 2 };

const pulse: PulseSetting = {
  meanPhotons: 0.8,
  channelTransmittance: 1e-3,
  receiverTransmittance: 0.5,
  noisePerGate: 0,
  misalignment: 0.01,
  basisXProbability: 0.5,
  sourceBasisXProbability: 0.5,
};

function close(actual: number, expected: number, relative: number): void {
  assert.ok(Math.abs(actual - expected) <= relative * Math.abs(expected), `${actual} instead of ${expected}`);
}

test('the gain is the textbook one: Q = 1 - (1 - Y0) e^(-eta mu)', () => {
  for (const noisePerGate of [0, 1e-7, 1e-3, 0.5]) {
    for (const meanPhotons of [0, 1e-6, 0.1, 0.8, 20]) {
      const vacuumYield = -Math.expm1(-4 * noisePerGate);
      const textbook = vacuumYield - (1 - vacuumYield) * Math.expm1(-meanPhotons * 1e-3 * 0.5);
      const { gain } = expectedLink({ ...pulse, noisePerGate, meanPhotons });
      if (textbook === 0) assert.equal(gain, 0);
      else close(gain, textbook, 1e-12);
    }
  }
});

test('weak light errs as e_d (1 - e^(-eta mu)) + Y0/2 over the gain', () => {
  const { qber } = expectedLink({ ...pulse, noisePerGate: 1e-6 });
  close(qber, (0.01 * 4e-4 + 0.5 * 4e-6) / (4e-4 + 4e-6), 1e-3);
});

test('noise alone errs in half of all cases, at any strength', () => {
  for (const noisePerGate of [1e-9, 1e-3, 3]) {
    close(expectedLink({ ...pulse, meanPhotons: 0, noisePerGate }).qber, 0.5, 1e-12);
  }
});

test('intercept-resend of a share f leads to e (1 - f/2) + f/4', () => {
  for (const misalignment of [0, 0.005, 0.04, 0.3]) {
    for (const interceptedFraction of [0, 0.003, 0.05, 0.4, 1]) {
      const law = misalignment * (1 - interceptedFraction / 2) + interceptedFraction / 4;
      const { qber, gain } = expectedLink({ ...pulse, channelTransmittance: 1e-7, misalignment, interceptedFraction });
      if (law > 0) close(qber, law, 1e-6);
      // She is where nobody sees it in the gain.
      close(gain, 0.8e-7 * 0.5, 1e-6);
    }
  }
  assert.equal(expectedLink({ ...pulse, misalignment: 0, interceptedFraction: 1 }).qber, 0.25);
});

test('strong light tells intercept-resend by its missing double clicks too', () => {
  const strong = { ...pulse, meanPhotons: 20, channelTransmittance: 0.5 };
  assert.ok(expectedLink(strong).doubleClick > 0.7);
  assert.equal(expectedLink({ ...strong, interceptedFraction: 1 }).doubleClick, 0);
  const half = expectedLink({ ...strong, interceptedFraction: 0.5 });
  close(half.doubleClick, expectedLink(strong).doubleClick / 2, 1e-12);
});

test('double clicks of weak light keep their accuracy', () => {
  // Two counts (mean m, 1 - e^-m (1 + m) of them) fall in two detectors unless they meet in one.
  const m = 1e-6 * 0.8 * 0.5;
  const apart = 1 - 0.25 * (0.99 ** 2 + 0.01 ** 2) - 2 * 0.25 ** 2;
  close(expectedLink({ ...pulse, channelTransmittance: 1e-6 }).doubleClick, (m * m * apart) / 2, 1e-5);
});

test('probabilities are in order whatever the setting', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      fc.record({
        meanPhotons: fc.double({ min: 0, max: 50, noNaN: true }),
        channelTransmittance: share,
        receiverTransmittance: share,
        noisePerGate: fc.double({ min: 0, max: 5, noNaN: true }),
        misalignment: fc.double({ min: 0, max: 0.5, noNaN: true }),
        basisXProbability: share,
        sourceBasisXProbability: share,
        gateTransmission: share,
        interceptedFraction: share,
      }),
      (setting) => {
        const { gain, matched, matchedErrors, doubleClick } = expectedLink(setting);
        assert.ok(0 <= doubleClick && doubleClick <= gain && gain <= 1 + 1e-12);
        assert.ok(0 <= matchedErrors && matchedErrors <= 0.5 * matched + 1e-12);
        assert.ok(matched <= gain + 1e-12);
        // Taking every click for one of the two bases leaves nothing over.
        const swapped = expectedLink({ ...setting, sourceBasisXProbability: 1 - setting.sourceBasisXProbability });
        assert.ok(Math.abs(swapped.gain - gain) < 1e-12);
      },
    ),
    { numRuns: 500, seed: 2 },
  );
});

test('a dark link expects no error rate', () => {
  assert.ok(Number.isNaN(expectedLink({ ...pulse, meanPhotons: 0 }).qber));
  const trace: LinkTrace = {
    binS: 0.1,
    channelTransmittance: new Float64Array(3),
    receiverTransmittance: 0.5,
    noisePerGate: new Float64Array(3),
  };
  assert.throws(() => expectedQberSignal({ trace, source: micius, receiver }), { code: 'photons/trace' });
});

test('a pass expects the sums of its bins', () => {
  const trace: LinkTrace = {
    binS: 0.1,
    channelTransmittance: Float64Array.of(1e-4, 5e-4, 2e-4),
    receiverTransmittance: 0.5,
    noisePerGate: Float64Array.of(1e-6, 2e-6, 0),
  };
  const still: Receiver = { ...receiver, jitterPs: 0 };
  const [signal, decoy, vacuum] = expectedPass({ trace, source: micius, receiver: still });
  let detected = 0;
  let errors = 0;
  for (let bin = 0; bin < 3; bin++) {
    const { gain, matchedErrors } = expectedLink({
      ...pulse,
      channelTransmittance: trace.channelTransmittance[bin]!,
      noisePerGate: trace.noisePerGate[bin]!,
    });
    detected += 5e6 * gain;
    errors += 5e6 * matchedErrors;
  }
  close(signal!.detected, detected, 1e-12);
  close(signal!.matchedErrors, errors, 1e-12);
  assert.equal(signal!.pulses, 1.5e7);
  assert.equal(decoy!.pulses, 7.5e6);
  close(vacuum!.detected, 2.5e6 * 12e-6, 1e-5);
  close(expectedQberSignal({ trace, source: micius, receiver: still }), signal!.matchedErrors / signal!.matched, 1e-12);
  // A gate that cuts photons and not noise makes the error rate worse.
  const cut = expectedQberSignal({ trace, source: micius, receiver: { ...receiver, gateNs: 0.2 } });
  assert.ok(cut > 1.2 * expectedQberSignal({ trace, source: micius, receiver }));
  assert.throws(() => expectedPass({ trace, source: micius, receiver, interceptedFraction: 2 }), {
    code: 'photons/adversary',
  });
});

test('Micius: without noise 8/17 of the detections are basis-matched signal', () => {
  const trace: LinkTrace = {
    binS: 0.1,
    channelTransmittance: Float64Array.of(1e-6),
    receiverTransmittance: 0.5,
    noisePerGate: Float64Array.of(0),
  };
  const pass = expectedPass({ trace, source: micius, receiver });
  const detected = pass.reduce((sum, { detected }) => sum + detected, 0);
  close(pass[0]!.matched / detected, 8 / 17, 1e-6);
});
