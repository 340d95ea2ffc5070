import { type PassResult, runPass } from '@skykey/node';

interface Options {
  readonly scenario: string;
  readonly station?: string;
  readonly seed: number;
  readonly attack?: string;
  readonly fraction?: number;
  readonly json?: boolean;
}

/** `skykey pass`. */
export async function pass(options: Options): Promise<void> {
  const terminal = process.stderr.isTTY && !options.json;
  const result = await runPass({
    scenario: options.scenario,
    seed: options.seed,
    ...(options.station ? { station: options.station } : {}),
    ...(options.attack ? { attack: options.attack as 'intercept-resend' } : {}),
    ...(options.fraction === undefined ? {} : { fraction: options.fraction }),
    onProgress: ({ stage, fraction, detections }) => {
      if (!terminal) return;
      const done = `${(fraction * 100).toFixed(0).padStart(3)} %`;
      process.stderr.write(`\r\x1b[K${done} of the pass, ${count(detections)} detections, ${stage}`);
    },
  });
  if (terminal) process.stderr.write('\r\x1b[K');
  process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : describe(result));
}

const count = (n: number): string => n.toLocaleString('en');
const percent = (q: number): string => `${(q * 100).toFixed(2)} %`;

function describe(result: PassResult): string {
  const { reconciliation: ec } = result;
  const lines = [
    `${result.satellite} over ${result.station}, ${result.startUtc} to ${result.endUtc.slice(11)} (${result.durationS} s)`,
    `  highest ${result.maxElevationDeg.toFixed(1)}°, nearest ${result.minRangeKm.toFixed(1)} km, seed ${result.seed}`,
    '',
    `  pulses sent            ${count(result.pulses)}`,
    `  detections             ${count(result.detections)}`,
    `  sifted signal          ${count(result.siftedSignal)}  (error rate ${percent(result.qberSignal)})`,
    `  ${ec.method}                ${count(ec.leakedBits)} bits disclosed, efficiency ${ec.efficiency.toFixed(3)}, ${ec.roundTrips} round trips, ${ec.failedFrames} of ${ec.frames} frames failed`,
    `  authentication         ${count(result.authenticationBitsSpent)} bits of pool key spent`,
    `  secret key             ${count(result.secretBits)} bits  (${result.proof}, secrecy ${result.epsSec}, correctness ${result.epsCor})`,
    `  verdict                ${result.verdict}${result.reason ? `: ${result.reason}` : ''}`,
    `  keys equal             ${result.keysEqual ? 'yes' : 'no'}`,
  ];
  if (result.adversary) {
    const { name, fraction, knownBits, removedBits } = result.adversary;
    lines.push(
      `  adversary              ${name} on ${percent(fraction)} of pulses: truly knows ${count(knownBits)} bits; amplification removed ${count(removedBits)}`,
    );
  }
  for (const alarm of result.alarms) lines.push(`  ${alarm.severity} alarm             ${alarm.message}`);
  lines.push(
    '',
    `  ${result.simulated}`,
    `  ${result.assumptions.length} parameters are assumed; --json lists them, and those of the proof.`,
    `  simulated in ${result.timing.simulateS.toFixed(1)} s, distilled in ${result.timing.distillS.toFixed(1)} s`,
    '',
  );
  return lines.join('\n');
}
