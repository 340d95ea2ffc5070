/** What trials of the tap come to, for people: Markdown. */
import type { TapOutcome } from './tap-trial.ts';

/** Trials of one kind, times in ms from the switch on. */
export interface TapRow {
  readonly name: string;
  readonly trials: number;
  /** Until the last frame that was sealed or opened at either end. */
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly mostMs: number;
  /** Detections of mission time a second when the tap came: lowest, median, highest. */
  readonly detectionRateHz: readonly [number, number, number];
  readonly violations: readonly string[];
}

export function tapRow(name: string, outcomes: readonly TapOutcome[]): TapRow {
  const silent = sorted(outcomes.map(({ silentMs, sealedMs }) => Math.max(silentMs, sealedMs)));
  const rates = sorted(outcomes.map(({ detectionRateHz }) => detectionRateHz));
  return {
    ...{ name, trials: outcomes.length },
    ...{ medianMs: at(silent, 0.5), p99Ms: at(silent, 0.99), mostMs: at(silent, 1) },
    detectionRateHz: [at(rates, 0), at(rates, 0.5), at(rates, 1)],
    violations: outcomes.flatMap(({ violations }) => violations),
  };
}

const sorted = (numbers: readonly number[]): readonly number[] => [...numbers].sort((a, b) => a - b);

/** The number that the share `share` of all does not exceed; NaN of none. */
function at(numbers: readonly number[], share: number): number {
  return numbers[Math.max(0, Math.ceil(share * numbers.length) - 1)] ?? Number.NaN;
}

export function reportTap(rows: readonly TapRow[], seed: number): string {
  const table = rows.map(({ name, trials, medianMs, p99Ms, mostMs, detectionRateHz, violations }) => {
    const rates = detectionRateHz.map((rate) => Math.round(rate).toLocaleString('en')).join(' / ');
    const times = [medianMs, p99Ms, mostMs].map((ms) => Math.round(ms)).join(' | ');
    return `| ${name} | ${trials} | ${times} | ${rates} | ${violations.length} |`;
  });
  const violations = rows.flatMap(({ violations: found }) => found);
  return `# A tap in mid-call

\`skykey study hotline-tap\`, seed ${seed}. In each trial the real processes start (satellite, two sites with key manager and desk), with key from
passes before; two signed-in pages without a browser have a call: each asks its desk for leave as the page's worker does, seals voice and
picture with the shipped media room and opens what comes from the other. At a random moment of the next pass somebody measures every pulse
and sends it again. **Simulated: the photons, the eavesdropper, the encoders. Real: everything after the detectors**, sessions, monitor,
alarm, key managers, desks, sockets, disks.

Times are ms from the switch that sets the eavesdropper on the line to the last frame that either end sealed or opened.

| mission time | trials | median | p99 | most | detections a second (least / median / most) | violations |
|---|---|---|---|---|---|---|
${table.join('\n')}

Looked for in each trial: both desks black with the same alarm and the same words, nothing allowed any more, a text refused at both desks in
both sealings, every key that rests on the link gone at both sites.

How fast a tap shows depends on the light: the monitor compares the share \`monitorProbability\` of the detections, half of those have equal bases, and
no test that cries falsely in one clean pass of ten thousand can tell an error rate of 25 % from one of 5 % by much fewer than a hundred
compared bits. In the mission's own pace a second holds \`passSpeed\` seconds of light.
${violations.map((violation) => `\n- ${violation}`).join('')}
`;
}
