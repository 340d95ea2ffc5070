import { backgroundRateHz, noisePerGate, skyRadiance } from '@skykey/optics';
import { look, moon, type Pass, passes, rangeWindow, sun } from '@skykey/orbit';
import type { LinkTrace } from '@skykey/photons';
import { ScenarioError } from './error.ts';
import { BIN_S, type Scenario, type StationScenario } from './scenario.ts';

/** A pass of a scenario's satellite over one of its stations, with the part of it in which photons are exchanged. */
export interface ScenarioPass {
  /** `<satellite>-<site>-<time of the closest approach, whole second, basic ISO format>`: unique for ever. */
  readonly passId: string;
  readonly station: StationScenario;
  readonly pass: Pass;
  /**
   * Null when the satellite is too far, too low, nearer than the channel was measured, or the sky too bright. Starts and
   * ends on whole bins.
   */
  readonly window: { readonly startMs: number; readonly endMs: number } | null;
}

/**
 * The passes of the scenario over its stations (or one of them) in an interval, in order of time: whole, above
 * `minElevationDeg` (10, or the station's own minimum where that is lower). The window is the part inside the station's
 * `maxRangeKm` and above its own minimum elevation, if the Sun is low enough at both its ends: a rule fixed in advance,
 * never by what was measured nor by how passes are listed (pitfall P4).
 */
export function scenarioPasses(
  scenario: Scenario,
  options: { fromMs: number; toMs: number; stationId?: string; minElevationDeg?: number },
): ScenarioPass[] {
  const found: ScenarioPass[] = [];
  for (const station of scenario.stations) {
    if (options.stationId && station.id !== options.stationId) continue;
    const minElevationDeg = options.minElevationDeg ?? Math.min(10, station.window.minElevationDeg);
    for (const pass of passes(scenario.satellite.elements, station.station, {
      fromMs: options.fromMs,
      toMs: options.toMs,
      minElevationDeg,
    })) {
      const tca = new Date(Math.round(pass.tcaMs / 1000) * 1000).toISOString().replace(/[-:]|\.\d+/g, '');
      found.push({
        passId: `${station.linkId}-${tca.toLowerCase()}`,
        station,
        pass,
        window: quantumWindow(scenario, station, pass),
      });
    }
  }
  return found.sort((a, b) => a.pass.aosMs - b.pass.aosMs);
}

function quantumWindow(scenario: Scenario, station: StationScenario, pass: Pass): ScenarioPass['window'] {
  const { elements } = scenario.satellite;
  const high = passes(elements, station.station, {
    fromMs: pass.aosMs,
    toMs: pass.losMs,
    minElevationDeg: station.window.minElevationDeg,
  })[0];
  const inRange = high && rangeWindow(elements, station.station, high, station.window.maxRangeKm);
  if (!inRange || !station.channel.covers({ rangeKm: high.minRangeKm, elevationDeg: high.maxElevationDeg }))
    return null;
  const binMs = BIN_S * 1000;
  const startMs = Math.ceil(inRange.startMs / binMs) * binMs;
  const endMs = startMs + Math.floor((inRange.endMs - startMs) / binMs) * binMs;
  if (endMs - startMs < 1000) return null;
  const dark = [startMs, endMs].every((at) => sun(station.station, at).elevationDeg < station.window.sunBelowDeg);
  return dark ? { startMs, endMs } : null;
}

/** Rate of background light that the receiver would record ungated at a moment, all detectors together, counts/s. */
export function backgroundAt(scenario: Scenario, station: StationScenario, utcMs: number): number {
  const theMoon = moon(station.station, utcMs);
  const { receiver } = station.document;
  return backgroundRateHz({
    radiance: skyRadiance({
      sunElevationDeg: sun(station.station, utcMs).elevationDeg,
      moonElevationDeg: theMoon.elevationDeg,
      moonIlluminatedFraction: theMoon.illuminatedFraction,
    }),
    fieldOfViewRad: receiver.fieldOfViewMicroRad.value * 1e-6,
    receiverDiameterM: receiver.diameterM.value,
    filterWidthNm: receiver.filterWidthNm.value,
    wavelengthNm: scenario.document.satellite.source.wavelengthNm.value,
    opticsTransmittance: receiver.opticsTransmittance.value,
    detectorEfficiency: station.detectorEfficiency,
  });
}

/** The channel and the noise bin by bin over the window of a pass: what `photons` needs, from `orbit` and `optics`. */
export function linkTrace(scenario: Scenario, pass: ScenarioPass): LinkTrace {
  if (!pass.window) {
    throw new ScenarioError(
      'scenario/no-window',
      `the pass ${pass.passId} has no quantum window: the satellite stays farther than ${pass.station.window.maxRangeKm} km, ` +
        `lower than ${pass.station.window.minElevationDeg}°, comes nearer than the loss was measured, or the Sun is above ` +
        `${pass.station.window.sunBelowDeg}°`,
    );
  }
  const { startMs, endMs } = pass.window;
  const { station } = pass;
  const bins = Math.round((endMs - startMs) / (BIN_S * 1000));
  const channelTransmittance = new Float64Array(bins);
  const noise = new Float64Array(bins);
  const { darkRateHz, gateNs } = station.document.receiver;
  // The sky changes slowly: the background is worked out at the ends and drawn straight between them.
  const first = backgroundAt(scenario, station, startMs);
  const last = backgroundAt(scenario, station, endMs);
  for (let bin = 0; bin < bins; bin++) {
    const at = look(scenario.satellite.elements, station.station, startMs + (bin + 0.5) * BIN_S * 1000);
    channelTransmittance[bin] = station.channel.loss(at).transmittance;
    noise[bin] = noisePerGate({
      backgroundRateHz: first + ((last - first) * (bin + 0.5)) / bins,
      darkRateHz: darkRateHz.value,
      detectors: 4,
      gateNs: gateNs.value,
    });
  }
  return { binS: BIN_S, channelTransmittance, receiverTransmittance: station.detectorEfficiency, noisePerGate: noise };
}
