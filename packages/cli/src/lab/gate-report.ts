/** The report of the source gate: sources by how far apart their diodes fire, and what became of them. */
import type { Claim, GateTrial, LabLink } from '@skykey/lab';
import { VERSION } from '../version.ts';
import { assumedRow, claimRows, commandOf } from './study-report.ts';

export interface GateReport {
  readonly scenario: string;
  readonly seed: number;
  /** Only so much of the pass, s; undefined: all of it. */
  readonly seconds: number | undefined;
  readonly link: LabLink;
  readonly specificationPs: number;
  readonly trials: readonly GateTrial[];
  readonly claims: readonly Claim[];
  readonly date: string;
}

export function gateDocument({ scenario, seed, link, specificationPs, trials, claims, date }: GateReport) {
  return {
    ...{ study: 'source-gate', date, version: VERSION, seed, scenario, passId: link.passId, specificationPs },
    ...{ claims, trials },
    assumed: link.assumed,
  };
}

/** Borders of the rows of the table, ps. */
const BORDERS = [0, 0.01, 0.1, 1, 3, 5, 10, 20, 30, 50, 100, 300] as const;

export function gateText({ scenario, seed, seconds, link, specificationPs, trials, claims, date }: GateReport): string {
  const rows = BORDERS.slice(1).flatMap((to, i) => {
    const from = BORDERS[i]!;
    const here = trials.filter(({ spreadPs }) => spreadPs >= from && spreadPs < to);
    return here.length === 0 ? [] : [row(`${from} to ${to}`, here)];
  });
  return [
    '# Whether the gate refuses what leaks',
    '',
    'Eight diodes that fire apart at random; against each such source the best splitting of photon numbers by emission time,',
    'found by a linear programme, which changes no count, no error and no time of arrival; and the gate, which knows a',
    'calibration with its errors and the counts of a clean pass. It decides twice: by the length alone (times paid for, nothing',
    'else declared, no specification), and in service (all paid for that is declared of the link, and its specification).',
    '',
    `${trials.length.toLocaleString('en')} sources, ${date}, Skykey ${VERSION}, seed ${seed}, scenario \`${scenario}\` (${link.passId}).`,
    `Specification of a source on this link: every diode within ${specificationPs.toPrecision(3)} ps of the middle, with which half of the key remains.`,
    `Run again by \`${commandOf('source-gate', { passes: trials.length, seed, scenario, seconds })}\`. The photons are simulated.`,
    '',
    ...claimRows(claims),
    '',
    '| furthest diodes apart, ps | sources | accepted by the length | in service | known of the sifted key, most | leak unpaid for | leak though paid for | key by the length, median of accepted |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
    'Unpaid: sources of which more is known than a bound grants that takes all diodes to fire together. Every other source is',
    'drawn inside the specification, the others with spreads up to 300 ps, most of them where the decision falls.',
    '',
    '| assumed of the link | value | why |',
    '|---|---|---|',
    ...link.assumed.map(assumedRow),
    '',
  ].join('\n');
}

function row(spread: string, trials: readonly GateTrial[]): string {
  const accepted = trials.filter((one) => one.accepted);
  const bits = accepted.map(({ secretBits }) => secretBits).sort((a, b) => a - b);
  const cells = [
    spread,
    trials.length,
    accepted.length,
    trials.filter(({ inService }) => inService === 'accepted').length,
    `${(100 * Math.max(...trials.map(({ knownShare }) => knownShare))).toFixed(1)} %`,
    trials.filter(({ unpaidExcessBits }) => unpaidExcessBits > 0).length,
    trials.filter(({ paidExcessBits }) => paidExcessBits > 0).length,
    bits.length > 0 ? bits[bits.length >> 1]!.toLocaleString('en') : '',
  ];
  return `| ${cells.join(' | ')} |`;
}
