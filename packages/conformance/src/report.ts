/** What came out: for programs (README.md, "The report") and for people. */

import type { Exchange } from './exchange.ts';
import type { Session } from './probe.ts';
import type { ClauseBasis, Level, Verdict } from './verdict.ts';

export const REPORT_FORMAT = 'skykey-conformance/1';
export const STANDARD = 'ETSI GS QKD 014 V1.1.1 (2019-02)';

export interface Result {
  /** Stable. */
  readonly id: string;
  readonly level: Level;
  /** Of the standard; `-` for a decision of Skykey. */
  readonly clause: string;
  readonly clauseBasis: ClauseBasis;
  /** What is demanded, in our own words. */
  readonly sentence: string;
  readonly verdict: Verdict;
  readonly reason: string;
  /** What was sent and what came back; never a byte of a key. */
  readonly evidence: readonly Exchange[];
}

export type Tally = Readonly<Record<Verdict, number>>;

export interface Report {
  readonly format: typeof REPORT_FORMAT;
  readonly standard: typeof STANDARD;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly target: {
    readonly url: string;
    readonly peerUrl: string;
    readonly master: string;
    readonly slave: string;
    readonly third: string | null;
    readonly additional: string | null;
  };
  readonly requests: number;
  readonly keys: { readonly limit: number; readonly taken: number };
  /** Levels that `conformant` rests on. */
  readonly counted: readonly Level[];
  /** Whether nothing failed that counts. What could not be looked at is in the summary. */
  readonly conformant: boolean;
  readonly summary: Readonly<Record<Level, Tally>>;
  readonly results: readonly Result[];
}

const LEVELS: readonly Level[] = ['shall', 'should', 'skykey'];
const VERDICTS: readonly Verdict[] = ['fail', 'inconclusive', 'not-applicable', 'pass'];

export function reportOf(run: {
  session: Session;
  results: readonly Result[];
  decisions: boolean;
  startedAt: Date;
  finishedAt: Date;
}): Report {
  const { session, results } = run;
  const { master, slave, third, additional } = session.parties;
  const counted: Level[] = run.decisions ? ['shall', 'skykey'] : ['shall'];
  const tally = (level: Level): Tally =>
    Object.fromEntries(
      VERDICTS.map((verdict) => [
        verdict,
        results.filter((result) => result.level === level && result.verdict === verdict).length,
      ]),
    ) as Tally;
  return {
    format: REPORT_FORMAT,
    standard: STANDARD,
    startedAt: run.startedAt.toISOString(),
    finishedAt: run.finishedAt.toISOString(),
    target: {
      url: master.url.href,
      peerUrl: slave.url.href,
      master: master.saeId,
      slave: slave.saeId,
      third: third?.saeId ?? null,
      additional: additional?.saeId ?? null,
    },
    requests: session.requests,
    keys: { limit: session.keyLimit, taken: session.keysTaken },
    counted,
    conformant: !results.some(({ level, verdict }) => verdict === 'fail' && counted.includes(level)),
    summary: { shall: tally('shall'), should: tally('should'), skykey: tally('skykey') },
    results,
  };
}

const SIGNS: Record<Verdict, string> = { fail: '✗', inconclusive: '?', 'not-applicable': '·', pass: '✓' };
const TITLES: Record<Level, string> = {
  shall: `SHALL of ${STANDARD}`,
  should: 'SHOULD: advice of the standards, not counted',
  skykey: 'Decisions of Skykey where the standard is silent',
};
/** Paints a verdict for a terminal; the sign stands for it without. */
export type Paint = (verdict: Verdict, text: string) => string;

/** A table for people, failures first. */
export function tableOf(report: Report, paint: Paint = (_, text) => text): string {
  const { target, keys, results, counted } = report;
  const width = Math.max(...results.map(({ id }) => id.length));
  const lines = [
    `${STANDARD}, ${target.master} at ${target.url} with ${target.slave} at ${target.peerUrl}`,
    `${report.requests} requests, ${keys.taken} keys consumed (at most ${keys.limit})`,
  ];
  for (const level of LEVELS) {
    const note = level === 'skykey' && !counted.includes('skykey') ? ' (not counted; --decisions counts them)' : '';
    lines.push('', `${TITLES[level]}${note}`);
    for (const verdict of VERDICTS) {
      for (const result of results.filter((each) => each.level === level && each.verdict === verdict)) {
        lines.push(...rowsOf(result, width, paint));
      }
    }
  }
  const { shall } = report.summary;
  const counts = VERDICTS.map((verdict) => `${shall[verdict]} ${verdict}`).join(', ');
  const word = report.conformant ? 'Nothing that counts failed' : 'Not conformant';
  lines.push('', paint(report.conformant ? 'pass' : 'fail', `${word}. SHALL: ${counts}.`));
  return `${lines.join('\n')}\n`;
}

function rowsOf({ id, verdict, reason, sentence, evidence }: Result, width: number, paint: Paint): string[] {
  const row = `${paint(verdict, SIGNS[verdict])} ${id.padEnd(width)}  ${reason}`;
  if (verdict !== 'fail') return [row];
  const seen = evidence.slice(-2).flatMap(({ sent, came }) => [`    sent  ${sent}`, `    came  ${came}`]);
  return [row, `    due   ${sentence}`, ...seen];
}
