/** Light that nobody sent, on a link at a moment. */
import { backgroundRateHz, groundRadiance, type Radiance, skyRadiance } from '@skykey/optics';
import { look, moon, sun } from '@skykey/orbit';
import type { Lights } from './lights.ts';
import { moonBehind } from './lunar.ts';
import type { LinkScenario } from './model.ts';

/** What the receiver looks at, term by term, W m^-2 sr^-1 nm^-1. */
export interface Background extends Radiance {
  /** What the receiver would record of it ungated, all detectors together, counts/s. */
  readonly rateHz: number;
}

/**
 * The background of a link at a moment: the sky along the line of sight, with the Moon's disc where the satellite stands
 * before it; for an uplink the ground around the station. Sunlight that the satellite itself reflects is not in it: no
 * figure is published. Throws OrbitError for a moment without a position, OpticsError for a satellite below the horizon or
 * in the disc of the Sun.
 */
export function backgroundAt(link: LinkScenario, utcMs: number): Background {
  const { station } = link.station;
  const lights = {
    view: look(link.satellite.target, station, utcMs),
    sun: sun(station, utcMs),
    moon: moon(station, utcMs),
  };
  const { terms, radiance } = radianceOf(link, link.station.document, lights);
  const disc = moonBehind(link, utcMs, lights);
  return backgroundOf(
    link,
    disc ? { terms: [...terms, disc], radiance: radiance + disc.radiance } : { terms, radiance },
  );
}

/** What the receiver of a link looks at under these lights, the Moon's disc aside. Throws OpticsError. */
export function radianceOf(
  { direction, optics, receiverDocument }: Pick<LinkScenario, 'direction' | 'optics' | 'receiverDocument'>,
  { altitudeM, sky, ground }: LinkScenario['station']['document'],
  lights: Lights,
): Radiance {
  const { wavelengthNm } = optics;
  const filterWidthNm = receiverDocument.filterWidthNm.value;
  if (direction === 'down') {
    return skyRadiance({
      wavelengthNm,
      stationHeightM: altitudeM.value,
      ...lights,
      artificialBrightnessMcdM2: sky.artificialBrightnessMcdM2.value,
      filterWidthNm,
    });
  }
  return groundRadiance({
    wavelengthNm,
    viewElevationDeg: lights.view.elevationDeg,
    sunElevationDeg: lights.sun.elevationDeg,
    moon: lights.moon,
    // `checkDocument` has seen that an uplink has it.
    albedo: ground!.albedo.value,
    cityRadianceNwCm2Sr: ground!.cityRadianceNwCm2Sr.value,
    filterWidthNm,
  });
}

/** What the receiver of a link records of this radiance. */
export function backgroundOf(
  {
    optics,
    receiverDocument,
    detectorEfficiency,
  }: Pick<LinkScenario, 'optics' | 'receiverDocument' | 'detectorEfficiency'>,
  { terms, radiance }: Radiance,
): Background {
  const rateHz = backgroundRateHz({
    radiance,
    fieldOfViewRad: optics.receiver.fieldOfViewRad,
    receiverDiameterM: optics.receiver.diameterM,
    obscurationDiameterM: optics.receiver.obscurationDiameterM,
    coupling: optics.receiver.coupling,
    filterWidthNm: receiverDocument.filterWidthNm.value,
    wavelengthNm: optics.wavelengthNm,
    opticsTransmittance: optics.receiver.transmittance,
    detectorEfficiency,
  });
  return { terms, radiance, rateHz };
}
