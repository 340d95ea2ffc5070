import { extinctionLossDb, extinctionSource, lowestElevationDeg } from '../air/atmosphere.ts';
import { apparentElevationDeg, standardAir } from '../air/refraction.ts';
import { demand, demandPositive, OpticsError } from '../error.ts';
import { fadingOf } from '../fading/fading.ts';
import { checkColumn, slant, TOP_OF_TURBULENCE_M } from '../turbulence/cn2.ts';
import { singleModeCoupling } from '../turbulence/fibre-coupling.ts';
import { fieldOfViewCoupling } from '../turbulence/field-stop.ts';
import { friedParameterM } from '../turbulence/turbulence.ts';
import { uplinkBeam } from '../turbulence/uplink-beam.ts';
import { lossDbOf, transmittanceOf } from './decibel.ts';
import { farFieldKm } from './diffraction.ts';
import { beamSpreadLossDb, checkBeam, checkReceiver, gaussianHalfAngleRad, gaussianLossDb } from './geometric.ts';
import type { Air, Channel, Link, LinkBudget, LinkGeometry, LossTerm } from './link.ts';
import { pointingLossDb } from './pointing.ts';

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

/** @throws OpticsError `optics/parameter`, `optics/wavelength` */
function checkLink({ direction, wavelengthNm, transmitter, receiver, air }: Link): void {
  demandPositive('wavelengthNm', wavelengthNm);
  checkBeam(transmitter.beam);
  checkReceiver(receiver.diameterM, receiver.obscurationDiameterM);
  const notNegative = {
    'transmitter.jitterRad': transmitter.jitterRad,
    'transmitter.biasRad': transmitter.biasRad,
    'transmitter.lossDb': transmitter.lossDb,
    'receiver.jitterRad': receiver.jitterRad,
    'receiver.biasRad': receiver.biasRad,
  };
  for (const [field, value] of Object.entries(notNegative)) demand(field, value, 0, Number.POSITIVE_INFINITY);
  demand('receiver.transmittance', receiver.transmittance, 0, 1, 'open');
  const { coupling, fieldOfViewRad } = receiver;
  if (coupling.kind === 'field-of-view') {
    demand('receiver.fieldOfViewRad', fieldOfViewRad, 0, Math.PI, 'open');
  } else if (!(Number.isSafeInteger(coupling.correctedModes) && coupling.correctedModes >= 1)) {
    const given = coupling.correctedModes;
    throw new OpticsError(
      'optics/parameter',
      `receiver.coupling.correctedModes is ${given}; it must be a whole number, 1 or more`,
    );
  }
  if ((direction === 'space') !== (air === null)) {
    throw new OpticsError(
      'optics/parameter',
      air ? 'air is given; a link in space has none, it must be null' : `air is null; a link ${direction} must have it`,
    );
  }
  if (!air) return;
  lowestElevationDeg({ ...air, wavelengthNm });
  if (air.turbulence) {
    const { windMS, groundWindMS } = air.turbulence;
    checkColumn({ profile: air.turbulence, stationHeightM: air.stationHeightM });
    // Fading needs air that moves, and the wind at the ground blows at every height.
    demand('air.turbulence.windMS', windMS, 0, Number.POSITIVE_INFINITY, 'open');
    demand('air.turbulence.groundWindMS', groundWindMS, 0, windMS);
  }
}

const apparent = (air: Air, elevationDeg: number): number =>
  apparentElevationDeg(elevationDeg, standardAir(air.stationHeightM));

/** Spread of the undisturbed beam over the whole receiver, and what the receiver's obscuration hides of it. */
function spreadTerms({ transmitter: { beam }, receiver, wavelengthNm }: Link, rangeKm: number): LossTerm[] {
  const { diameterM, obscurationDiameterM } = receiver;
  const spot = { beam, wavelengthNm, rangeKm, receiverDiameterM: diameterM };
  const openDb = beamSpreadLossDb(spot);
  const near = beam.kind === 'aperture' && rangeKm < farFieldKm(beam.diameterM, wavelengthNm);
  const spread: LossTerm = {
    name: 'beam spread',
    lossDb: openDb,
    source: {
      'top-hat': 'uniform spot of the measured divergence',
      gaussian: 'Gaussian spot, full 1/e^2 divergence',
      aperture: `Fraunhofer integral over the aperture${near ? ', focused on the receiver' : ''}`,
    }[beam.kind],
  };
  if (obscurationDiameterM === 0) return [spread];
  // Rounding may leave the difference a hair under zero.
  const hiddenDb = Math.max(0, beamSpreadLossDb({ ...spot, obscurationDiameterM }) - openDb);
  return [spread, { name: 'receiver obscuration', lossDb: hiddenDb, source: 'what of the spot falls into its shadow' }];
}

/**
 * What turbulence at the foot of an uplink and pointing errors take together. An uplink is spread first and the spread
 * beam jitters: errors small against the spread spot cost little. The Gaussian that stands in for an aperture is within
 * 0.6 dB of the aperture's own integral, with an obscuration of a third too.
 */
