/** What a budget is asked for: which links, from when to when. */
import { look } from '@skykey/orbit';
import {
  BIN_S,
  type BudgetRow,
  budgetAlong,
  jointScenarioPasses,
  type LinkScenario,
  type Scenario,
  scenarioPasses,
  type Window,
} from '@skykey/scenario';
import { CliError } from '../error.ts';
import { DAY_MS, instant, iso, startOf } from '../interval.ts';
import { narrowed, satellitesOf, stationsOf } from '../selection.ts';

export interface SubjectOptions {
  readonly station?: string;
  readonly satellite?: string;
  readonly at?: string;
  readonly from?: string;
  readonly pass?: number;
  readonly step?: number;
  readonly rangeKm?: number;
  readonly elevation?: number;
}

/** A row of a budget; what has no meaning for a geometry out of thin air is null. */
export type Row = Pick<BudgetRow, 'rangeKm' | 'elevationDeg' | 'model' | 'measured' | 'fading'> & {
  readonly [K in 'utcMs' | 'azimuthDeg' | 'slewRadS' | 'pointAheadRad' | 'lightTime' | 'background' | 'noisePerGate']:
    | BudgetRow[K]
    | null;
};

export interface Arm {
  readonly link: LinkScenario;
  readonly rows: readonly Row[];
}

export interface Subject {
  /** Scenario and pass (or moment, or geometry): what results are quoted by. */
  readonly run: string;
  readonly kind: 'pass' | 'moment' | 'geometry';
  /** One link, or the two arms of entangled pairs with rows at the same moments. */
  readonly arms: readonly Arm[];
  /** Null for a geometry. */
  readonly window: Window | null;
  readonly stepS: number | null;
}

/** Searched for light are this many days, and then more. */
export const SPANS_DAYS = [1, 4, 15, 30];
/** Rows of a budget whose step nobody named. */
const ROWS = 300;
const STEPS_S = [1, 2, 5, 10, 30, 60, 120, 300, 600];

/** @throws CliError, and what the scenario and its orbit throw */
export function subjectOf(whole: Scenario, options: SubjectOptions): Subject {
  const stations = stationsOf(whole, '--station', options.station);
  const satellites = satellitesOf(whole, '--satellite', options.satellite);
  const scenario = narrowed(whole, stations, satellites);
  const pairs = scenario.kind === 'entanglement';
  if (pairs && stations.length < 2) {
    throw new CliError('cli/station', `--station ${options.station}: pairs go to two stations; give both with a comma`);
  }
  const { at, from, pass, rangeKm, elevation, step } = options;
  const ways = [
    at !== undefined,
    from !== undefined || pass !== undefined,
    rangeKm !== undefined || elevation !== undefined,
  ];
  if (ways.filter(Boolean).length > 1) {
    throw new CliError(
      'cli/option',
      'give --at, or --from and --pass, or --range-km and --elevation: one of the three',
    );
  }
  checkStep(step);
  if (at !== undefined) return momentOf(scenario, instant('--at', at));
  if (rangeKm !== undefined || elevation !== undefined) return geometryOf(scenario, rangeKm, elevation);
  return passOf(scenario, from === undefined ? startOf(scenario) : instant('--from', from), pass ?? 1, step);
}

/** @throws CliError `cli/option` */
export function checkStep(step: number | undefined): void {
  if (step === undefined || step >= BIN_S) return;
  throw new CliError('cli/option', `--step ${step}: give a number of seconds from ${BIN_S} on`);
}

/** Time between two rows, s, so that there are some hundred. */
export function stepOf({ startMs, endMs }: Window): number {
  const durationS = (endMs - startMs) / 1000;
  return STEPS_S.find((one) => durationS / one <= ROWS) ?? durationS / ROWS;
}

