import { type Atmosphere, atmosphereAt, atmosphereLossDb, lowestElevationDeg } from './atmosphere.ts';
import { lossDbOf, transmittanceOf } from './decibel.ts';
import { demand, demandPositive } from './error.ts';
import { checkReceiver, gaussianLossDb, topHatLossDb } from './geometric.ts';
import { pointingLossDb } from './pointing.ts';

/** One factor of the channel, with where it comes from. */
export interface LossTerm {
  readonly name: string;
  readonly lossDb: number;
  readonly source: string;
}

/** The channel at one moment, term by term; detector efficiency is never in it. */
export interface LinkBudget {
  readonly terms: readonly LossTerm[];
  /** Sum of the terms. */
  readonly totalDb: number;
  /** The same as a factor, 0 to 1. */
  readonly transmittance: number;
}

/** Where the satellite stands; `Look` of the orbit package has both fields. */
export interface LinkGeometry {
  readonly rangeKm: number;
  readonly elevationDeg: number;
}

/** What light loses between transmitter and detectors. */
export interface Channel {
  /** Whether the channel says something about this geometry. */
  covers(at: LinkGeometry): boolean;
  /** @throws OpticsError `optics/range` or `optics/elevation` where `covers` is false */
  loss(at: LinkGeometry): LinkBudget;
}

/** A downlink as its optics describe it. */
export interface LinkParameters {
  /** Measured divergence, full angle; between the 1/e^2 points for a Gaussian beam. */
  readonly divergenceRad: number;
  readonly beam: 'top-hat' | 'gaussian';
  readonly receiverDiameterM: number;
  readonly obscurationDiameterM: number;
  readonly wavelengthNm: number;
  /** Clear-air transmittance in the zenith, for wavelengths that no built-in model covers; goes before the model. */
  readonly zenithTransmittance?: number;
  /** Standard deviation of the pointing error per axis. */
  readonly transmitterJitterRad: number;
  /** What the transmitter loses after the point where its intensities are defined. */
  readonly transmitterLossDb: number;
  /** Ground telescope, filters, analyser and fibre, without the detectors. */
  readonly receiverOpticsTransmittance: number;
}

/**
 * A loss that is what it is, whatever the geometry.
 * @throws OpticsError `optics/parameter` unless it is a finite number of 0 dB or more
 */
export function fixedTerm(name: string, lossDb: number, source: string): LossTerm {
  demand(`${name}: lossDb`, lossDb, 0, Number.POSITIVE_INFINITY);
  return { name, lossDb, source };
}

/** Adds terms up. */
export function sumUp(terms: readonly LossTerm[]): LinkBudget {
  const totalDb = terms.reduce((sum, { lossDb }) => sum + lossDb, 0);
  return { terms, totalDb, transmittance: transmittanceOf(totalDb) };
}

function atmosphereOf({ zenithTransmittance, wavelengthNm }: LinkParameters): Atmosphere {
  return zenithTransmittance === undefined ? atmosphereAt(wavelengthNm) : { zenithTransmittance };
}

function checkParameters(parameters: LinkParameters): void {
  demandPositive('divergenceRad', parameters.divergenceRad);
  checkReceiver(parameters.receiverDiameterM, parameters.obscurationDiameterM);
  demandPositive('wavelengthNm', parameters.wavelengthNm);
  demand('transmitterJitterRad', parameters.transmitterJitterRad, 0, Number.POSITIVE_INFINITY);
  demand('transmitterLossDb', parameters.transmitterLossDb, 0, Number.POSITIVE_INFINITY);
  demand('receiverOpticsTransmittance', parameters.receiverOpticsTransmittance, 0, 1, 'open');
  if (parameters.zenithTransmittance !== undefined) {
    demand('zenithTransmittance', parameters.zenithTransmittance, 0, 1, 'open');
  }
}

const ATMOSPHERE_SOURCE = {
  'modtran-785': 'MODTRAN zenith loss at 785 nm times Kasten-Young airmass',
  'modtran-810': 'MODTRAN table at 810 nm',
  'modtran-850': 'MODTRAN zenith loss at 850 nm times Kasten-Young airmass',
} as const;

/**
 * The downlink budget in clear, still air. Turbulence is not in it, nor what an experiment loses by imperfect
 * alignment: with Micius's published figures it is 4 dB (645 km) to 8 dB (1200 km) more optimistic than the loss
 * measured for Micius. The pointing term is that of a Gaussian beam of the same divergence, for a top-hat beam too.
 * @throws OpticsError `optics/parameter`, `optics/wavelength`, `optics/elevation`
 */
export function budget(parameters: LinkParameters, { rangeKm, elevationDeg }: LinkGeometry): LinkBudget {
  checkParameters(parameters);
  const { beam, divergenceRad, transmitterJitterRad } = parameters;
  const atmosphere = atmosphereOf(parameters);
  return sumUp([
    fixedTerm('transmitter', parameters.transmitterLossDb, 'parameter of the link'),
    {
      name: 'beam spread',
      lossDb:
        beam === 'top-hat' ? topHatLossDb({ ...parameters, rangeKm }) : gaussianLossDb({ ...parameters, rangeKm }),
      source: beam === 'top-hat' ? 'uniform spot of the measured divergence' : 'Gaussian spot, full 1/e^2 divergence',
    },
    {
      name: 'pointing',
      lossDb: pointingLossDb({ beamHalfAngleRad: divergenceRad / 2, jitterRad: transmitterJitterRad }),
      source: 'mean over Gaussian jitter of a Gaussian beam',
    },
    {
      name: 'atmosphere',
      lossDb: atmosphereLossDb({ ...atmosphere, elevationDeg }),
      source:
        'model' in atmosphere
          ? ATMOSPHERE_SOURCE[atmosphere.model]
          : 'given zenith transmittance times Kasten-Young airmass',
    },
    fixedTerm('receiver optics', lossDbOf(parameters.receiverOpticsTransmittance), 'parameter of the link'),
  ]);
}

/**
 * A channel by `budget`.
 * @throws OpticsError `optics/parameter`, `optics/wavelength` at once, not at the first pass
 */
export function modelChannel(parameters: LinkParameters): Channel {
  checkParameters(parameters);
  const lowestDeg = lowestElevationDeg(atmosphereOf(parameters));
  return {
    covers: ({ rangeKm, elevationDeg }) =>
      rangeKm > 0 && Number.isFinite(rangeKm) && elevationDeg >= lowestDeg && elevationDeg <= 90,
    loss: (at) => budget(parameters, at),
  };
}