function directionTerms(link: Link, { rangeKm, elevationDeg }: LinkGeometry): LossTerm[] {
  const { direction, transmitter, receiver, wavelengthNm, air } = link;
  const { beam, jitterRad, biasRad } = transmitter;
  const standIn = gaussianHalfAngleRad(beam, wavelengthNm);
  const pointing = (beamHalfAngleRad: number): LossTerm => ({
    name: 'pointing',
    lossDb: pointingLossDb({ beamHalfAngleRad, jitterRad, biasRad }),
    source: {
      'top-hat': 'mean over jitter and bias; Gaussian of the same full angle',
      gaussian: 'mean over jitter and bias of the Gaussian beam',
      aperture: 'mean over jitter and bias; Gaussian with the curvature of the far field',
    }[beam.kind],
  });
  if (direction !== 'up' || !air?.turbulence) return [pointing(standIn)];
  const { diffractiveRadiusM, longTermRadiusM } = uplinkBeam({
    transmitterRadiusM: (wavelengthNm * 1e-9) / (Math.PI * standIn),
    profile: air.turbulence,
    stationHeightM: air.stationHeightM,
    wavelengthNm,
    elevationDeg,
    rangeKm,
  });
  const widened = standIn * Math.max(1, longTermRadiusM / diffractiveRadiusM);
  const spot = (halfAngleRad: number) =>
    gaussianLossDb({ divergenceRad: 2 * halfAngleRad, rangeKm, receiverDiameterM: receiver.diameterM });
  const spread: LossTerm = {
    name: 'turbulence spread',
    lossDb: Math.max(0, spot(widened) - spot(standIn)),
    source: 'long-term spot of a Gaussian beam against diffraction, Hufnagel-Valley',
  };
  return [spread, pointing(widened)];
}

/** From the focus to the detectors. Seeing belongs to a downlink: an uplink's turbulence is far from its receiver. */
function couplingTerms({ direction, receiver, wavelengthNm, air }: Link, elevationDeg: number): LossTerm[] {
  const { coupling, diameterM, obscurationDiameterM, jitterRad, biasRad, fieldOfViewRad } = receiver;
  const profile = direction === 'down' ? air?.turbulence : null;
  const friedM = profile
    ? friedParameterM({ profile, stationHeightM: air!.stationHeightM, wavelengthNm, elevationDeg })
    : Number.POSITIVE_INFINITY;
  if (coupling.kind === 'field-of-view') {
    const share = fieldOfViewCoupling({ friedM, wavelengthNm, diameterM, fieldOfViewRad, jitterRad, biasRad });
    return [
      profile
        ? {
            name: 'seeing and field of view',
            lossDb: lossDbOf(share),
            source: 'seeing-limited image and tracking in a field stop',
          }
        : {
            name: 'field of view',
            lossDb: lossDbOf(share),
            source: 'diffraction-limited image and tracking in a field stop',
          },
    ];
  }
  const { correctedModes } = coupling;
  const fibre = { diameterM, obscurationDiameterM, friedM, correctedModes };
  const share = singleModeCoupling(fibre);
  const still = jitterRad === 0 && biasRad === 0;
  const tracked = still ? share : singleModeCoupling({ ...fibre, tracking: { wavelengthNm, jitterRad, biasRad } });
  return [
    {
      name: 'fibre coupling',
      lossDb: lossDbOf(share),
      source: profile
        ? `single mode behind turbulence, ${correctedModes} Noll modes removed`
        : 'single mode of an undisturbed wave',
    },
    {
      name: 'receiver tracking',
      lossDb: Math.max(0, lossDbOf(tracked) - lossDbOf(share)),
      source: `mean over jitter and bias of the fibre mode sent backwards${profile ? ', spread by turbulence' : ''}`,
    },
  ];
}

function termsOf(link: Link, at: LinkGeometry): LossTerm[] {
  const { transmitter, receiver, wavelengthNm, air } = link;
  const terms = [
    fixedTerm('transmitter', transmitter.lossDb, 'parameter of the link'),
    ...spreadTerms(link, at.rangeKm),
    ...directionTerms(link, at),
  ];
  if (air) {
    const column = { ...air, wavelengthNm };
    terms.push({
      name: 'extinction',
      lossDb: extinctionLossDb({ ...column, elevationDeg: apparent(air, at.elevationDeg) }),
      source: extinctionSource(column),
    });
  }
  terms.push(
    ...couplingTerms(link, at.elevationDeg),
    fixedTerm('receiver optics', lossDbOf(receiver.transmittance), 'parameter of the link'),
  );
  return terms;
}

/**
 * The budget of a link at one moment without clouds, in the mean over fading: scintillation moves light in time and takes
 * none, so it has no term here (`fadingOf` has it). Which terms there are depends on the link alone, never on where its
 * ends stand.
 * @throws OpticsError `optics/parameter`, `optics/wavelength`, `optics/elevation`
 */
export function budget(link: Link, at: LinkGeometry): LinkBudget {
  checkLink(link);
  return sumUp(termsOf(link, at));
}

/**
 * A channel by `budget`. It covers every range, and on the ground every elevation at which its air is known; with
 * turbulence not the horizon itself, and upwards only what is above the air.
 * @throws OpticsError `optics/parameter`, `optics/wavelength` at once, not at the first pass
 */
export function modelChannel(link: Link): Channel {
  checkLink(link);
  const { air, direction, wavelengthNm } = link;
  const lowestDeg = air ? lowestElevationDeg({ ...air, wavelengthNm }) : 0;
  const inSight = ({ rangeKm, elevationDeg }: LinkGeometry): boolean => {
    if (!air) return true;
    if (!(elevationDeg >= 0 && elevationDeg <= 90 && apparent(air, elevationDeg) >= lowestDeg)) return false;
    if (!air.turbulence) return true;
    // Turbulence lies in flat layers, and what spreads an uplink must be crossed to its end.
    const airKm = direction === 'up' ? (TOP_OF_TURBULENCE_M - air.stationHeightM) / 1000 : 0;
    return elevationDeg > 0 && rangeKm >= airKm * slant(elevationDeg);
  };
  return {
    covers: (at) => at.rangeKm > 0 && Number.isFinite(at.rangeKm) && inSight(at),
    loss: (at) => sumUp(termsOf(link, at)),
    fading: (at) => fadingOf(link, at),
  };
}
