import { loadScenario, scenarioFile } from '@skykey/node';
import { type PlanProgress, type PlanRequest, plan as planOf, worth as worthOf } from '@skykey/planner';
import { lineOf, type Scenario } from '@skykey/scenario';
import { CliError } from './error.ts';
import { checkWritable, readText, writeWhole } from './file.ts';
import { DAY_MS, instant, startOf } from './interval.ts';
import { ageWarnings } from './passes/elements.ts';
import { candidatesOf } from './plan/candidates.ts';
import { type Planned, planCsv, planDocument } from './plan/document.ts';
import { planReport } from './plan/report.ts';
import { type WeatherOptions, withWeather } from './plan/weather-file.ts';
import { Progress, warn } from './progress.ts';
import { narrowed, satellitesOf, stationsOf } from './selection.ts';

export interface PlanOptions extends WeatherOptions {
  readonly scenario: string;
  readonly from?: string;
  readonly days: number;
  readonly stations?: string;
  readonly satellites?: string;
  readonly realisations: number;
  readonly seed: number;
  readonly objective: string;
  readonly setup?: number;
  readonly blocks?: string;
  readonly clearSky?: boolean;
  readonly addStation?: readonly string[];
  readonly addSatellite?: readonly string[];
  /** True for `--worth`, false for `--no-worth`; for few stations and satellites unless given. */
  readonly worth?: boolean;
  readonly maxAge?: number;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly svg?: string;
  readonly png?: string;
}

const MOST_DAYS = 3660;
/** Each station and satellite takes a plan of its own; beyond so many, somebody has to want it. */
const MOST_WORTH = 30;
const STAGES: Readonly<Record<PlanProgress['stage'], string>> = {
  passes: 'the passes',
  weather: 'the weather',
  schedule: 'the schedule',
  key: 'the keys',
};

/** `skykey plan`. */
export async function plan(options: PlanOptions): Promise<void> {
  const progress = new Progress();
  if (options.json && options.csv)
    throw new CliError('cli/option', '--json and --csv: standard output holds one of them');
  refuseIdle(options);
  checkWritable('--svg', options.svg);
  checkWritable('--png', options.png);
  const whole = loadScenario(options.scenario);
  const chosen = narrowed(
    whole,
    stationsOf(whole, '--stations', options.stations),
    satellitesOf(whole, '--satellites', options.satellites),
  );
  const { scenario, measured, notes } = await withWeather(chosen, options);
  const request = { ...requestOf(scenario, options, progress), ...(measured ? { measured } : {}) };
  const planned = make(request, options, notes);
  progress.end();
  warn(planned.plan.warnings, options);
  if (options.svg !== undefined || options.png !== undefined) {
    // What draws is loaded by those who want a drawing.
    const { planChart } = await import('./plot/plan-chart.ts');
    const chart = planChart(scenario, planned);
    if (options.svg !== undefined) writeWhole('--svg', options.svg, chart);
    if (options.png !== undefined) {
      const { pngOf } = await import('./plot/image.ts');
      writeWhole('--png', options.png, await pngOf(chart));
    }
  }
  const text = options.json
    ? `${JSON.stringify(planDocument(planned, progress.elapsedS), null, 2)}\n`
    : options.csv
      ? planCsv(planned)
      : planReport(scenario, planned, progress.elapsedS);
  process.stdout.write(text);
}

/** An option without effect is a question that was not answered. */
function refuseIdle(options: PlanOptions): void {
  const { worth, addStation, addSatellite, weather, weatherCorrelation, maxCloud, clearSky, setup } = options;
  const refuse = (problem: string): never => {
    throw new CliError('cli/option', problem);
  };
  if (clearSky && weather) refuse('--clear-sky and --weather: leave one of the two out');
  if (worth === false && (addStation || addSatellite)) {
    refuse(`--no-worth with --add-${addStation ? 'station' : 'satellite'}: leave one of the two out`);
  }
  const measured = { '--weather-correlation': weatherCorrelation, '--max-cloud': maxCloud };
  for (const [name, value] of Object.entries(measured)) {
    if (value !== undefined && !weather) {
      refuse(`${name} ${value} is about a measured series; give one with --weather FILE`);
    }
  }
  if (setup !== undefined && !(setup >= 0 && setup <= DAY_MS / 1000)) {
    refuse(`--setup ${setup}: give seconds from 0 to ${DAY_MS / 1000}`);
  }
}

function oneOf<const T extends string>(option: string, text: string, words: readonly T[]): T {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new CliError('cli/option', `${option} ${text}: give ${words.join(' or ')}`);
}

function requestOf(scenario: Scenario, options: PlanOptions, progress: Progress): PlanRequest {
  const { days, maxAge, setup, blocks } = options;
  if (days < 1 || days > MOST_DAYS) throw new CliError('cli/interval', `--days ${days}: give from 1 to ${MOST_DAYS}`);
  const fromMs =
    options.from === undefined ? Math.floor(startOf(scenario) / DAY_MS) * DAY_MS : instant('--from', options.from);
  const toMs = fromMs + days * DAY_MS;
  // Refuses what is too old or from the future; the plan itself says what is merely old.
  ageWarnings(scenario.satellites, { fromMs, toMs }, maxAge);
  return {
    scenario,
    fromMs,
    toMs,
    realisations: options.realisations,
    seed: options.seed,
    objective: oneOf('--objective', options.objective, ['total', 'fair']),
    ...(options.clearSky ? { weather: 'clear' } : {}),
    ...(maxAge === undefined ? {} : { allowDays: maxAge }),
    ...(setup === undefined ? {} : { setupS: setup }),
    ...(blocks === undefined ? {} : { blocks: oneOf('--blocks', blocks, ['pass', 'period']) }),
    onProgress: ({ stage, fraction }) => progress.report(fraction, STAGES[stage]),
  };
}

function make(request: PlanRequest, options: PlanOptions, notes: readonly string[]): Planned {
  const { stations, satellites } = request.scenario;
  const candidates = candidatesOf(options.addStation, options.addSatellite);
  const entries =
    candidates.length + [stations, satellites].reduce((sum, { length }) => sum + (length > 1 ? length : 0), 0);
  const wanted = entries > 0 && (options.worth ?? entries <= MOST_WORTH);
  const left =
    options.worth === undefined && !wanted && entries > 0
      ? [`what each of ${entries} stations and satellites is worth takes long and is left out; --worth asks for it`]
      : [];
  try {
    return {
      plan: planOf(request),
      worth: wanted ? worthOf({ ...request, candidates }) : null,
      notes: [...notes, ...left],
    };
  } catch (error) {
    const { code, message } = error as Error & { code?: unknown };
    if (code !== 'planner/weather' && code !== 'optics/weather-month') throw error;
    const station = stations.find(({ id }) => message.startsWith(`station ${id} `));
    // Such a sentence names the scenario; of a file of one's own the path is better.
    const named = options.scenario === request.scenario.id ? '' : `${options.scenario}: `;
    const place = station ? `${fieldPlace(options.scenario, `stations.${station.id}.weather`)}: ` : named;
    throw new CliError('cli/weather', `${place}${message} (--weather FILE with a measured series, or --clear-sky)`, {
      cause: error,
    });
  }
}

/** File, line and field. */
function fieldPlace(scenario: string, field: string): string {
  const line = lineOf(readText('--scenario', scenarioFile(scenario)), field);
  return line === null ? `${scenario}: ${field}` : `${scenario}: line ${line}: ${field}`;
}
