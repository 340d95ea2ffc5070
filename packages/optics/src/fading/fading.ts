/** How the received light of a link fluctuates at one moment. */
import { demand, demandPositive } from '../error.ts';
import { gaussianHalfAngleRad } from '../link/geometric.ts';
import type { Fading, Link, LinkGeometry } from '../link/link.ts';
import { scintillationIndex, scintillationTimeS } from '../turbulence/scintillation.ts';
import { uplinkBeam, wanderTimeS } from '../turbulence/uplink-beam.ts';
import { memoryS } from './memory.ts';

/**
 * Correlation time of a terminal's pointing error, s: an assumption. A process that forgets so has its corner at 16 Hz;
 * the vibrations of Micius had their energy below 30 Hz ("Angular micro-vibration of the Micius satellite measured by an
 * optical sensor and the method for its suppression", 2021, abstract). No flown terminal's own figure is known here.
 */
export const POINTING_CORRELATION_S = 0.01;

function scintillationOf(link: Link, at: LinkGeometry): Fading['scintillation'] {
  const { direction, air, wavelengthNm, receiver } = link;
  if (direction === 'space' || !air?.turbulence) return null;
  const path = {
    direction,
    profile: air.turbulence,
    stationHeightM: air.stationHeightM,
    wavelengthNm,
    elevationDeg: at.elevationDeg,
    apertureDiameterM: receiver.diameterM,
    slewRadS: at.slewRadS ?? 0,
  };
  return { ...scintillationIndex(path), correlationS: scintillationTimeS(path) };
}

function pointingOf(link: Link, at: LinkGeometry, pointingCorrelationS: number): Fading['pointing'] {
  const { direction, transmitter, wavelengthNm, air } = link;
  const { jitterRad, biasRad, beam } = transmitter;
  const halfAngleRad = gaussianHalfAngleRad(beam, wavelengthNm);
  if (direction !== 'up' || !air?.turbulence) {
    if (jitterRad === 0) return null;
    return { jitterRad, biasRad, beamHalfAngleRad: halfAngleRad, correlationS: pointingCorrelationS };
  }
  const path = {
    profile: air.turbulence,
    stationHeightM: air.stationHeightM,
    wavelengthNm,
    elevationDeg: at.elevationDeg,
    rangeKm: at.rangeKm,
    transmitterRadiusM: (wavelengthNm * 1e-9) / (Math.PI * halfAngleRad),
  };
  const { diffractiveRadiusM, longTermRadiusM, wanderM } = uplinkBeam(path);
  // Angles as the budget has them: in units of the spot that the same beam would make without air.
  const angle = halfAngleRad / diffractiveRadiusM;
  const wanderRad = (angle * wanderM) / Math.SQRT2;
  // A spot of this width that wanders is in the mean the long-term spot of the budget.
  const beamHalfAngleRad = angle * Math.sqrt(longTermRadiusM ** 2 - 2 * wanderM ** 2);
  const wanderS = wanderTimeS({ ...path, slewRadS: at.slewRadS ?? 0 });
  const bothRad = Math.hypot(jitterRad, wanderRad);
  const [jitters, wanders] = [(jitterRad / bothRad) ** 2, (wanderRad / bothRad) ** 2];
  const correlation = (timeS: number) =>
    jitters * Math.exp(-timeS / pointingCorrelationS) + wanders * Math.exp(-timeS / wanderS);
  const correlationS = memoryS(correlation, Math.min(pointingCorrelationS, wanderS) / 2);
  return { jitterRad: bothRad, biasRad, beamHalfAngleRad, correlationS };
}

/**
 * Fluctuation of the received light around the mean of the budget, both parts with mean 1.
 *
 * Scintillation is null in space and where the air's turbulence is null. Pointing is the transmitter's jitter over the
 * Gaussian that stands in for its beam, null where nothing jitters; for an uplink the wander of the beam in turbulence is
 * added to it and the spot is the one that, wandering, makes the long-term spot of the budget. Fluctuations of the
 * coupling into a field stop or fibre are not described.
 * @throws OpticsError `optics/parameter`, `optics/elevation`, `optics/range` for an uplink that ends inside the air
 */
export function fadingOf(
  link: Link,
  at: LinkGeometry,
  { pointingCorrelationS = POINTING_CORRELATION_S }: { readonly pointingCorrelationS?: number } = {},
): Fading {
  demandPositive('pointingCorrelationS', pointingCorrelationS);
  demandPositive('rangeKm', at.rangeKm);
  demand('transmitter.jitterRad', link.transmitter.jitterRad, 0, Number.POSITIVE_INFINITY);
  demand('transmitter.biasRad', link.transmitter.biasRad, 0, Number.POSITIVE_INFINITY);
  return { scintillation: scintillationOf(link, at), pointing: pointingOf(link, at, pointingCorrelationS) };
}
