/**
 * What the transmitter and the receiver of the studies do beside what they were told. No hardware data stand behind any of
 * it: every magnitude is assumed, with its reason, was written down before a study was run and is not moved by results.
 */
import type { DetectorFlaws, ReceiverFlaws, SourceFlaws } from '@skykey/photons';

/** A magnitude that nobody published for this link. */
export interface Assumed {
  readonly what: string;
  readonly value: string;
  readonly why: string;
}

const PULSE_WIDTH_PS = 50;
const FLUCTUATION = 0.02;
/** Row: this pulse, column: the one before; signal, decoy, vacuum. */
const PATTERN = [
  [0, -0.001, -0.002],
  [0.004, 0, -0.002],
  [0, 0, 0],
] as const;
/** Emission of each diode, ps: signal X0, X1, Z0, Z1, then decoy, then vacuum, whose diodes leak with the others' delay. */
const DIODES_PS = [0.4, -0.2, 0.2, -0.4, -0.4, 0.2, -0.2, 0.4, 0.4, -0.2, 0.2, -0.4] as const;
const EXTINCTION_DB = 40;
const CONTRAST_DB = 33;

/**
 * Other devices than the usual ones, for studies of what a single assumption is worth: `steady`, a transmitter as good as can
 * be, so that its price does not hide that of the rest; `worn-windows` and `worn-back-flash`, the same transmitter and
 * detectors whose windows of sensitivity stand far apart, or that are well aligned and flash back at every other click.
 * Unlike the rest of this file these were chosen by trial, so that a violation without the assumption shows.
 */
export type Devices = 'steady' | 'worn-windows' | 'worn-back-flash';

/** For three classes: signal, decoy, vacuum. */
export const sourceFlaws: SourceFlaws = {
  fluctuation: FLUCTUATION,
  correlation: PATTERN,
  diodeOffsetPs: DIODES_PS,
  pulseWidthPs: PULSE_WIDTH_PS,
  leakage: 10 ** (-EXTINCTION_DB / 10),
  polarisationLeakage: 10 ** (-CONTRAST_DB / 10),
  phaseRandomised: true,
};

const STEADY_FLUCTUATION = 0.003;

const STEADY_WIDTH_PS = 20;

/** One laser and modulators behind it: no diodes to stand apart, short pulses that are alike. */
const steadySourceFlaws: SourceFlaws = {
  fluctuation: STEADY_FLUCTUATION,
  pulseWidthPs: STEADY_WIDTH_PS,
  leakage: 10 ** (-EXTINCTION_DB / 10),
  polarisationLeakage: 10 ** (-CONTRAST_DB / 10),
  phaseRandomised: true,
};

export const sourceFlawsOf = (devices?: Devices): SourceFlaws => (devices ? steadySourceFlaws : sourceFlaws);

const EFFICIENCY = [1, 0.97, 0.98, 0.96] as const;
const DELAY_PS = [0, 4, -3, 2] as const;
const TIME_CENTRE_PS = [-8, 8, -5, 5] as const;
const TIME_WIDTH_PS = 400;
const ANGLE_CENTRE_MICRO_RAD = [-1, 1, -0.5, 0.5] as const;
const ANGLE_WIDTH_MICRO_RAD = 60;
const BAND_CENTRE_NM = 850;
const BAND_SHIFT_NM = [-1, 1, 0, 0] as const;
const BAND_WIDTH_NM = 60;
const BLINDING_W = 1e-9;
const LINEAR_NEVER_J = 0.6e-15;
const LINEAR_ALWAYS_J = 1e-15;
const BACK_FLASH = 0.005;
const AFTER_PULSE = { probability: 0.005, timeConstantNs: 60 } as const;
const RECOVERY_NS = 10;
const WALK = { latePs: 20, decayNs: 60 } as const;

const detectors: readonly DetectorFlaws[] = EFFICIENCY.map((efficiency, d) => ({
  efficiency,
  delayPs: DELAY_PS[d]!,
  timeResponse: { centrePs: TIME_CENTRE_PS[d]!, widthPs: TIME_WIDTH_PS },
  angleResponse: { centreMicroRad: ANGLE_CENTRE_MICRO_RAD[d]!, widthMicroRad: ANGLE_WIDTH_MICRO_RAD },
  wavelengthResponse: { centreNm: BAND_CENTRE_NM + BAND_SHIFT_NM[d]!, widthNm: BAND_WIDTH_NM },
  blindingW: BLINDING_W,
  linearMode: { neverJ: LINEAR_NEVER_J, alwaysJ: LINEAR_ALWAYS_J },
  backFlash: BACK_FLASH,
}));

const WORN_CENTRE_PS = [-60, 60, -60, 60] as const;
const WORN_WIDTH_PS = 45;
const WORN_BACK_FLASH = 0.5;

function detectorsOf(devices?: Devices): readonly DetectorFlaws[] {
  if (devices === 'worn-back-flash') {
    return detectors.map((one) => ({
      ...one,
      timeResponse: { centrePs: 0, widthPs: TIME_WIDTH_PS },
      angleResponse: { centreMicroRad: 0, widthMicroRad: ANGLE_WIDTH_MICRO_RAD },
      backFlash: WORN_BACK_FLASH,
    }));
  }
  if (devices !== 'worn-windows') return detectors;
  return detectors.map((one, d) => ({
    ...one,
    timeResponse: { centrePs: WORN_CENTRE_PS[d]!, widthPs: WORN_WIDTH_PS },
  }));
}

