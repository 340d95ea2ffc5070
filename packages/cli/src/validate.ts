import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import { loadScenario } from '@skykey/node';
import type { Scenario } from '@skykey/scenario';
import {
  COMPARISONS,
  type Comparison,
  computedText,
  KNOWN_DISAGREEMENTS,
  miciusLoss,
  type Outcome,
  validate as outcomesOf,
  printedText,
  report,
  type Sources,
  STATUSES,
  type Status,
  tally,
} from '@skykey/validation';
import { CliError } from './error.ts';
import { writeWhole } from './file.ts';
import { Progress } from './progress.ts';

const PACKAGES = new URL('../../', import.meta.url);
const REPORT = fileURLToPath(new URL('../docs/validation.md', PACKAGES));
/** Written with the report, not to a file of the user's own. */
const LOSS_REPORT = fileURLToPath(new URL('../docs/micius-loss.md', PACKAGES));

interface Options {
  readonly json?: boolean;
  /** True for the file that belongs to Skykey. */
  readonly write?: string | true;
  readonly area?: string;
}

/** `skykey validate`: a disagreement is a result, not a failure. */
export function validate({ json, write, area: name }: Options): void {
  if (name !== undefined && write !== undefined) {
    throw new CliError(
      'cli/option',
      `--area ${name} with --write: the document holds all areas; leave one of the two out`,
    );
  }
  const area = name === undefined ? undefined : areaOf(name);
  const progress = new Progress();
  const sources = shipped();
  const outcomes = outcomesOf(sources, {
    ...(area === undefined ? {} : { area }),
    onProgress: (done, of) => progress.report(done / of, 'the comparisons'),
  });
  progress.end();
  if (write !== undefined) {
    const file = write === true ? REPORT : write;
    writeWhole('--write', file, report(outcomes));
    if (write === true) writeWhole('--write', LOSS_REPORT, miciusLoss(sources));
    if (!json) process.stdout.write(`Written to ${file}\n\n`);
  }
  process.stdout.write(json ? `${JSON.stringify(documentOf(outcomes), null, 2)}\n` : table(outcomes));
}

/** @throws CliError `cli/option` for an area that has no comparisons */
function areaOf(name: string): Comparison['area'] {
  const areas = [...new Set(COMPARISONS.map(({ area }) => area))];
  const found = areas.find((area) => area === name || area.replaceAll(' ', '-') === name);
  if (found) return found;
  const known = areas.map((area) => area.replaceAll(' ', '-')).join(', ');
  throw new CliError('cli/option', `--area ${name}: the areas are ${known}`);
}

/** Scenarios and data that come with Skykey, each read once. */
function shipped(): Sources {
  const scenarios = new Map<string, Scenario>();
  return {
    scenario(id) {
      const scenario = scenarios.get(id) ?? loadScenario(id);
      scenarios.set(id, scenario);
      return scenario;
    },
    text: (file) => readFileSync(new URL(file, PACKAGES), 'utf8'),
  };
}

/** What programs get: numbers as they are, everything that the status rests on beside it. */
function documentOf(outcomes: readonly Outcome[]) {
  return {
    summary: { values: outcomes.length, ...tally(outcomes) },
    values: outcomes.map(({ comparison, published, computed, difference, tolerance, leftOut, status }) => {
      const { id, area, quantity, unit, printed, origin, tolerance: rule, inputs, knownBefore, compute } = comparison;
      return {
        ...{ id, area, quantity, unit, printed, published, computed, difference, status, origin, inputs },
        tolerance: { ...rule, halfWidth: tolerance },
        leftOut,
        knownBefore: knownBefore ?? null,
        gap: typeof compute === 'function' ? null : compute.gap,
        disagreement: status === 'not reproduced' ? (KNOWN_DISAGREEMENTS[id] ?? null) : null,
      };
    }),
  };
}

/** A sign as well as a colour. */
const SIGNS: Record<Status, readonly [string, 'green' | 'cyan' | 'yellow' | 'gray']> = {
  reproduced: ['✓', 'green'],
  compatible: ['≈', 'cyan'],
  'not reproduced': ['✗', 'yellow'],
  gap: ['·', 'gray'],
};

/** The status, signed and padded, in colour where standard output takes it. */
function coloured(status: Status, width = 0): string {
  const [sign, colour] = SIGNS[status];
  return styleText(colour, `${sign} ${status}`.padEnd(width), { stream: process.stdout });
}

const WORD = Math.max(...STATUSES.map((status) => status.length)) + 2;

function table(outcomes: readonly Outcome[]): string {
  const lines = [`${'status'.padEnd(WORD)} ${'published'.padStart(15)}  ${'computed'.padStart(15)}  what`, ''];
  let area: string | undefined;
  for (const outcome of outcomes) {
    const { comparison, status } = outcome;
    if (comparison.area !== area) {
      if (area !== undefined) lines.push('');
      area = comparison.area;
      lines.push(area.toUpperCase());
    }
    const { quantity, unit } = comparison;
    const [printed, computed] = [printedText(outcome), computedText(outcome)];
    lines.push(
      `${coloured(status, WORD)} ${printed.padStart(15)}  ${computed.padStart(15)}  ${quantity}${unit && `, ${unit}`}`,
    );
  }
  const counts = tally(outcomes);
  const sum = STATUSES.map((status) => `${counts[status]} ${coloured(status)}`).join('  ');
  lines.push('', `${outcomes.length} published values: ${sum}`);
  lines.push('Sources, tolerances with their basis, inputs and remarks: --json, or docs/validation.md');
  return `${lines.join('\n')}\n`;
}
