import { type Branches, Statistics } from '../light/branches.ts';
import type { BinConditions } from '../light/conditions.ts';
import type { PulseKinds } from '../light/kinds.ts';
import type { Pulse } from './adversary.ts';
import { multiPhotonProbability } from './photon-numbers.ts';

/** The few things that an adversary in the channel does with a pulse. A share is one of the pulses of a kind. */

/** Lets a share of the pulses go as on an honest link. */
export function passes(pulse: Pulse, conditions: BinConditions, share: number, out: Branches): void {
  const amount = pulse.meanPhotons * conditions.channelTransmittance;
  const { angleRad, purity } = pulse;
  out.add(
    pulse.kind,
    pulse.probability * share,
    { statistics: Statistics.coherent, amount, angleRad, purity },
    { guess: 0.5, attacked: false },
  );
}

/**
 * Lets nothing go on. `photons`: how many there were at the exit, as far as she counted; `guess`: what she knows of the bit,
 * should something else click in the slot.
 */
export function blocks(pulse: Pulse, share: number, out: Branches, photons?: number, guess = 0.5): void {
  const light = { statistics: Statistics.fock, amount: 0, angleRad: pulse.angleRad };
  const ledger = photons === undefined ? { guess, attacked: true } : { guess, attacked: true, photons };
  out.add(pulse.kind, pulse.probability * share, light, ledger);
}

/**
 * Hands photons of the pulse, as Alice made them, to the receiver's front without loss. `photons`: how many there were at
 * the exit.
 */
export function handsOverSome(
  pulse: Pulse,
  share: number,
  amount: 1 | 2,
  photons: number,
  guess: number,
  out: Branches,
): void {
  const { angleRad, purity } = pulse;
  out.add(
    pulse.kind,
    pulse.probability * share,
    { statistics: Statistics.fock, amount, angleRad, purity },
    { guess, attacked: true, photons },
  );
}

/**
 * Probability with which a pulse must put one photon at the receiver's front for Bob to find as many as from coherent
 * light of this mean over the honest way: the gain over the receiver's transmittance.
 */
export function frontProbability(
  meanPhotons: number,
  {
    channelTransmittance,
    receiverTransmittance,
  }: Pick<BinConditions, 'channelTransmittance' | 'receiverTransmittance'>,
): number {
  if (receiverTransmittance === 0) return meanPhotons * channelTransmittance;
  return -Math.expm1(-meanPhotons * channelTransmittance * receiverTransmittance) / receiverTransmittance;
}

/** The same for two photons and what coherent light makes of double counts. */
export function frontPairs(
  meanPhotons: number,
  {
    channelTransmittance,
    receiverTransmittance,
  }: Pick<BinConditions, 'channelTransmittance' | 'receiverTransmittance'>,
): number {
  if (receiverTransmittance === 0) return (meanPhotons * channelTransmittance) ** 2 / 2;
  const counts = meanPhotons * channelTransmittance * receiverTransmittance;
  return multiPhotonProbability(counts) / receiverTransmittance ** 2;
}

/** Her probability of reading the bit off one photon that she kept until bases were announced. */
export function keptGuess(pulse: Pulse): number {
  return (1 + pulse.purity) / 2;
}

/** Mean over the pulses of a class of what depends on their mean photon number: fluctuation and pattern are in it. */
export function averageOfClass(kinds: PulseKinds, intensity: number, of: (meanPhotons: number) => number): number {
  let sum = 0;
  let all = 0;
  for (let kind = 0; kind < kinds.count; kind++) {
    if (kinds.intensity[kind] !== intensity) continue;
    sum += kinds.probability[kind]! * of(kinds.meanPhotons[kind]!);
    all += kinds.probability[kind]!;
  }
  return all > 0 ? sum / all : 0;
}
