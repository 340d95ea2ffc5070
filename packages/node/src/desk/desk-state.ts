/** What the page of a desk shows of its conversation. */
import type { SessionView } from '@skykey/hotline';
import type { DeskMessage, DeskState } from '@skykey/telemetry';

export function deskStateOf(parts: {
  readonly siteId: string;
  readonly name: string;
  readonly peerName: string;
  readonly view: SessionView;
  readonly retentionDays: number | null;
  readonly restored: boolean;
  readonly messages: readonly DeskMessage[];
  readonly utcMs: number;
}): DeskState {
  const { view, ...rest } = parts;
  const { line, may, safety, call, files, reserve, padSpeech } = view;
  const { texts, signed, fault } = view.record;
  const { level, reason, sinceUtcMs, peerReachable, banners, alarm, record } = line;
  return {
    ...rest,
    line: {
      ...{ level, reason, sinceUtcMs, peerReachable, alarm },
      banners: safety.chainBroken ? [...banners, CHAIN_BROKEN] : banners,
    },
    safety,
    reserve,
    may,
    padSpeech,
    record: {
      ...{ on: record.on, peerWants: record.peerWants },
      ...{ signed, unsigned: texts - (signed?.texts ?? 0), fault },
    },
    emergency: view.emergency && { ...view.emergency, may: may.emergencyText },
    call,
    files,
  };
}

const CHAIN_BROKEN =
  'The chain of keys between the two desks was begun anew: one of them lost what it kept, or was restored from a copy. Read the safety phrase to each other.';
