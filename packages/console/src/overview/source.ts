import type { MomentState, NodeState, ProcessState, ScheduleState } from '@skykey/telemetry';
import { Recorder } from '../bits/recorder.ts';
import { openFeed } from '../feed.ts';
import { wake } from '../frames.ts';
import { NOTHING_OBSERVED, type Observed, type ObservedEvent, observe } from '../observed.ts';
import { Store } from '../store.ts';

/** React sees telemetry at most this often: about six renders a second. */
const RENDER_MS = 160;

export interface Source {
  readonly store: Store<Observed>;
  readonly recorder: Recorder;
}

/** Opens the overview's one connection; it lives as long as the page. */
export function openSource(): Source {
  const store = new Store<Observed>(NOTHING_OBSERVED, RENDER_MS);
  const recorder = new Recorder();
  const take = (event: ObservedEvent) => store.update((before) => observe(before, event));
  store.watch(wake);
  let schedule: ScheduleState | null = null;
  openFeed({
    url: '/api/events',
    events: ['schedule', 'sky', 'node', 'processes'],
    onConnection: (connection) => take({ kind: 'connection', connection }),
    onEvent: (name, data) => {
      if (name === 'schedule') schedule = data as ScheduleState;
      else if (name === 'sky') {
        // A moment without its schedule can only be the first one: the schedule is told before it.
        if (schedule === null) return;
        take({ kind: 'sky', sky: { ...schedule, ...(data as MomentState) }, receivedMs: performance.now() });
        recorder.record(store.latest);
      } else if (name === 'node') take({ kind: 'node', node: data as NodeState });
      else take({ kind: 'processes', processes: data as readonly ProcessState[] });
    },
  });
  return { store, recorder };
}
