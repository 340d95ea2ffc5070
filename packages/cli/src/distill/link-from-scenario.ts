/** The link file of a pass that `skykey tags write` plays. */
import { sessionParameters } from '@skykey/node';
import type { Scenario } from '@skykey/scenario';
import { CliError } from '../error.ts';
import { type PlayOptions, played } from '../tags/played.ts';
import type { LinkDocument } from './link-document.ts';

/** What a station knows of the sender's clock from a pulse per second and an ephemeris. */
const OFFSET_UNCERTAINTY_PS = 2e6;
const SLOPE_UNCERTAINTY = 1e-7;

/** Throws CliError as `skykey tags write` does, and for a scenario without the rules of a live session. */
export function linkFromScenario(
  scenario: Scenario,
  options: Omit<PlayOptions, 'seed'>,
): { readonly link: LinkDocument; readonly assumptions: readonly string[] } {
  const { live } = scenario.document;
  if (!live) throw new CliError('cli/option', `--scenario ${scenario.id} has no live part, which says when to hang up`);
  const pass = played(scenario, { ...options, seed: 1 });
  const light = pass.light?.();
  if (light?.source.intensities.length !== 3) {
    throw new CliError('cli/option', `--scenario ${scenario.id}: a source of three intensities is needed, not pairs`);
  }
  const link: LinkDocument = {
    parameters: sessionParameters(
      { source: light.source, live, document: scenario.document },
      { sessionId: pass.passId, linkId: light.linkId, pulses: light.pulses },
    ),
    pulseRateHz: light.source.pulseRateHz,
    sync: {
      offsetUncertaintyPs: OFFSET_UNCERTAINTY_PS,
      slopeUncertainty: SLOPE_UNCERTAINTY,
      gatePs: light.receiver.gateNs * 1000,
    },
  };
  const assumptions = [
    `clocks and ephemeris are assumed to be good to ${OFFSET_UNCERTAINTY_PS / 1e6} microseconds and ${SLOPE_UNCERTAINTY}; put in what yours are`,
    'the receivers of a scenario have equal detectors (detectorMismatch 0); put in what yours differ by',
  ];
  return { link, assumptions };
}