/** Links of a subject at one moment: the station that sees the satellite highest, or two for pairs. */
function momentOf(scenario: Scenario, utcMs: number): Subject {
  const inOrder = scenario.links
    .map((link) => ({ link, elevationDeg: look(link.satellite.target, link.station.station, utcMs).elevationDeg }))
    .sort((a, b) => b.elevationDeg - a.elevationDeg);
  const best = inOrder[0]!;
  if (best.elevationDeg <= 0) {
    const { satellite, station } = best.link;
    throw new CliError(
      'cli/pass',
      `--at ${iso(utcMs)}: ${satellite.id} stands ${(-best.elevationDeg).toFixed(1)}° under the horizon of ${station.id}; ` +
        'skykey passes says when it does not',
    );
  }
  const ofBest = inOrder.filter(({ link }) => link.satellite === best.link.satellite);
  const chosen = scenario.kind === 'entanglement' ? ofBest.slice(0, 2) : [best];
  const low = chosen.find(({ elevationDeg }) => elevationDeg <= 0);
  if (low) {
    throw new CliError(
      'cli/pass',
      `--at ${iso(utcMs)}: ${low.link.satellite.id} is under the horizon of ${low.link.station.id}, and pairs go to two ` +
        'stations; skykey passes --joint says when both see it',
    );
  }
  const window = { startMs: utcMs, endMs: utcMs };
  return {
    run: `${scenario.id}/${chosen.map(({ link }) => link.id).join('+')}-at-${iso(utcMs)}`,
    kind: 'moment',
    arms: chosen.map(({ link }) => ({ link, rows: budgetAlong(link, { ...window, stepS: 1 }) })),
    window,
    stepS: null,
  };
}

function geometryOf(scenario: Scenario, rangeKm: number | undefined, elevationDeg: number | undefined): Subject {
  if (rangeKm === undefined || elevationDeg === undefined) {
    throw new CliError('cli/option', 'a geometry needs both --range-km and --elevation');
  }
  const at = { rangeKm, elevationDeg };
  const links = scenario.links.slice(0, scenario.kind === 'entanglement' ? 2 : 1);
  const arms = links.map((link): Arm => {
    const loss = (channel: LinkScenario['model'] | null) => (channel?.covers(at) ? channel.loss(at) : null);
    const row: Row = {
      utcMs: null,
      ...at,
      azimuthDeg: null,
      slewRadS: null,
      pointAheadRad: null,
      lightTime: null,
      // Asks outright, so that a geometry which nothing covers is refused with the reason.
      model: link.measured && !link.model.covers(at) ? null : link.model.loss(at),
      measured: loss(link.measured),
      background: null,
      noisePerGate: null,
      fading: link.model.covers(at) ? link.model.fading(at) : null,
    };
    return { link, rows: [row] };
  });
  const run = `${scenario.id}/${links.map(({ id }) => id).join('+')}-at-${rangeKm}km-${elevationDeg}deg`;
  return { run, kind: 'geometry', arms, window: null, stepS: null };
}

interface Lit {
  readonly passId: string;
  readonly links: readonly LinkScenario[];
  readonly window: Window;
}

function passOf(scenario: Scenario, fromMs: number, count: number, step: number | undefined): Subject {
  if (count < 1) throw new CliError('cli/pass', `--pass ${count}: passes are counted from 1`);
  const { passId, links, window } = litPass(scenario, fromMs, count);
  const stepS = step ?? stepOf(window);
  return {
    run: `${scenario.id}/${passId}`,
    kind: 'pass',
    arms: links.map((link) => ({ link, rows: budgetAlong(link, { ...window, stepS }) })),
    window,
    stepS,
  };
}

/** The so-manieth stretch with light from a moment on. */
function litPass(scenario: Scenario, fromMs: number, count: number): Lit {
  let dark = 0;
  for (const days of SPANS_DAYS) {
    const toMs = fromMs + days * DAY_MS;
    const { lit, passes } = litBetween(scenario, fromMs, toMs);
    // What the end of the search cuts is looked at again in a longer one.
    const whole = lit.filter(({ window }) => window.endMs < toMs || days === SPANS_DAYS.at(-1));
    if (whole[count - 1]) return whole[count - 1]!;
    dark = passes;
  }
  const days = SPANS_DAYS.at(-1)!;
  throw new CliError(
    'cli/pass',
    `${scenario.id} has ${dark} passes in the ${days} days from ${iso(fromMs)}, and not ${count} with light for key; ` +
      'ask for another --from, or for one moment with --at',
  );
}

function litBetween(scenario: Scenario, fromMs: number, toMs: number): { lit: Lit[]; passes: number } {
  const joint = scenario.kind === 'entanglement';
  const found = joint
    ? jointScenarioPasses(scenario, { fromMs, toMs }).map((one) => ({
        ...one,
        links: one.arms.map(({ link }) => link),
      }))
    : scenarioPasses(scenario, { fromMs, toMs }).map((one) => ({ ...one, links: [one.link] }));
  const lit = found.flatMap(({ passId, links, windows }) =>
    windows.map((window, i) => ({ passId: i === 0 ? passId : `${passId}-${i + 1}`, links, window })),
  );
  return {
    lit: lit.filter(({ window }) => window.startMs >= fromMs).sort((a, b) => a.window.startMs - b.window.startMs),
    passes: found.length,
  };
}
