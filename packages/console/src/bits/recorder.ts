import { type LinkView, linkViews, type Observed } from '../observed.ts';
import { shownQber } from './monitor.ts';
import { Ring } from './ring.ts';

/** Columns of a recording. */
export const TIME = 0;
export const QBER_GROUND = 1;
export const QBER_SPACE = 2;
export const CLICKS = 3;
export const RANGE = 4;
const WIDTH = 5;

/** Four rows a second hold a pass of 500 s at real speed; at ×12 it takes a twelfth. */
const CAPACITY = 2048;

/** What one link showed during its running or last pass. */
export interface Recording {
  readonly linkId: string;
  readonly passId: string;
  /** First and last instant of the pass, mission time in ms: the axis of the charts. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Rows of `TIME` (s since 1970), QBER of both parties (share), clicks (1/s), range (km). */
  readonly ring: Ring;
  /** Limit of the hard alarm, as the parties told it. */
  readonly hardQber: number | null;
  /** When the link was dropped during this pass, mission time in ms. */
  readonly droppedMs: number | null;
  /** The error rate that dropped it, as the station tells it. */
  readonly droppedQber: number | null;
}

/** Records what the charts show: pass by pass, link by link, bounded. */
export class Recorder {
  readonly #recordings = new Map<string, Recording>();

  recording(linkId: string): Recording | null {
    return this.#recordings.get(linkId) ?? null;
  }

  /** Takes one row for each link that has a pass going on. */
  record(observed: Observed): void {
    const { sky } = observed;
    if (sky === null) return;
    for (const view of linkViews(observed)) {
      const pass = sky.passes.find(
        (candidate) => candidate.linkId === view.linkId && candidate.aosMs <= sky.utcMs && sky.utcMs <= candidate.losMs,
      );
      if (pass === undefined) continue;
      const before = this.#recordings.get(view.linkId);
      const again =
        before?.passId === pass.passId && (before.ring.length === 0 || lastSecond(before.ring) <= sky.utcMs / 1000);
      const droppedMs =
        view.state !== 'dropped' ? null : again && before.droppedMs !== null ? before.droppedMs : sky.utcMs;
      const recording: Recording = {
        linkId: view.linkId,
        passId: pass.passId,
        fromMs: pass.aosMs,
        toMs: pass.losMs,
        ring: again ? before.ring : new Ring(WIDTH, CAPACITY),
        hardQber: view.ground?.hardQber ?? view.space?.hardQber ?? null,
        droppedMs,
        droppedQber: droppedMs === null ? null : evidence(view),
      };
      this.#recordings.set(view.linkId, recording);
      if (recording.ring.length > 0 && lastSecond(recording.ring) === sky.utcMs / 1000) continue;
      recording.ring.push(row(view, sky.utcMs));
    }
  }
}

function lastSecond(ring: Ring): number {
  return ring.at(ring.length - 1, TIME)!;
}

/** What the monitor had compared when the link was dropped, which may have been within its first second. */
function evidence({ ground, space }: LinkView): number | null {
  const dropped = [ground, space].find((link) => link?.state === 'dropped') ?? null;
  return dropped === null ? null : shownQber(dropped);
}

/** What a link shows after it was dropped is no measurement any more. */
function row({ station, ground, space }: LinkView, utcMs: number): readonly (number | null)[] {
  const open = station.beam === 'quantum';
  const measured = (link: LinkView['ground']) => (open && link?.state === 'session' ? link.qber : null);
  return [utcMs / 1000, measured(ground), measured(space), open ? station.detectionRateHz : null, station.rangeKm];
}
