/** The outcomes as a document for people; the same text for the same numbers, to the last character. */
import type { Outcome, Status } from './comparison.ts';
import { KNOWN_DISAGREEMENTS } from './disagreements.ts';

/** From best to worst. */
export const STATUSES: readonly Status[] = ['reproduced', 'compatible', 'not reproduced', 'gap'];

/** Six significant digits: what two machines agree on in the last digits of a transcendental function. */
const shown = (value: number): string => String(Number(value.toPrecision(6)));
const withUnit = (text: string, unit: string): string => (unit ? `${text} ${unit}` : text);
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('~', '\\~');

/** What the source prints: its digits, or the ends of its interval. */
export function printedText({ comparison: { printed, tolerance: rule } }: Outcome): string {
  return rule.basis === 'printed interval' ? `${rule.low} to ${rule.high}` : printed;
}

/** The band of agreement and its basis, in words. */
export function band({ comparison: { tolerance: rule }, tolerance }: Outcome): string {
  switch (rule.basis) {
    case 'half a printed digit':
      return `± ${shown(tolerance!)} (${rule.basis})`;
    case 'counting statistics':
      return `± ${shown(tolerance!)} (${rule.deviations} standard deviations of ${rule.basis})`;
    case 'stated uncertainty':
      return `± ${shown(tolerance!)} (${rule.basis}: ${rule.stated})`;
    case 'acceptance limit':
      return `± ${shown(tolerance!)} (${rule.basis}: ${rule.reason})`;
    case 'printed interval':
      return `${shown(rule.low)} to ${shown(rule.high)} (${rule.basis}: ${rule.stated})`;
  }
}

/** The computed value with as many digits as it takes to see the difference, six at least; a dash for a gap. */
export function computedText({ comparison, computed, difference }: Outcome): string {
  if (computed === null) return '–';
  const wanted = difference ? Math.ceil(Math.log10(Math.abs(computed / difference))) + 2 : 0;
  const digits = Math.min(12, Math.max(6, comparison.printed.replace(/e.*|\D/g, '').length, wanted));
  return String(Number(computed.toPrecision(digits)));
}

function remark(outcome: Outcome): string {
  const { knownBefore } = outcome.comparison;
  return knownBefore ? `*Known before*: ${knownBefore}. ${explained(outcome)}` : explained(outcome);
}

function explained({ comparison, status, difference, leftOut }: Outcome): string {
  const { id, compute, inputs, unit } = comparison;
  if (typeof compute !== 'function') return compute.gap;
  const bounds = leftOut
    ? `${leftOut.term}: ${shown(leftOut.low)} to ${withUnit(shown(leftOut.high), unit)} (${leftOut.source})`
    : '';
  switch (status) {
    case 'compatible':
      return `${inputs}. Left out: ${bounds}`;
    case 'not reproduced': {
      const why = KNOWN_DISAGREEMENTS[id] ?? 'not on the list of known disagreements';
      return `${inputs}. Off by ${withUnit(shown(difference!), unit)}${bounds && `, even with ${bounds}`}: ${why}`;
    }
    default:
      return inputs;
  }
}

/** Number of comparisons by status. */
export function tally(outcomes: readonly Outcome[]): Record<Status, number> {
  const count = (status: Status) => outcomes.filter((outcome) => outcome.status === status).length;
  return Object.fromEntries(STATUSES.map((status) => [status, count(status)])) as Record<Status, number>;
}

/** Markdown, one table an area. */
export function report(outcomes: readonly Outcome[]): string {
  const counts = tally(outcomes);
  const areas = [...new Set(outcomes.map(({ comparison }) => comparison.area))];
  const row = (outcome: Outcome): string => {
    const { quantity, unit, origin } = outcome.comparison;
    const seen = origin.seen === 'published' ? '' : ` (${origin.seen})`;
    const cells = [
      `${quantity}${unit && `, ${unit}`}`,
      `${origin.work}: ${origin.place}${seen}`,
      printedText(outcome),
      computedText(outcome),
      band(outcome),
      outcome.status,
      remark(outcome),
    ];
    return `| ${cells.map(cell).join(' | ')} |`;
  };
  return [
    '# Published values beside what Skykey computes',
    '',
    '`npx skykey validate --write` makes this file; a test fails when it differs from what the code computes.',
    '',
    `${outcomes.length} values: ${STATUSES.map((status) => `${counts[status]} ${status}`).join(', ')}. The status is derived from the numbers:`,
    '',
    '- *reproduced*: the computed value lies inside the tolerance, whose basis is given;',
    '- *compatible*: it does once a term is added that is in one of the two numbers and not in the other, with bounds that have a source of their own (what a paper leaves out, how far it rounds an input that it measured, what the model neglects);',
    '- *not reproduced*: it does not, and the disagreement is written down;',
    '- *gap*: the source gives nothing that could be computed.',
    '',
    'Second-hand means that the value was seen through another text; code, that it is the output of another program: agreement with it says that two programs do the same, not that nature does.',
    'Settings of an experiment (an intensity, a clock, a window) count as exact. Many values had been computed before, by the reference that rows come from or by tests; half a printed digit leaves nothing to choose then. Where there was a choice, of a bound or of how to compute, and the size of the difference was known, the remark begins with *known before*: agreement there is weaker evidence.',
    '',
    ...areas.flatMap((area) => [
      `## ${area[0]!.toUpperCase()}${area.slice(1)}`,
      '',
      '| quantity | source and place | published | computed | tolerance and its basis | status | inputs and remarks |',
      '|---|---|---|---|---|---|---|',
      ...outcomes.filter(({ comparison }) => comparison.area === area).map(row),
      '',
    ]),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}
