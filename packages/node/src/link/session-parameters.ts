import type { SessionParameters } from '@skykey/distill';
import type { Scenario } from '@skykey/scenario';

/** What both parties of a link must agree on, each from its own copy of the scenario. */
export function sessionParameters(
  scenario: Scenario,
  session: { sessionId: string; linkId: string; pulses: number },
): SessionParameters {
  const { protocol, satellite } = scenario.document;
  return {
    ...session,
    meanPhotons: satellite.source.meanPhotons.value,
    probabilities: satellite.source.probabilities.value,
    epsSec: protocol.epsSec.value,
    epsCor: protocol.epsCor.value,
    bound: protocol.bound.value,
    monitorProbability: protocol.monitorProbability.value,
    alarm: {
      expectedQber: protocol.expectedQber.value,
      qberDrift: protocol.qberDrift.value,
      softFalseAlarm: protocol.softFalseAlarm.value,
      hardQber: protocol.hardQber.value,
      hardFalseAlarm: protocol.hardFalseAlarm.value,
    },
  };
}
