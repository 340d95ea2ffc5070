import { loadScenario } from '@skykey/node';
import { budgetCsv, budgetDocument, inputsOf } from './budget/document.ts';
import { budgetReport } from './budget/report.ts';
import { type SubjectOptions, subjectOf } from './budget/subject.ts';
import { CliError } from './error.ts';
import { writeWhole } from './file.ts';
import { ageWarnings } from './passes/elements.ts';
import { warn } from './progress.ts';

export interface BudgetOptions extends SubjectOptions {
  readonly scenario: string;
  readonly maxAge?: number;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly svg?: string;
  readonly png?: string;
}

/** `skykey budget`. */
export async function budget(options: BudgetOptions): Promise<void> {
  if (options.json && options.csv)
    throw new CliError('cli/option', '--json and --csv: standard output holds one of them');
  const scenario = loadScenario(options.scenario);
  const subject = subjectOf(scenario, options);
  const { window, arms } = subject;
  const inputs = inputsOf(scenario, subject);
  const satellites = [...new Set(arms.map(({ link }) => link.satellite))];
  const warnings = window
    ? ageWarnings(satellites, { fromMs: window.startMs, toMs: window.endMs }, options.maxAge)
    : [];
  warn(warnings, options);
  if (options.svg !== undefined || options.png !== undefined) {
    if (subject.kind !== 'pass') {
      throw new CliError(
        'cli/option',
        '--svg and --png draw a pass along time; leave --at, --range-km and --elevation',
      );
    }
    // What draws is loaded by those who want a drawing.
    const { budgetChart } = await import('./plot/budget-chart.ts');
    const chart = budgetChart(scenario, subject, inputs);
    if (options.svg !== undefined) writeWhole('--svg', options.svg, chart);
    if (options.png !== undefined) {
      const { pngOf } = await import('./plot/image.ts');
      writeWhole('--png', options.png, await pngOf(chart));
    }
  }
  const text = options.json
    ? `${JSON.stringify(budgetDocument(scenario, subject, inputs, warnings), null, 2)}\n`
    : options.csv
      ? budgetCsv(subject)
      : budgetReport(scenario, subject, inputs, warnings);
  process.stdout.write(text);
}
