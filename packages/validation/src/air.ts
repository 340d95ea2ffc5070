/** Air and sky: extinction, turbulence, brightness. */
import {
  airmass,
  type Extinction,
  extinctionLossDb,
  friedParameterM,
  isoplanaticAngleRad,
  logIrradianceVariance,
  rayleighOpticalDepth,
  refractionDeg,
  singleModeCoupling,
  skyRadiance,
  transmittanceOf,
} from '@skykey/optics';
import type { Comparison, LeftOut, Origin } from './comparison.ts';

const HALF = { basis: 'half a printed digit' } as const;

function pvlib(elevationDeg: number, printed: string): Comparison {
  return {
    id: `airmass-${String(elevationDeg).replace('.', '-')}`,
    area: 'optics',
    quantity: `airmass at ${elevationDeg} deg (Kasten & Young 1989)`,
    unit: '',
    printed,
    origin: { work: 'pvlib-python (BSD-3)', place: 'test of kastenyoung1989', seen: 'code' },
    tolerance: HALF,
    inputs: 'apparent elevation',
    compute: () => airmass(elevationDeg),
  };
}

const MODTRAN: Extinction = { kind: 'modtran' };
/** Losses in the zenith that Skykey took from the table, printed to a thousandth. */
const ROUNDED_DB = 0.0005;

function modtran(wavelengthNm: 785 | 810 | 850, elevationDeg: number, printed: string): Comparison {
  const path = { extinction: MODTRAN, wavelengthNm, stationHeightM: 0, elevationDeg };
  const atDb = (moreDb: number) => transmittanceOf(extinctionLossDb(path) + moreDb);
  const roundedDb = ROUNDED_DB * (wavelengthNm === 810 ? 1 : airmass(elevationDeg));
  const rounding = (): LeftOut => ({
    term: 'rounding of the losses taken from the table',
    low: atDb(roundedDb) - atDb(0),
    high: atDb(-roundedDb) - atDb(0),
    source: 'half of their last digit, times the airmass where it multiplies them',
  });
  return {
    id: `modtran-${wavelengthNm}-${elevationDeg}`,
    area: 'optics',
    quantity: `transmittance of clear air at ${wavelengthNm} nm, ${elevationDeg} deg`,
    unit: '',
    printed,
    origin: {
      work: 'MODTRAN, as tabulated with SatQuMA (Sidhu et al.; MIT)',
      place: 'MODTRAN_wl_785.0-850.0-5.0nm_h1_500.0km_h0_0.0km_elevation_data.csv',
      seen: 'published',
    },
    tolerance: HALF,
    inputs:
      wavelengthNm === 810
        ? 'the five losses of the table that Skykey has, at 10, 20, 30, 60 and 90 deg, straight in airmass between'
        : 'the loss of the table in the zenith, times airmass',
    leftOut: rounding,
    knownBefore: 'up to 1.5 % of the loss at 785 nm and 0.5 % at 850 nm',
    compute: () => atDb(0),
  };
}

const HV57 = { windMS: 21, groundCn2: 1.7e-14, groundWindMS: 5 };
const ITU: Origin = { work: 'ITU-R P.1622', place: 'Table 2', seen: 'second-hand' };

function itu(windMS: number, wavelengthNm: number, printed: string): Comparison {
  return {
    id: `p1622-${windMS}-${wavelengthNm}`,
    area: 'optics',
    quantity: `log-irradiance variance at 75 deg, wind ${windMS} m/s, ${wavelengthNm} nm`,
    unit: '',
    printed,
    origin: ITU,
    tolerance: HALF,
    inputs: 'Hufnagel-Valley, 1.7e-14 m^(-2/3) at the ground, station at 5.5 m',
    compute: () =>
      logIrradianceVariance({
        profile: { ...HV57, windMS },
        stationHeightM: 5.5,
        wavelengthNm,
        elevationDeg: 75,
      }),
  };
}

const ZENITH_500 = { profile: HV57, stationHeightM: 0, wavelengthNm: 500, elevationDeg: 90 };
const HV_NAME: Origin = {
  work: 'Hufnagel-Valley 5/7 profile',
  place: 'the two numbers of its name, zenith, 500 nm',
  seen: 'second-hand',
};

/** Molecules above a square centimetre at 1013.25 hPa: Avogadro over the mass of a mole and the gravity of mid-latitudes. */
const COLUMN_CM2 = ((101_325 * 6.02214076e23) / (0.0289647 * 9.789)) * 1e-4;

const NIGHT = {
  stationHeightM: 2350,
  view: { elevationDeg: 90, azimuthDeg: 0 },
  sun: { elevationDeg: -60, azimuthDeg: 0 },
  moon: { elevationDeg: -60, azimuthDeg: 90, phaseAngleDeg: 180 },
  artificialBrightnessMcdM2: 0,
};

