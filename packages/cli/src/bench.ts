/** `skykey bench`: the speeds that Skykey states, measured on the reader's machine. */
import { arch, cpus } from 'node:os';
import { type DetectionSpeed, type PhotonBench, photonBench } from '@skykey/photons';
import { distillFigures } from './bench/distill.ts';
import { distillText } from './bench/distill-text.ts';
import { hotlineFigures } from './bench/hotline.ts';
import { hotlineText } from './bench/hotline-text.ts';
import { kmeFigures } from './bench/kme.ts';
import { kmeGrowth } from './bench/kme-growth.ts';
import { kmeText } from './bench/kme-text.ts';
import { CliError } from './error.ts';
import { paragraph } from './paragraph.ts';
import { Progress } from './progress.ts';

interface Options {
  readonly json?: boolean;
  /** Of which each figure is the median. */
  readonly rounds?: number;
  /** Small sizes, to see that it works. */
  readonly quick?: boolean;
  /** Of `bench kme`: whether anything grows while so many minutes pass. */
  readonly minutes?: number;
  readonly hour?: boolean;
  /** Folder for the report of that. */
  readonly results?: string;
}

const ROUNDS = 5;
/** Of `bench kme`, which has twelve figures a round. */
const KME_ROUNDS = 3;
/** Names that `photonBench` goes through, for the line of progress. */
const STEPS = 8;

/** `skykey bench [photons|distill|kme|hotline]`. */
export async function bench(
  what: string,
  { json, rounds, quick = false, minutes, hour, results }: Options,
): Promise<void> {
  if (rounds !== undefined && !(rounds >= 1))
    throw new CliError('cli/option', `--rounds ${rounds}: give a whole number from 1 on`);
  const machine = { processor: cpus()[0]?.model.trim() ?? 'unknown', architecture: arch(), node: process.version };
  const words = Object.values(machine).join(', ');
  const print = (document: object, text: () => string): void => {
    process.stdout.write(json ? `${JSON.stringify({ machine, ...document }, null, 2)}\n` : text());
  };
  const growing = hour ? 60 : minutes;
  if (growing !== undefined && what !== 'kme')
    throw new CliError('cli/option', '--minutes and --hour are for bench kme: leave them out');
  if (what === 'kme' && growing !== undefined) await kmeGrowth({ minutes: growing, machine: words, results, print });
  else if (what === 'kme') {
    const kme = await kmeFigures(rounds ?? (quick ? 1 : KME_ROUNDS), quick);
    print({ kme }, () => kmeText(kme, words));
  } else if (what === 'hotline') {
    const hotline = await hotlineFigures(rounds ?? (quick ? 1 : ROUNDS), quick);
    print({ hotline }, () => hotlineText(hotline, words));
  } else if (what === 'distill') {
    const distill = await distillFigures(rounds ?? (quick ? 1 : ROUNDS), quick);
    print({ distill }, () => distillText(distill, words));
  } else if (what === 'photons') {
    if (quick) throw new CliError('cli/option', '--quick is for bench distill, kme and hotline: leave it out');
    const photons = photonFigures(rounds ?? ROUNDS);
    print({ photons }, () => benchText(photons, words));
  } else throw new CliError('cli/option', `bench ${what}: what can be measured is photons, distill, kme or hotline`);
}

function photonFigures(rounds: number): PhotonBench {
  const progress = new Progress();
  let step = 0;
  try {
    return photonBench(cpuS, (name) => progress.report(step++ / STEPS, `the bench, ${name}`), rounds);
  } finally {
    progress.end();
  }
}

/** Processor time of this process, s: what other processes of the machine take is not in it. */
function cpuS(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const millions = (n: number): string => `${(n / 1e6).toFixed(1)} million`;

/** The same for people. */
export function benchText({ rounds, links, pass, perPulse, ratio }: PhotonBench, machine: string): string {
  const width = Math.max(...[...links, pass].map(({ name }) => name.length)) + 2;
  const row = ({ name, detections, cpuS: took, detectionsPerCpuS }: DetectionSpeed): string =>
    `  ${name.padEnd(width)}${millions(detections).padStart(13)}${took.toFixed(2).padStart(9)} s${millions(detectionsPerCpuS).padStart(16)}/s`;
  return [
    `Photon engine, every click, on one core: ${machine}`,
    `Median of ${rounds} rounds, processor time.`,
    '',
    `  ${'link'.padEnd(width)}${'detections'.padStart(13)}${'took'.padStart(11)}${'detections'.padStart(18)}`,
    ...links.map(row),
    row(pass),
    '',
    ...paragraph(
      `A plain loop over every pulse of the last link: ${millions(perPulse.pulsesPerCpuS)} pulses/s. ` +
        `The engine went through ${Math.round(ratio).toLocaleString('en')} times as many, since it draws the slots that click and no others.`,
      { first: 2, indent: 2 },
    ),
    '',
  ].join('\n');
}
