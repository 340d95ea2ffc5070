import type { SessionParameters } from '@skykey/distill';
import type { Mission } from '@skykey/scenario';

interface Rules {
  readonly source: Pick<Mission['source'], 'intensities'>;
  readonly live: Mission['live'];
  readonly document: Pick<Mission['document'], 'protocol'>;
}

/** What both parties of a link must agree on, each from its own copy of the scenario: any that has rules of a live session. */
export function sessionParameters(
  { source, live, document: { protocol } }: Rules,
  session: { sessionId: string; linkId: string; pulses: number },
): SessionParameters {
  const [signal, decoy, weakest] = source.intensities;
  return {
    ...session,
    meanPhotons: [signal!.meanPhotons, decoy!.meanPhotons, weakest!.meanPhotons],
    probabilities: [signal!.probability, decoy!.probability, weakest!.probability],
    // The receivers of a scenario have equal detectors; the statement of each key names it as an assumption.
    detectorMismatch: 0,
    epsSec: protocol.epsSec.value,
    epsCor: protocol.epsCor.value,
    proof: protocol.proof.value,
    method: protocol.method.value,
    monitorProbability: live.monitorProbability.value,
    alarm: {
      expectedQber: live.expectedQber.value,
      qberDrift: live.qberDrift.value,
      softFalseAlarm: live.softFalseAlarm.value,
      hardQber: live.hardQber.value,
      hardFalseAlarm: live.hardFalseAlarm.value,
    },
  };
}
