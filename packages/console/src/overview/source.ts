import type { NodeState, ProcessState, SkyState } from '@skykey/telemetry';
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
  openFeed({
    url: '/api/events',
    events: ['sky', 'node', 'processes'],
    onConnection: (connection) => take({ kind: 'connection', connection }),
    onEvent: (name, data) => {
      if (name === 'sky') {
        take({ kind: 'sky', sky: data as SkyState, receivedMs: performance.now() });
        recorder.record(store.latest);
      } else if (name === 'node') take({ kind: 'node', node: data as NodeState });
      else take({ kind: 'processes', processes: data as readonly ProcessState[] });
    },
  });
  return { store, recorder };
}
