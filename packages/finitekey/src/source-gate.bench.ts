import { sourceGate, specificationPs } from './source-gate.ts';
import { expectedPass } from './test/link.ts';

/** One decision of the gate, and one specification: `node packages/finitekey/src/source-gate.bench.ts`. */
const pass = expectedPass();

function median(run: () => void): number {
  const times: number[] = [];
  for (let i = 0; i < 21; i++) {
    const start = performance.now();
    run();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[10]!;
}

for (const model of ['incoherent', 'transform-limited'] as const) {
  const pulse = { pulseWidthPs: 85, model };
  for (const scale of [0.05, 1, 100]) {
    const estimates = [
      { offsetsPs: [0, 0.3, 0.7, 0.2, 1, 0.8, 0.4, 0.9].map((x) => x * scale), errorsPs: new Array(8).fill(0.02) },
    ];
    const ms = median(() => void sourceGate({ ...pass, pulse, estimates }));
    console.log(`gate, ${model}, offsets up to ${scale} ps: ${ms.toFixed(1)} ms`);
  }
  const ms = median(() => void specificationPs({ ...pass, pulse, calibrationErrorPs: 0.001 }));
  console.log(`specification, ${model}: ${ms.toFixed(1)} ms`);
}
