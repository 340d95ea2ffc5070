/** `skykey lab`: attacks against a link, one at a time; a catalogue of them; and the long studies. */
import { checkStudy } from '@skykey/lab';
import { type Attack, attackNamed, attacks, MONITORS, type MonitorName } from '@skykey/photons';
import { isDecimal } from './decimal.ts';
import { CliError } from './error.ts';
import { checkWritable, writeWhole } from './file.ts';
import { catalogueDocument, catalogueTable } from './lab/catalogue.ts';
import { StudyFolder } from './lab/folder.ts';
import { Laboratory, type Played } from './lab/laboratory.ts';
import { longStudy } from './lab/long-study.ts';
import { labReport, strengthText } from './lab/report.ts';
import { refuseUnused } from './lab/unused.ts';
import { Progress } from './progress.ts';

export interface LabOptions {
  readonly scenario: string;
  readonly list?: boolean;
  readonly attack?: string;
  /** One, or several with commas. */
  readonly strength?: string;
  readonly passes?: number;
  readonly seed: number;
  readonly level?: string;
  readonly assumptions?: string;
  readonly without?: readonly string[];
  readonly detections?: number;
  readonly seconds?: number;
  readonly out?: string;
  readonly workers?: number;
  readonly roc?: string;
  readonly study?: string;
  readonly results?: string;
  readonly json?: boolean;
}

/** What a study decides by itself. */
const DECIDED = ['attack', 'strength', 'level', 'assumptions', 'without', 'detections', 'roc'] as const;
const WITHOUT_A_LIST = [...DECIDED, 'passes', 'seconds', 'out', 'workers', 'study', 'results'] as const;

const PASSES = 100;
const MOST_WORKERS = 256;

/** `skykey lab`. */
export async function lab(options: LabOptions): Promise<void> {
  if (options.list) {
    refuseUnused(options, WITHOUT_A_LIST, '--list');
    process.stdout.write(
      options.json ? `${JSON.stringify(catalogueDocument(attacks), null, 2)}\n` : catalogueTable(attacks),
    );
    return;
  }
  if (options.workers !== undefined && !(options.workers >= 1 && options.workers <= MOST_WORKERS)) {
    throw new CliError('cli/option', `--workers ${options.workers}: give a whole number from 1 to ${MOST_WORKERS}`);
  }
  if (options.study !== undefined) {
    refuseUnused(options, DECIDED, '--study, which decides that by itself');
    await longStudy(options.study, options);
    return;
  }
  if (options.attack === undefined) {
    throw new CliError('cli/option', '--attack is missing: name one of "skykey lab --list", or none for clean passes');
  }
  refuseUnused(options, ['results'], '--attack: only a study writes a report');
  await attacked(attackNamed(options.attack), options);
}

async function attacked(attack: Attack, options: LabOptions): Promise<void> {
  const { json, roc, seed } = options;
  checkWritable('--roc', roc);
  const strengths = strengthsOf(attack, options.strength);
  if (roc !== undefined && attack.kind === 'none') {
    throw new CliError('cli/option', '--roc compares attacked passes with clean ones; name an attack other than none');
  }
  const studies = strengths.map((strength) => ({
    attack: attack.name,
    strength,
    passes: options.passes ?? PASSES,
    seed,
    level: oneOf('--level', options.level ?? attack.level ?? 'count', ['count', 'event']),
    without: (options.without ?? []).map((name) => monitorNamed(name)),
    assumptions: oneOf('--assumptions', options.assumptions ?? 'on', ['on', 'off']),
    onset: 'drawn' as const,
  }));
  for (const study of studies) checkStudy(study);
  const progress = new Progress();
  const laboratory = new Laboratory(options, {
    seed,
    folder: options.out === undefined ? null : new StudyFolder(options.out),
    workers: options.workers,
    progress,
  });
  try {
    const played: Played[] = [];
    for (const study of studies) played.push(await laboratory.play(study));
    if (roc !== undefined) {
      const clean = await laboratory.play({ ...studies[0]!, attack: 'none', strength: 0, assumptions: 'on' });
      const { rocChart } = await import('./plot/roc-chart.ts');
      writeWhole(
        '--roc',
        roc,
        rocChart({
          title: `${attack.name}: attacked passes against clean ones`,
          strengthText: (strength) => strengthText(attack, strength),
          clean,
          attacked: played,
        }),
      );
    }
    progress.end();
    const summaries = played.map(({ summary }) => summary);
    process.stdout.write(
      json
        ? `${JSON.stringify(summaries.length === 1 ? summaries[0] : summaries, null, 2)}\n`
        : labReport(laboratory.link, attack, played),
    );
  } finally {
    progress.end();
    await laboratory.close();
  }
}

/** Throws CliError `cli/option` for what is no number; the range is the attack's own to check. */
function strengthsOf(attack: Attack, words: string | undefined): number[] {
  if (attack.kind === 'none') {
    if (words === undefined) return [0];
    throw new CliError('cli/option', `--strength ${words}: clean passes have none; leave it out`);
  }
  if (words === undefined) return [attack.strength.usual];
  return words.split(',').map((word) => {
    if (isDecimal(word.trim())) return Number(word);
    throw new CliError('cli/option', `--strength ${words}: give a number, or several with commas`);
  });
}

function monitorNamed(name: string): MonitorName {
  const found = MONITORS.find((one) => one === name);
  if (found) return found;
  throw new CliError('cli/option', `--without ${name}: the monitors are ${MONITORS.join(', ')}`);
}

function oneOf<T extends string>(option: string, word: string, words: readonly T[]): T {
  const found = words.find((one) => one === word);
  if (found !== undefined) return found;
  throw new CliError('cli/option', `${option} ${word}: give ${words.join(' or ')}`);
}