/** Flux of magnitude 0 (W m^-2 nm^-1) at the effective wavelength (nm): Bessell, Castelli & Plez 1998, table A2. */
const BANDS = { B: [438, 6.32e-11], V: [545, 3.631e-11], R: [641, 2.177e-11] } as const;
const ARCSEC2_PER_SR = (180 * 3600) ** 2 / Math.PI ** 2;
const magnitude = (radiance: number, zeroFlux: number) => -2.5 * Math.log10(radiance / zeroFlux / ARCSEC2_PER_SR);

function darkSky(band: keyof typeof BANDS, printed: string): Comparison {
  const [wavelengthNm, zeroFlux] = BANDS[band];
  return {
    id: `la-palma-${band.toLowerCase()}`,
    area: 'optics',
    quantity: `moonless zenith in ${band} at solar minimum and high ecliptic latitude`,
    unit: 'mag/arcsec^2',
    printed,
    origin: {
      work: 'Benn & Ellison, La Palma Technical Note 115 (1998)',
      place: 'abstract',
      seen: 'published',
    },
    tolerance: HALF,
    inputs: 'dark sky without city glow at 2,350 m; the level of Skykey is from Paranal near solar maximum',
    leftOut: {
      term: 'solar activity and zodiacal light, each up to 0.4 mag brighter in Skykey than in the printed value',
      low: 0,
      high: 0.8,
      source: 'same abstract: brighter by 0.4 mag at solar maximum and by 0.4 mag at low ecliptic latitude',
    },
    knownBefore:
      'Skykey takes its dark zenith from Paranal (Patat 2003): 22.6, 21.6 and 20.9, known when the bounds were written',
    compute: () => magnitude(skyRadiance({ ...NIGHT, wavelengthNm }).radiance, zeroFlux),
  };
}

/** Skykey's city glow in V as a surface brightness, from a luminance. */
function glow(luminanceMcdM2: number): number {
  const { terms } = skyRadiance({ ...NIGHT, wavelengthNm: 550, artificialBrightnessMcdM2: luminanceMcdM2 });
  return magnitude(terms.find(({ name }) => name === 'city glow')!.radiance, BANDS.V[1]);
}

function luminance(printed: string, mcdM2: number): Comparison {
  return {
    id: `falchi-${printed.replace('.', '-')}`,
    area: 'optics',
    quantity: `surface brightness in V of a luminance of ${mcdM2} mcd/m^2`,
    unit: 'mag/arcsec^2',
    printed,
    origin: {
      work: 'Falchi et al., Science Advances 2:e1600377 (2016)',
      place: 'legend of the colours, as quoted by later texts',
      seen: 'second-hand',
    },
    tolerance: HALF,
    inputs: 'by way of nanolamberts (Krisciunas & Schaefer 1991, eq. 1) and the zero point of Bessell et al. 1998',
    leftOut: () => ({
      term: `rounding of ${mcdM2} mcd/m^2`,
      low: glow(mcdM2 + 0.05) - glow(mcdM2),
      high: glow(mcdM2 - 0.05) - glow(mcdM2),
      source: 'half its last digit',
    }),
    compute: () => glow(mcdM2),
  };
}

/** Extinction of the example and the one that Skykey's moonlight has built in, mag; layer path of the same paper, eq. 3. */
const EXAMPLE_MAG = 0.15;
const BUILT_IN_MAG = 0.172;
const layerPath = (zenithDeg: number) => (1 - 0.96 * Math.sin((zenithDeg * Math.PI) / 180) ** 2) ** -0.5;
const moonBrightness = (mag: number) => 10 ** (-0.4 * mag * layerPath(70)) * (1 - 10 ** (-0.4 * mag * layerPath(20)));
const EXTINCTION_CHANGE = -2.5 * Math.log10(moonBrightness(EXAMPLE_MAG) / moonBrightness(BUILT_IN_MAG));

