import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PhotonsError, type PhotonsErrorCode } from '../error.ts';
import type { LinkTrace, Receiver, ReceiverFlaws, Source, SourceFlaws } from '../link.ts';
import { imperfectPass, imperfectReceiver, imperfectSource } from '../test/imperfect-link.ts';
import { checkReceiver, checkSource, checkTrace } from './check.ts';

const refuses = (work: () => unknown, code: PhotonsErrorCode, says: string): void =>
  assert.throws(work, (error: unknown) => {
    assert.ok(error instanceof PhotonsError);
    assert.equal(error.code, code);
    assert.ok(error.message.includes(says), error.message);
    return true;
  });

test('an imperfect link is a possible one', () => {
  checkSource(imperfectSource);
  checkReceiver(imperfectReceiver, imperfectSource.pulseRateHz);
  assert.equal(checkTrace(imperfectPass(1).trace, imperfectSource.pulseRateHz), 200_000);
});

test('impossible sources are refused', () => {
  const bad = (change: Partial<Source>, says: string): void =>
    refuses(() => checkSource({ ...imperfectSource, ...change }), 'photons/source', says);
  const flawed = (flaws: SourceFlaws, says: string): void => bad({ flaws }, says);
  bad({ pulseRateHz: 0 }, 'pulseRateHz');
  bad({ basisXProbability: 1.1 }, 'basisXProbability');
  bad({ intensities: [] }, 'number of intensities');
  bad({ intensities: [{ name: 'signal', meanPhotons: 1, probability: 0.9 }] }, 'sum to 0.9');
  bad({ intensities: [{ name: 'signal', meanPhotons: -1, probability: 1 }] }, 'meanPhotons of signal');
  flawed({ fluctuation: 0.4 }, 'fluctuation is 0.4');
  flawed({ leakage: -1 }, 'leakage');
  flawed({ polarisationLeakage: 0.6 }, 'polarisationLeakage');
  flawed({ pulseWidthPs: -1 }, 'pulseWidthPs');
  flawed({ diodeOffsetPs: [0, 1] }, 'diodeOffsetPs has 2 values; it must have 12');
  flawed({ diodeOffsetPs: new Array<number>(12).fill(Number.NaN) }, 'diodeOffsetPs[0]');
  flawed({ correlation: [[0]] }, 'correlation has 1');
  flawed({ correlation: [[0], [0], [0]] }, 'correlation[0] has 1');
  flawed({ correlation: new Array<number[]>(3).fill([0, -1, 0]) }, 'correlation[0][1] is -1');
});

test('impossible receivers are refused', () => {
  const bad = (change: Partial<Receiver>, says: string): void =>
    refuses(() => checkReceiver({ ...imperfectReceiver, ...change }, 2e8), 'photons/receiver', says);
  const flawed = (flaws: ReceiverFlaws, says: string): void => bad({ flaws }, says);
  bad({ gateNs: 5.1 }, 'at most one slot (5 ns)');
  bad({ misalignment: Number.NaN }, 'misalignment');
  bad({ deadTimeNs: -1 }, 'deadTimeNs');
  bad({ jitterPs: -1 }, 'jitterPs');
  flawed({ afterPulse: { probability: 0.6, timeConstantNs: 1 } }, 'probability of afterPulse');
  flawed({ afterPulse: { probability: 0.1, timeConstantNs: 0 } }, 'timeConstantNs');
  flawed({ recoveryNs: -1 }, 'recoveryNs');
  flawed({ walk: { latePs: 1, decayNs: 0 } }, 'decayNs');
  flawed({ detectors: [{}] }, 'detectors has 1');
  flawed({ detectors: [{}, {}, { efficiency: 2 }, {}] }, 'efficiency of detector 2');
  flawed({ detectors: [{}, {}, {}, { linearMode: { neverJ: 2, alwaysJ: 1 } }] }, 'alwaysJ of linearMode of detector 3');
  flawed({ detectors: [{ timeResponse: { centrePs: 0, widthPs: 0 } }, {}, {}, {}] }, 'widthPs of timeResponse');
  flawed({ detectors: [{ angleResponse: { centreMicroRad: 0, widthMicroRad: -1 } }, {}, {}, {}] }, 'widthMicroRad');
  flawed({ detectors: [{ wavelengthResponse: { centreNm: Number.NaN, widthNm: 1 } }, {}, {}, {}] }, 'centreNm');
  flawed(
    {
      splitter: [
        [850, 0.5],
        [840, 0.5],
      ],
    },
    'wavelengths must rise',
  );
  flawed({ splitter: [[850, 1.5]] }, 'splitter[0]');
  flawed({ filter: { centreNm: 850, widthNm: 1, outside: 2 } }, 'outside of filter');
});

test('impossible traces are refused', () => {
  const { trace } = imperfectPass(1);
  const bad = (change: Partial<LinkTrace>, says: string): void =>
    refuses(() => checkTrace({ ...trace, ...change }, 2e8), 'photons/trace', says);
  bad({ binS: 1.0000001e-9 }, 'whole number');
  bad({ noisePerGate: new Float64Array(3) }, 'noisePerGate has 3');
  bad({ channelTransmittance: Float64Array.of(0, 0, 0, 2) }, 'channelTransmittance of bin 3');
  bad({ receiverTransmittance: -1 }, 'receiverTransmittance');
  bad({ frameRad: new Float64Array(2) }, 'frameRad has 2');
  bad({ clock: { offsetPs: new Float64Array(4), jitterPs: -1 } }, 'jitterPs of clock');
  bad({ clock: { offsetPs: new Float64Array(4).fill(Infinity), jitterPs: 0 } }, 'offsetPs of clock of bin 0');
  bad({ fading: { stepsPerBin: 2.5, gain: new Float32Array(10) } }, 'stepsPerBin');
  bad({ fading: { stepsPerBin: 2, gain: new Float32Array(7) } }, 'gain of fading has 7');
  bad({ fading: { stepsPerBin: 1, gain: Float32Array.of(1, 1, -1, 1) } }, 'step 2');
  const flight = trace.flight!;
  bad({ flight: { ...flight, ratePsPerS: new Float64Array(1) } }, 'ratePsPerS');
});
