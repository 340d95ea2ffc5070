/** A plan for people, 80 columns wide. */
import type { Distribution, PassPlan, Plan, WorthEntry } from '@skykey/planner';
import type { Scenario } from '@skykey/scenario';
import { clock, iso } from '../interval.ts';
import { paragraph } from '../paragraph.ts';
import { type Planned, runOf } from './document.ts';

/** Bits as people say them: `123 kbit`; minus signs for what is taken away. */
export function bitsInWords(bits: number): string {
  const size = Math.abs(bits);
  if (size < 1000) return `${bits} bit`;
  const [scale, unit] = size < 1e6 ? [1e3, 'kbit'] : size < 1e9 ? [1e6, 'Mbit'] : [1e9, 'Gbit'];
  return `${(bits / scale).toPrecision(3)} ${unit}`;
}

const LABEL = 26;
const FIGURE = 11;
/** Nights and passes beyond this are for --json and --csv. */
const MOST_ROWS = 40;

const interval = ({ p5, p95 }: Distribution): string => `${bitsInWords(p5)} to ${bitsInWords(p95)}`;

function figureLine(label: string, bits: Distribution, remark = ''): string {
  const cut = label.length > LABEL ? `${label.slice(0, LABEL - 1)}…` : label.padEnd(LABEL);
  return `  ${cut} ${bitsInWords(bits.mean).padStart(FIGURE)}   ${interval(bits).padEnd(26)}${remark}`.trimEnd();
}

/** `1 day`, `30 days`. */
export function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length > 0 ? ['', title, ...lines] : [];
}

function capped(lines: readonly string[]): readonly string[] {
  const more = lines.length - MOST_ROWS;
  return more > 0 ? [...lines.slice(0, MOST_ROWS), `  and ${more} more, which --json and --csv list`] : lines;
}

function passLine(
  { stationIds, satelliteId, startMs, maxElevationDeg, clearBits, clearProbability, bits, served }: PassPlan,
  several: boolean,
): string {
  const label = `${several ? `${satelliteId} ` : ''}${stationIds.join(' + ')}`;
  const name = label.length > 22 ? `${label.slice(0, 21)}…` : label.padEnd(22);
  const when = `${iso(startMs).slice(5, 10)} ${clock(startMs).slice(0, 5)}`;
  const key = bits
    ? `${bitsInWords(bits.p5)} to ${bitsInWords(bits.p95)}`
    : served.length > 0
      ? 'for the block'
      : 'not served';
  const clear = `${bitsInWords(clearBits).padStart(9)} ${(clearProbability * 100).toFixed(0).padStart(4)}%`;
  return `  ${name} ${when} ${maxElevationDeg.toFixed(0).padStart(3)}° ${clear}  ${key}`;
}

function scheduleLines({ schedule, passes, rules }: Plan): string[] {
  const unserved = passes.filter(({ served }) => served.length === 0).length;
  const parts = passes.filter(({ served, startMs, endMs }) => {
    return served.length > 1 || (served.length === 1 && served[0]!.endMs - served[0]!.startMs < endMs - startMs);
  }).length;
  const value = `${bitsInWords(schedule.value)} expected`;
  const bound = schedule.optimal
    ? 'no choice of these windows and of the parts tried brings more'
    : `no choice of windows and of the parts tried exceeds ${bitsInWords(schedule.bound)} (gap ${(schedule.gap * 100).toFixed(2)} %)`;
  const goal = schedule.objective === 'fair' ? ' for whoever gets least' : '';
  return [
    `  ${value}${goal};`,
    `  ${bound}`,
    `  ${passes.length} windows: ${passes.length - unserved - parts} served whole, ${parts} in part, ${unserved} not at all`,
    `  ${schedule.contested} proposals in each other's way; ${rules.setupS} s between two services`,
  ];
}

function availabilityLines({ availability }: Plan): string[] {
  if (!availability) return [];
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const line = (label: string, joint: { value: number; low: number; high: number }, independent?: number): string => {
    const beside = independent === undefined ? '' : `   independent: ${percent(independent)}`;
    return `  ${label.slice(0, LABEL).padEnd(LABEL)} ${percent(joint.value).padStart(7)}   ${percent(joint.low)} to ${percent(joint.high)}${beside}`;
  };
  const n = availability.stationIds.length;
  return [
    ...availability.single.map((figure, i) => line(availability.stationIds[i]!, figure)),
    ...(n > 2 ? availability.pairs : []).map(({ stationIds, joint, independent }) =>
      line(stationIds.join(' + '), joint, independent),
    ),
    ...availability.atLeast.map(({ atLeast, joint, independent }) =>
      line(atLeast === n ? 'all' : `${atLeast} at least`, joint, independent),
    ),
  ];
}

function worthLine({ kind, id, status, bits, gapBits }: WorthEntry): string {
  const remark = gapBits !== null && gapBits >= 0.5 ? `± ${bitsInWords(Math.round(gapBits))}` : '';
  return figureLine(`${status === 'candidate' ? 'one more ' : ''}${kind} ${id}`, bits, remark);
}

export function planReport(scenario: Scenario, { plan, worth, notes }: Planned, wallS: number): string {
  const { passes, nights, months, stations, satellites, pairs } = plan;
  const several = satellites.length > 1;
  const assumed = new Set([...plan.assumptions, ...(worth?.assumptions ?? [])]).size;
  const flush = (words: string): string[] => paragraph(words, { first: 0, indent: 2 });
  const sky = { clear: 'every sky clear', measured: 'night and measured skies', scenario: 'night and weather' }[
    plan.weather
  ];
  return [
    scenario.title,
    `${iso(plan.fromMs).slice(0, 16)} to ${iso(plan.toMs).slice(0, 16)} UTC, ${sky}`,
    `${counted(plan.realisations, 'realisation')}, seed ${plan.seed}`,
    ...section('Secret key: mean, and from 5 to 95 % of realisations', [
      ...months.map(({ month, bits }) => figureLine(month, bits)),
      figureLine('all', plan.total),
    ]),
    ...section(
      'By station',
      stations.map(({ stationId, bits }) => figureLine(stationId, bits)),
    ),
    ...(several
      ? section('By satellite', capped(satellites.map(({ satelliteId, bits }) => figureLine(satelliteId, bits))))
      : []),
    ...section(
      scenario.kind === 'entanglement'
        ? 'Between stations, trusting no satellite'
        : 'Between stations, over trusted satellites, each pair for itself',
      pairs.map(({ stationIds, bits }) => figureLine(stationIds.join(' + '), bits)),
    ),
    ...section('Worth: the plan with it less the plan without it', (worth?.entries ?? []).map(worthLine)),
    ...section('Schedule', scheduleLines(plan)),
    ...section('Clear skies, together and if they were independent (95 % intervals)', availabilityLines(plan)),
    ...section(
      'By night',
      capped(nights.map(({ night, stationId, bits }) => figureLine(`${night} ${stationId}`, bits))),
    ),
    ...section(
      'Passes: begin, highest, key under a clear sky, odds of one, 5 to 95 %',
      capped(passes.map((pass) => passLine(pass, several))),
    ),
    '',
    `Proof: ${plan.proof}, which "skykey keyrate --list" explains.`,
    `${assumed} assumptions and ${plan.proofGaps.length} gaps of the proof: --json lists them.`,
    ...notes.flatMap((note) => flush(`${note}.`)),
    ...flush(`Run ${runOf(plan)}, ${wallS.toFixed(1)} s`),
    ...[...new Set([...plan.warnings, ...(worth?.warnings ?? [])])].flatMap((warning) => flush(`! ${warning}`)),
    '',
  ].join('\n');
}