/** A passive receiver of four detectors at a band around `wavelengthNm`. */
export function receiverFlaws(wavelengthNm: number, devices?: Devices): ReceiverFlaws {
  return {
    basisChoice: 'passive',
    deadTogether: false,
    afterPulse: AFTER_PULSE,
    recoveryNs: RECOVERY_NS,
    walk: WALK,
    detectors: detectorsOf(devices),
    splitter: [
      [wavelengthNm - 100, 0.95],
      [wavelengthNm - 20, 0.5],
      [wavelengthNm, 0.5],
      [wavelengthNm + 20, 0.5],
      [wavelengthNm + 100, 0.05],
    ],
    filter: { centreNm: wavelengthNm, widthNm: 1, outside: 1e-3 },
  };
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;
const list = (values: readonly number[]): string => values.join(', ');

/** Every one of them in words. */
export const assumedFlaws: readonly Assumed[] = [
  {
    what: 'fluctuation of the intensity, pulse to pulse',
    value: `${FLUCTUATION * 100} % (standard deviation)`,
    why: 'a laser diode that is switched, not a stabilised one',
  },
  {
    what: 'pattern effect',
    value: 'at most 0.4 % of the intensity after another class',
    why: 'a transmitter whose driver was tuned; industrial prototypes are reported to have more (arXiv:2411.00709)',
  },
  {
    what: 'emission of the diodes',
    value: `within ±${Math.max(...DIODES_PS)} ps, pulses of ${PULSE_WIDTH_PS} ps (standard deviation)`,
    why: 'inside what the study source-gate specifies for this link',
  },
  { what: 'extinction of the vacuum class', value: `${EXTINCTION_DB} dB`, why: 'a pair of modulators in series' },
  { what: 'polarisation contrast of the source', value: `${CONTRAST_DB} dB`, why: 'good polarising optics' },
  {
    what: 'efficiencies of the detectors, relative',
    value: list(EFFICIENCY),
    why: 'modules that were picked to be alike, to some percent',
  },
  { what: 'delays left after calibration', value: `${list(DELAY_PS)} ps`, why: 'a tenth of the jitter and less' },
  {
    what: 'sensitivity against time of arrival',
    value: `Gaussian about ${list(TIME_CENTRE_PS)} ps, ${TIME_WIDTH_PS} ps wide (standard deviation)`,
    why: 'the efficiency of a gate of electronics, not flat and not equal',
  },
  {
    what: 'sensitivity against angle',
    value: `Gaussian about ${list(ANGLE_CENTRE_MICRO_RAD)} µrad, ${ANGLE_WIDTH_MICRO_RAD} µrad wide`,
    why: 'detectors behind one field stop that are not centred alike (arXiv:1502.02785 shows the effect)',
  },
  {
    what: 'sensitivity against wavelength',
    value: `Gaussian about ${list(BAND_SHIFT_NM.map((shift) => BAND_CENTRE_NM + shift))} nm, ${BAND_WIDTH_NM} nm wide`,
    why: 'silicon around 850 nm',
  },
  {
    what: 'blinding and linear mode',
    value: `blind from ${BLINDING_W} W on; no click below ${LINEAR_NEVER_J} J, always from ${LINEAR_ALWAYS_J} J on`,
    why: 'so that twice "never" exceeds "always": faked states work as well as they can',
  },
  { what: 'back-flash that leaves the receiver', value: `${BACK_FLASH} a click`, why: 'no figure for such a receiver' },
  {
    what: 'after-pulses',
    value: `${AFTER_PULSE.probability} a click, ${AFTER_PULSE.timeConstantNs} ns after the dead time`,
    why: 'a good silicon module',
  },
  { what: 'recovery of the efficiency', value: `${RECOVERY_NS} ns`, why: 'a fifth of the dead time' },
  {
    what: 'timing walk',
    value: `${WALK.latePs} ps, decaying in ${WALK.decayNs} ns`,
    why: 'discriminators that have not settled',
  },
  {
    what: 'passive splitter',
    value: '1/2 within 20 nm of the band, 0.95 and 0.05 at 100 nm below and above',
    why: 'a dielectric coating outside of its band; the attack with wavelengths rests on it',
  },
  { what: 'filter', value: '1 nm wide, 30 dB outside', why: 'one interference filter' },
];

/** What other devices have in place of that. */
export function otherFlaws(devices: Devices): readonly Assumed[] {
  return [
    {
      what: 'in place of that, transmitter',
      value: `fluctuation ${percent(STEADY_FLUCTUATION)}, pulses of ${STEADY_WIDTH_PS} ps, no pattern effect, no offsets of diodes`,
      why: 'one stabilised laser with modulators behind it',
    },
    ...(devices === 'worn-windows'
      ? [
          {
            what: 'in place of that, sensitivity against time of arrival',
            value: `Gaussian about ${list(WORN_CENTRE_PS)} ps, ${WORN_WIDTH_PS} ps wide`,
            why: 'so bad that a shift of 50 ps tells nearly every bit',
          },
        ]
      : []),
    ...(devices === 'worn-back-flash'
      ? [
          {
            what: 'in place of that, detectors',
            value: `aligned in time and angle, back-flash ${WORN_BACK_FLASH} a click`,
            why: 'so bad that it shows',
          },
        ]
      : []),
  ];
}
