import { PhotonsError } from '../error.ts';
import type { Attack } from './adversary.ts';
import { afterGate, energyTime } from './after-gate.ts';
import { backFlash } from './back-flash.ts';
import { falseBeacon } from './beacon.ts';
import { beamSplitting } from './beam-splitting.ts';
import { blinding } from './blinding.ts';
import { breidbart } from './breidbart.ts';
import { calibration } from './calibration.ts';
import { deadTime } from './dead-time.ts';
import { falseTime, falseTimeRamp } from './false-time.ts';
import { afterPulseFault, deadDetector, hotDetector, laserDiodeFault, misalignment } from './fault.ts';
import { intensity, laserSeeding } from './intensity.ts';
import {
  interceptResend,
  interceptResendBasis,
  interceptResendBursts,
  interceptResendKeyBasis,
} from './intercept-resend.ts';
import { dazzling, jamming } from './jamming.ts';
import { laserDamage } from './laser-damage.ts';
import { photonNumberSplitting } from './photon-number-splitting.ts';
import { sourceTiming, sourceTimingStates } from './source-timing.ts';
import { spatialMode } from './spatial-mode.ts';
import { classDiscrimination, unambiguousDiscrimination } from './state-discrimination.ts';
import { checkedStrength } from './strength.ts';
import { timeShift, timeShiftTwoSided } from './time-shift.ts';
import { faintTrojanHorse, trojanHorse } from './trojan-horse.ts';
import { wavelength } from './wavelength.ts';

/** The link as it is, for false alarms. */
const none: Attack = {
  name: 'none',
  description: 'nobody is on the line and nothing is broken',
  reference: '',
  kind: 'none',
  visibility: null,
  expected: 'clean',
  assumption: null,
  strength: { meaning: 'nothing to measure', unit: '', low: 0, high: 0, usual: 0 },
  create(strength) {
    checkedStrength(none.name, none.strength, strength);
    return { name: none.name };
  },
};

/** All that can be played against a link: nothing, attacks from the source to the clock, faults. */
export const attacks: readonly Attack[] = [
  none,
  interceptResend,
  interceptResendBursts,
  interceptResendBasis,
  interceptResendKeyBasis,
  breidbart,
  photonNumberSplitting,
  beamSplitting,
  unambiguousDiscrimination,
  classDiscrimination,
  sourceTiming,
  sourceTimingStates,
  trojanHorse,
  faintTrojanHorse,
  intensity,
  laserSeeding,
  laserDamage,
  blinding,
  afterGate,
  energyTime,
  deadTime,
  timeShift,
  timeShiftTwoSided,
  spatialMode,
  wavelength,
  calibration,
  backFlash,
  jamming,
  dazzling,
  falseBeacon,
  falseTime,
  falseTimeRamp,
  deadDetector,
  hotDetector,
  misalignment,
  afterPulseFault,
  laserDiodeFault,
];

/** The entry of that name. Throws `photons/attack`, which names those that there are. */
export function attackNamed(name: string): Attack {
  const attack = attacks.find((entry) => entry.name === name);
  if (attack === undefined) {
    const known = attacks.map((entry) => entry.name).join(', ');
    throw new PhotonsError('photons/attack', `no attack is called ${JSON.stringify(name)}; there are ${known}`);
  }
  return attack;
}
