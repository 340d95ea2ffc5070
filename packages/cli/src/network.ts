/** `skykey network`: a day of a network with relay over satellites, its forecasts held against what came, and adversaries. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadNetwork, NetworkStudy, type PlayedDay } from '@skykey/node';
import { CliError } from './error.ts';
import { checkWritable, writeWhole } from './file.ts';
import { studyScene } from './network/contact-plan.ts';
import { networkDocument, networkReport } from './network/report.ts';
import { summaryOf } from './network/summary.ts';
import { Progress } from './progress.ts';

export interface NetworkOptions {
  readonly scenario: string;
  readonly days: number;
  readonly realisations: number;
  readonly seed: number;
  readonly results?: string;
  readonly svg?: string;
  readonly json?: boolean;
}

const MOST_DAYS = 1000;
const LEAST_REALISATIONS = 100;
const MOST_REALISATIONS = 10_000;

export async function network(options: NetworkOptions): Promise<void> {
  const { days, realisations, seed, results, svg } = options;
  if (days < 1 || days > MOST_DAYS) throw new CliError('cli/option', `--days ${days}: give from 1 to ${MOST_DAYS}`);
  if (realisations < LEAST_REALISATIONS || realisations > MOST_REALISATIONS) {
    throw new CliError(
      'cli/option',
      `--realisations ${realisations}: give from ${LEAST_REALISATIONS} to ${MOST_REALISATIONS}`,
    );
  }
  const files = results === undefined ? undefined : filesIn(results);
  checkWritable('--svg', svg);
  for (const file of Object.values(files ?? {})) checkWritable('--results', file);
  const progress = new Progress();
  const cpuFrom = process.cpuUsage();
  const scene = studyScene({
    ...{ network: loadNetwork(options.scenario), realisations, days, seed },
    onProgress: (fraction, what) => progress.report(fraction, what),
  });
  const study = new NetworkStudy(scene);
  const folder = mkdtempSync(join(tmpdir(), 'skykey-network-'));
  // Whoever stops it leaves no vaults behind.
  const stop = (): never => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const played: PlayedDay[] = [];
  try {
    for (let day = 0; day < days; day++) {
      progress.report(day / days, `${days} day${days === 1 ? '' : 's'}`);
      // The alarms of the network are played on the first day: what was forecast before them nobody could keep.
      const at = join(folder, `day-${day}`);
      played.push(await study.play(realisations + day, { folder: at, alarms: day === 0 }));
      rmSync(at, { recursive: true, force: true });
    }
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    rmSync(folder, { recursive: true, force: true });
    progress.end();
  }
  const { user, system } = process.cpuUsage(cpuFrom);
  const found = {
    ...{ name: options.scenario, study, days: played, summary: summaryOf(study, played) },
    timing: { wallS: progress.elapsedS, cpuS: (user + system) / 1e6 },
  };
  const document = `${JSON.stringify(networkDocument(found), null, 2)}\n`;
  const report = networkReport(found);
  if (files || svg !== undefined) {
    // What draws is loaded by those who want a drawing.
    const { networkChart } = await import('./plot/network-chart.ts');
    const chart = networkChart(study, played[0]!);
    if (svg !== undefined) writeWhole('--svg', svg, chart);
    if (files) {
      writeWhole('--results', files.document, document);
      writeWhole('--results', files.text, `${report}\n![One day](network.svg)\n`);
      writeWhole('--results', files.chart, chart);
    }
  }
  process.stdout.write(options.json ? document : report);
}

const filesIn = (folder: string) => ({
  document: join(folder, 'network.json'),
  text: join(folder, 'network.md'),
  chart: join(folder, 'network.svg'),
});
