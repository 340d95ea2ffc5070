/**
 * Detections per CPU second of the event sampler, ideal, with every imperfection and attacked, beside a loop over every
 * pulse. Run: node packages/photons/src/sampler/events.bench.ts
 */
import { photonBench } from './photon-bench.ts';

const cpuS = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const { links, pass, perPulse, ratio } = photonBench(cpuS, (name) => console.error(name));
for (const { name, detections, cpuS: took, detectionsPerCpuS } of [...links, pass]) {
  const speed = (detectionsPerCpuS / 1e6).toFixed(2);
  console.log(`${name}: ${detections} detections in ${took.toFixed(2)} s, ${speed} million per CPU second`);
}
console.log(`loop over every pulse: ${(perPulse.pulsesPerCpuS / 1e6).toFixed(2)} million pulses per CPU second`);
console.log(`event sampler over the loop: ${ratio.toFixed(0)} times the pulses per CPU second`);
