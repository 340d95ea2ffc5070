import { loadScenario } from '@skykey/node';
import type { Scenario } from '@skykey/scenario';
import { type BetweenOptions, betweenOf, spaceWarnings } from './budget/between.ts';
import { betweenCsv, betweenDocument, spaceInputsOf } from './budget/between-document.ts';
import { betweenReport } from './budget/between-report.ts';
import { budgetCsv, budgetDocument, inputsOf } from './budget/document.ts';
import { budgetReport } from './budget/report.ts';
import { subjectOf } from './budget/subject.ts';
import { CliError } from './error.ts';
import { writeWhole } from './file.ts';
import { ageWarnings } from './passes/elements.ts';
import { warn } from './progress.ts';

export interface BudgetOptions extends BetweenOptions {
  readonly scenario: string;
  readonly maxAge?: number;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly svg?: string;
  readonly png?: string;
}

/** A budget in all its forms. */
interface Budget {
  readonly warnings: readonly string[];
  /** Null for one moment or geometry. */
  readonly chart: (() => Promise<string>) | null;
  readonly document: () => unknown;
  readonly table: () => string;
  readonly report: () => string;
}

/** `skykey budget`. */
export async function budget(options: BudgetOptions): Promise<void> {
  if (options.json && options.csv)
    throw new CliError('cli/option', '--json and --csv: standard output holds one of them');
  const scenario = loadScenario(options.scenario);
  const { warnings, chart, document, table, report } =
    options.between === undefined ? withGround(scenario, options) : inSpace(scenario, options);
  warn(warnings, options);
  if (options.svg !== undefined || options.png !== undefined) {
    if (!chart) {
      throw new CliError(
        'cli/option',
        '--svg and --png draw a pass along time; leave --at, --range-km and --elevation',
      );
    }
    const drawn = await chart();
    if (options.svg !== undefined) writeWhole('--svg', options.svg, drawn);
    if (options.png !== undefined) {
      const { pngOf } = await import('./plot/image.ts');
      writeWhole('--png', options.png, await pngOf(drawn));
    }
  }
  process.stdout.write(options.json ? `${JSON.stringify(document(), null, 2)}\n` : options.csv ? table() : report());
}

/** Between satellites and stations. What draws is loaded by those who want a drawing. */
function withGround(scenario: Scenario, options: BudgetOptions): Budget {
  if (options.grazing !== undefined) {
    throw new CliError('cli/option', '--grazing is for two satellites; give --between too');
  }
  const subject = subjectOf(scenario, options);
  const { window, arms } = subject;
  const inputs = inputsOf(scenario, subject);
  const satellites = [...new Set(arms.map(({ link }) => link.satellite))];
  const warnings = window
    ? ageWarnings(satellites, { fromMs: window.startMs, toMs: window.endMs }, options.maxAge)
    : [];
  return {
    warnings,
    chart:
      subject.kind === 'pass'
        ? async () => (await import('./plot/budget-chart.ts')).budgetChart(scenario, subject, inputs)
        : null,
    document: () => budgetDocument(scenario, subject, inputs, warnings),
    table: () => budgetCsv(subject),
    report: () => budgetReport(scenario, subject, inputs, warnings),
  };
}

/** Between two satellites. */
function inSpace(scenario: Scenario, options: BudgetOptions): Budget {
  const subject = betweenOf(scenario, options);
  const { window, link, kind } = subject;
  const inputs = spaceInputsOf(scenario, subject);
  const ages = window
    ? ageWarnings([link.from, link.to], { fromMs: window.startMs, toMs: window.endMs }, options.maxAge)
    : [];
  const warnings = [...ages, ...spaceWarnings(subject)];
  return {
    warnings,
    chart:
      kind === 'pass'
        ? async () => (await import('./plot/between-chart.ts')).betweenChart(scenario, subject, inputs)
        : null,
    document: () => betweenDocument(scenario, subject, inputs, warnings),
    table: () => betweenCsv(subject),
    report: () => betweenReport(scenario, subject, inputs, warnings),
  };
}