export const AIR: readonly Comparison[] = [
  pvlib(10, '5.586'),
  pvlib(0.1, '36.467'),
  modtran(785, 10, '0.482591'),
  modtran(785, 15, '0.608170'),
  modtran(785, 20, '0.684172'),
  modtran(785, 30, '0.769584'),
  modtran(850, 10, '0.539028'),
  modtran(850, 15, '0.656788'),
  modtran(850, 20, '0.726081'),
  modtran(850, 30, '0.802365'),
  modtran(810, 15, '0.513317'),
  modtran(810, 25, '0.646572'),
  modtran(810, 40, '0.738633'),
  {
    id: 'nicolet-cross-section',
    area: 'optics',
    quantity: 'Rayleigh cross-section of a molecule of air at 1 um',
    unit: 'cm^2',
    printed: '4.02e-28',
    origin: {
      work: 'Nicolet, Planet. Space Sci. 32:1467 (1984), after Bates 1984',
      place: 'abstract',
      seen: 'published',
    },
    tolerance: { basis: 'stated uncertainty', value: 2.01e-30, stated: 'within ±0.5%' },
    inputs: 'optical depth at 1013.25 hPa over the column of molecules (28.9647 g/mol, 9.789 m/s^2)',
    compute: () => rayleighOpticalDepth({ wavelengthNm: 1000, pressureHPa: 1013.25 }) / COLUMN_CM2,
  },
  {
    id: 'meeus-refraction',
    area: 'optics',
    quantity: 'refraction at a true elevation of 33.20 arcmin',
    unit: 'arcmin',
    printed: '24.62',
    origin: {
      work: 'Meeus, Astronomical Algorithms',
      place: 'example 16.a, as quoted by later texts',
      seen: 'second-hand',
    },
    tolerance: HALF,
    inputs: '1010 hPa, 10 C',
    compute: () => 60 * refractionDeg(33.2 / 60, { pressureHPa: 1010, temperatureC: 10 }),
  },
  itu(21, 532, '0.23'),
  itu(21, 850, '0.13'),
  itu(21, 1064, '0.10'),
  itu(21, 1550, '0.07'),
  itu(30, 532, '0.36'),
  itu(30, 850, '0.21'),
  itu(30, 1064, '0.16'),
  itu(30, 1550, '0.10'),
  {
    id: 'hv57-fried',
    area: 'optics',
    quantity: 'Fried parameter of HV-5/7',
    unit: 'cm',
    printed: '5',
    origin: HV_NAME,
    tolerance: HALF,
    inputs: 'zenith, 500 nm, sea level',
    compute: () => 100 * friedParameterM(ZENITH_500),
  },
  {
    id: 'hv57-isoplanatic',
    area: 'optics',
    quantity: 'isoplanatic angle of HV-5/7',
    unit: 'urad',
    printed: '7',
    origin: HV_NAME,
    tolerance: HALF,
    inputs: 'zenith, 500 nm, sea level',
    compute: () => 1e6 * isoplanaticAngleRad(ZENITH_500),
  },
  {
    id: 'single-mode-coupling',
    area: 'optics',
    quantity: 'best coupling of a plane wave from an open pupil into a single-mode fibre',
    unit: '',
    printed: '0.8145',
    origin: {
      work: 'Shaklan & Roddier, Applied Optics 27:2334 (1988)',
      place: 'as quoted by later texts',
      seen: 'second-hand',
    },
    tolerance: HALF,
    inputs: 'no obscuration, no turbulence',
    compute: () =>
      singleModeCoupling({
        diameterM: 1,
        obscurationDiameterM: 0,
        friedM: Number.POSITIVE_INFINITY,
        correctedModes: 1,
      }),
  },
  darkSky('B', '22.7'),
  darkSky('V', '21.9'),
  darkSky('R', '21.0'),
  luminance('20.6', 0.6),
  luminance('20.0', 1.1),
  {
    id: 'krisciunas-schaefer',
    area: 'optics',
    quantity: 'scattered moonlight in V: view 20 deg and Moon 70 deg from the zenith, 50 deg apart, 45 deg from full',
    unit: 'mag/arcsec^2',
    printed: '19.855',
    origin: { work: 'specsim (DESI; BSD-3)', place: 'example of krisciunas_schaefer', seen: 'code' },
    tolerance: {
      basis: 'stated uncertainty',
      value: 2.5 * Math.log10(1.08),
      stated: '8% to 23% (abstract of Krisciunas & Schaefer, PASP 103:1033, 1991), the smaller',
    },
    inputs: 'at 550 nm from sea level; zero point of Bessell et al. 1998',
    leftOut: {
      term: 'extinction of 0.15 mag in the example, where Skykey has 0.172 built in',
      low: EXTINCTION_CHANGE,
      high: EXTINCTION_CHANGE,
      source: 'eqs. 3 and 15 of the paper',
    },
    compute: () => {
      const { terms } = skyRadiance({
        ...NIGHT,
        stationHeightM: 0,
        wavelengthNm: 550,
        view: { elevationDeg: 70, azimuthDeg: 0 },
        moon: { elevationDeg: 20, azimuthDeg: 0, phaseAngleDeg: 45 },
      });
      return magnitude(terms.find(({ name }) => name === 'moonlight')!.radiance, BANDS.V[1]);
    },
  },
];
