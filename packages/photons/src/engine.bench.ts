/**
 * Detections per second of the engine on a Micius-like pass of 273 s at 100 MHz, without and with an adversary.
 * Run: node packages/photons/src/engine.bench.ts
 */
import { simulate } from './engine.ts';
import { interceptResend } from './intercept-resend.ts';
import type { LinkTrace, Receiver, Source } from './types.ts';

const source: Source = {
  pulseRateHz: 1e8,
  intensities: [
    { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
    { name: 'decoy', meanPhotons: 0.1, probability: 0.25 },
    { name: 'vacuum', meanPhotons: 0, probability: 0.25 },
  ],
  basisXProbability: 0.5,
};
const receiver: Receiver = {
  basisXProbability: 0.5,
  misalignment: 0.005,
  deadTimeNs: 50,
  jitterPs: 350,
  gateNs: 2,
};
const bins = 2730;
const trace: LinkTrace = {
  binS: 0.1,
  channelTransmittance: Float64Array.from(
    { length: bins },
    (_, bin) => 1e-3 * Math.sin((Math.PI * (bin + 0.5)) / bins),
  ),
  receiverTransmittance: 0.5,
  noisePerGate: new Float64Array(bins).fill(4e-7),
};

for (const [name, adversary] of [
  ['no adversary', undefined],
  ['intercept-resend of 5 %', interceptResend(0.05)],
  ['intercept-resend of all', interceptResend(1)],
] as const) {
  let best = 0;
  let detections = 0;
  for (let round = 0; round < 5; round++) {
    detections = 0;
    const before = process.cpuUsage();
    for (const bin of simulate({ trace, source, receiver, seed: round, ...(adversary && { adversary }) })) {
      detections += bin.detections.slot.length;
    }
    const { user, system } = process.cpuUsage(before);
    best = Math.max(best, (detections / (user + system)) * 1e6);
  }
  console.log(`${name}: ${detections} detections a pass, ${(best / 1e6).toFixed(2)} million detections per CPU second`);
}
