/**
 * How much light arrives, down, up and between satellites: the budget term by term, how it fades, measured loss curves,
 * and the background beside them.
 * Losses are in dB and never negative; detector efficiency belongs to the detectors and is never in a loss here.
 */

export { airmass, type ExtinctionPath, extinctionLossDb } from './air/atmosphere.ts';
export { type HazeLaw, hazeOpticalDepth, hazePerKm, rayleighOpticalDepth } from './air/haze.ts';
export { type AirState, apparentElevationDeg, refractionDeg, standardAir } from './air/refraction.ts';
export { OpticsError, type OpticsErrorCode } from './error.ts';
export { fadeQuantile, outageProbability } from './fading/fade.ts';
export { fadingOf, POINTING_CORRELATION_S } from './fading/fading.ts';
export { type FadingGenerator, fadingGenerator, fadingSeries } from './fading/fading-series.ts';
export { budget, fixedTerm, modelChannel } from './link/budget.ts';
export { curveChannel, type LossCurve, parseLossCurve } from './link/curve.ts';
export { lossDbOf, transmittanceOf } from './link/decibel.ts';
export { type ApertureBeam, farFieldKm, ringShare } from './link/diffraction.ts';
export {
  type BeamSpread,
  beamSpreadLossDb,
  gaussianHalfAngleRad,
  gaussianLossDb,
  topHatLossDb,
} from './link/geometric.ts';
export type {
  Air,
  Beam,
  Channel,
  Coupling,
  Direction,
  Extinction,
  Fading,
  Link,
  LinkBudget,
  LinkGeometry,
  LossTerm,
  ReceivingOptics,
  Transmitter,
  TurbulenceProfile,
  Uniform,
} from './link/link.ts';
export { pointingLossDb } from './link/pointing.ts';
export { normalBelow } from './numerics/normal.ts';
export { backgroundRateHz, noisePerGate } from './sky/background.ts';
export { type MoonSpot, moonDiscRadiance } from './sky/earthshine.ts';
export { FRAUNHOFER_LINES, fraunhoferDepth } from './sky/fraunhofer.ts';
export { type GroundScene, groundRadiance } from './sky/ground.ts';
export type { MoonAt } from './sky/moonlight.ts';
export type { Radiance, RadianceTerm } from './sky/radiance.ts';
export type { SkyPoint } from './sky/single-scattering.ts';
export { type Sky, skyRadiance } from './sky/sky.ts';
export { spaceRadiance } from './sky/space.ts';
export { type SunlitSatellite, sunlitSatellite } from './sky/sunlit-satellite.ts';
export { adaptiveOpticsFactor, type Correction, residualPhaseRad2 } from './turbulence/adaptive-optics.ts';
export { type AirColumn, cn2, TOP_OF_TURBULENCE_M } from './turbulence/cn2.ts';
export { singleModeCoupling, type Tracking } from './turbulence/fibre-coupling.ts';
export { fieldOfViewCoupling } from './turbulence/field-stop.ts';
export {
  logIrradianceVariance,
  type ScintillatingPath,
  type Scintillation,
  STRONG_RYTOV_VARIANCE,
  scintillationIndex,
  scintillationTimeS,
} from './turbulence/scintillation.ts';
export {
  coherenceTimeS,
  friedParameterM,
  friedParameterUplinkM,
  greenwoodHz,
  isoplanaticAngleRad,
  type MovingPath,
  type SlantPath,
} from './turbulence/turbulence.ts';
export { type BeamPath, downlinkBeam, type Spot, uplinkBeam, wanderTimeS } from './turbulence/uplink-beam.ts';
export { buftonWindMS, rmsWindMS, type Wind } from './turbulence/wind.ts';
export {
  type AlignedSeries,
  alignSeries,
  type Figure,
  type JointAvailability,
  type JointFigure,
  jointAvailability,
  modelAvailability,
} from './weather/availability.ts';
export { type Climate, checkClimate, clearFractionAt } from './weather/climate.ts';
export { climateOf, correlationTimeH, type MeasuredClimate } from './weather/measured-climate.ts';
export {
  type MeasuredSeries,
  parseWeatherCsv,
  parseWeatherParquet,
  type SeriesOptions,
  type StateSeries,
  statesOf,
} from './weather/measured-series.ts';
export { replayWeather } from './weather/replay.ts';
export { greatCircleKm, type WeatherModel, type WeatherRun, weatherModel } from './weather/weather.ts';
