import type { MonitorReadings } from '../light/conditions.ts';
import { MONITORS, type MonitorName } from './observation.ts';

/** What a monitor is like. No hardware data exist for them here: every value is an assumption of Skykey's. */
export interface MonitorSpec {
  readonly fitted: boolean;
  /** Standard deviation of a reading, in its unit, independent from bin to bin. */
  readonly noise: number;
}
export type Monitors = Readonly<Record<MonitorName, MonitorSpec>>;

export const usualMonitors: Monitors = {
  'bright-light': { fitted: true, noise: 2e-12 },
  'injected-power': { fitted: true, noise: 1e-9 },
  'out-of-band': { fitted: true, noise: 20 },
  'source-power': { fitted: true, noise: 0.01 },
  clock: { fitted: true, noise: 30 },
  range: { fitted: true, noise: 0.5 },
  'beacon-power': { fitted: true, noise: 0.02 },
  'beacon-pointing': { fitted: true, noise: 0.3 },
  'self-test': { fitted: true, noise: 0.005 },
};

const READING: Readonly<Record<MonitorName, keyof MonitorReadings>> = {
  'bright-light': 'brightLightW',
  'injected-power': 'injectedW',
  'out-of-band': 'outOfBandHz',
  'source-power': 'sourcePowerRatio',
  clock: 'clockResidualPs',
  range: 'rangeResidualM',
  'beacon-power': 'beaconPowerRatio',
  'beacon-pointing': 'beaconResidualMicroRad',
  'self-test': 'selfTestDeviation',
};

/** Readings with noise, NaN where none is fitted; always as many numbers drawn. */
export function readMonitors(
  monitors: Monitors,
  truth: MonitorReadings,
  normal: () => number,
  out: Float64Array,
): void {
  for (const [i, name] of MONITORS.entries()) {
    const { fitted, noise } = monitors[name];
    const value = truth[READING[name]] + noise * normal();
    out[i] = fitted ? value : Number.NaN;
  }
}
