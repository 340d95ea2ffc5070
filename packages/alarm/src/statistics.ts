import { MONITORS, type MonitorName, type Source } from '@skykey/photons';

/**
 * The bank of statistics. Each is one number x a bin that is compared with an expectation m made of other counts of the
 * same bin, so that light, clouds and moonlight cancel:
 *   m = offset + (level + slope * covariate) * n,
 * where offset, n and covariate are measured (`measure.ts`) and level, slope and tolerance learned (`baseline.ts`). Sums
 * over a window are compared at the worst point of m +- (tolerance * n + slack).
 */
export interface Statistic {
  /** `T2 decoy gain`: the number of the family, what is looked at. */
  readonly name: string;
  /** What x / n is, for people. */
  readonly unit: string;
  /** `count`: x is Poisson about m; `mean`: x is a sum of readings, Gaussian of variance v. */
  readonly law: 'count' | 'mean';
  /** `level`: against the baseline; `step`: against the bins just before the window, in units of what those predict. */
  readonly mode: 'level' | 'step';
  /** What a value above or below the expectation means, `null`: that side is not tested. */
  readonly above: Sign | null;
  readonly below: Sign | null;
  /** Whether the level depends on the covariate, a rate of clicks. It is kept inside what training saw. */
  readonly covariate: 'none' | 'rate';
  /** Smallest tolerance, in units of x / n, or where `relative` is set of the level. */
  readonly floor: number;
  readonly relative?: boolean;
  /**
   * The level has no mean worth the name (moonlight): tolerated is what training saw, and of what the twin predicts without
   * a Moon if that is less, times these.
   */
  readonly range?: { readonly above: number; readonly below: number };
  /** The highest level of a pass differs by a factor from pass to pass (haze): its spread is learned, below is no bound. */
  readonly haze?: boolean;
  /** The noise of a reading is learned from its differences from bin to bin. */
  readonly monitor?: MonitorName;
  /** The statistic needs the beacon to be read. */
  readonly needsBeacon?: boolean;
  /** Never a hard alarm: says how healthy a part is. */
  readonly softOnly?: boolean;
}

/** What a deviation says, in the words of the verdict's table (`verdict.ts`). */
export type Sign =
  | 'errors'
  | 'frames rotated'
  | 'decoys missing'
  | 'decoys in excess'
  | 'vacuum clicks'
  | 'vacuum empty'
  | 'arrival moved'
  | 'arrival of one detector moved'
  | 'arrival spread'
  | 'diode moved'
  | 'diode power'
  | 'balance'
  | 'detector lost'
  | 'doubles in excess'
  | 'doubles missing'
  | 'floor up'
  | 'floor gone'
  | 'hot detector'
  | 'floor uneven'
  | 'clicks soon'
  | 'clicks late'
  | 'light in excess'
  | 'light missing'
  | 'light gone'
  | 'bright light'
  | 'injected light'
  | 'light out of band'
  | 'source power'
  | 'clock residual'
  | 'range residual'
  | 'beacon bright'
  | 'beacon astray'
  | 'self-test';

const STATE_NAMES = ['X0', 'X1', 'Z0', 'Z1'] as const;

const monitorSigns: Readonly<Record<MonitorName, { above: Sign; below: Sign | null; unit: string; family: string }>> = {
  'bright-light': { above: 'bright light', below: null, unit: 'W', family: 'T10' },
  'injected-power': { above: 'injected light', below: null, unit: 'W', family: 'T10' },
  'out-of-band': { above: 'light out of band', below: null, unit: 'counts/s', family: 'T10' },
  'source-power': { above: 'source power', below: 'source power', unit: 'of nominal', family: 'T10' },
  clock: { above: 'clock residual', below: 'clock residual', unit: 'ps', family: 'T11' },
  range: { above: 'range residual', below: 'range residual', unit: 'm', family: 'T11' },
  'beacon-power': { above: 'beacon bright', below: null, unit: 'of clear sky', family: 'T10' },
  'beacon-pointing': { above: 'beacon astray', below: 'beacon astray', unit: 'microradian', family: 'T11' },
  'self-test': { above: 'self-test', below: 'self-test', unit: 'relative', family: 'T10' },
};

/** The bank of a source, in the order in which `measure` writes its rows. */
export function statisticsOf(source: Source): readonly Statistic[] {
  const list: Statistic[] = [];
  const count = { law: 'count', mode: 'level', covariate: 'none' } as const;
  const mean = { law: 'mean', mode: 'level', covariate: 'none' } as const;
  const lit = litClasses(source);
  const names = source.intensities.map(({ name }) => name);
  for (const k of lit) {
    for (const basis of ['X', 'Z']) {
      const name = `T1 errors ${basis} ${names[k]}`;
      list.push({ ...count, name, unit: 'of matched bits', above: 'errors', below: null, floor: 2e-4 });
    }
  }
  const rotated = { above: 'frames rotated', below: 'frames rotated', unit: 'sin 2 theta', floor: 0.002 } as const;
  list.push({ ...mean, ...rotated, name: 'T1 rotation' });
  list.push({ ...mean, ...rotated, name: 'T1 rotation step', mode: 'step' });
  for (const k of lit.slice(1)) {
    const signs = { above: 'decoys in excess', below: 'decoys missing' } as const;
    list.push({ ...count, ...signs, name: `T2 ${names[k]} gain`, unit: 'of signal', floor: 0.002, relative: true });
  }
  for (const k of darkClasses(source)) {
    const signs = { above: 'vacuum clicks', below: 'vacuum empty' } as const;
    list.push({ ...count, ...signs, name: `T2 ${names[k]} clicks`, unit: 'of signal clicks', floor: 1e-5 });
  }
  const moved = { above: 'arrival moved', below: 'arrival moved', unit: 'ps' } as const;
  list.push({ ...mean, ...moved, name: 'T4 arrival', covariate: 'rate', floor: 1 });
  list.push({ ...mean, ...moved, name: 'T4 arrival step', mode: 'step', floor: 1 });
  for (let d = 0; d < 4; d++) {
    const sign: Sign = 'arrival of one detector moved';
    const name = `T4 arrival ${STATE_NAMES[d]}`;
    list.push({ ...mean, name, unit: 'ps', above: sign, below: sign, covariate: 'rate', floor: 1 });
  }
  for (let d = 0; d < 4; d++) {
    const name = `T4 width ${STATE_NAMES[d]}`;
    const signs = { above: 'arrival spread', below: 'arrival spread' } as const;
    list.push({ ...mean, ...signs, name, unit: 'ps^2', covariate: 'rate', floor: 0.005, relative: true });
  }
  for (const k of lit) {
    for (const state of STATE_NAMES) {
      const name = `T4 diode ${names[k]} ${state}`;
      list.push({ ...mean, name, unit: 'ps', above: 'diode moved', below: 'diode moved', floor: 2, softOnly: true });
    }
  }
  const balance = { above: 'balance', below: 'balance', floor: 0.002, unit: 'of clicks' } as const;
  for (const state of STATE_NAMES) list.push({ ...count, ...balance, name: `T5 detector ${state}`, covariate: 'rate' });
  list.push({ ...count, ...balance, name: 'T5 basis X', covariate: 'rate' });
  for (const k of lit) {
    for (const basis of ['X', 'Z']) {
      const signs = { above: 'diode power', below: 'diode power', floor: 0.002 } as const;
      list.push({ ...count, ...signs, name: `T5 bits ${basis} ${names[k]}`, unit: 'of the basis' });
    }
  }
  for (const pair of ['same basis', 'both bases']) {
    const signs = { above: 'doubles in excess', below: 'doubles missing' } as const;
    list.push({ ...count, ...signs, name: `T6 doubles ${pair}`, unit: 'of Poisson', floor: 0.02 });
  }
  list.push({
    ...count,
    name: 'T7 floor',
    unit: 'counts/s',
    above: 'floor up',
    below: 'floor gone',
    covariate: 'rate',
    floor: 0,
    range: { above: 2, below: 0.5 },
  });
  const step = { mode: 'step', above: 'floor up', below: null, covariate: 'rate', floor: 0.05 } as const;
  list.push({ ...count, ...step, name: 'T7 floor step', unit: 'of just before' });
  for (const state of STATE_NAMES) {
    const signs = { above: 'floor uneven', below: 'floor uneven', floor: 0.02, relative: true } as const;
    list.push({ ...count, ...signs, name: `T7 floor ${state}`, unit: 'of the other three' });
  }
  for (const state of STATE_NAMES) {
    const signs = { above: 'clicks soon', below: 'clicks late', floor: 0.02, relative: true } as const;
    list.push({ ...count, ...signs, name: `T8 soon ${state}`, unit: 'of clicks', covariate: 'rate' });
  }
  list.push({
    ...mean,
    name: 'T9 light',
    unit: 'of the twin times the beacon',
    above: 'light in excess',
    below: 'light missing',
    floor: 0.02,
    relative: true,
    needsBeacon: true,
  });
  for (const monitor of MONITORS) {
    const { family, ...signs } = monitorSigns[monitor];
    // Clouds dim the beacon; only more of it than a clear sky lets through says anything, and skies can be very clear.
    list.push({ ...mean, ...signs, haze: monitor === 'beacon-power', name: `${family} ${monitor}`, floor: 0, monitor });
  }
  return list;
}

/** Classes with light of their own, the signal first. */
export function litClasses(source: Source): readonly number[] {
  return source.intensities.flatMap(({ meanPhotons }, k) => (meanPhotons > 0 ? [k] : []));
}

/** Classes without. */
export function darkClasses(source: Source): readonly number[] {
  return source.intensities.flatMap(({ meanPhotons }, k) => (meanPhotons > 0 ? [] : [k]));
}
