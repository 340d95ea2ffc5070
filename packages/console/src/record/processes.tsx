import type { ProcessState } from '@skykey/telemetry';
import { Pill, type Shape, type Tone } from '../marks.tsx';
import type { Observed } from '../observed.ts';
import { type Store, useStore } from '../store.ts';
import { words } from '../words.ts';

const LOOK: Record<ProcessState['state'], { readonly shape: Shape; readonly tone: Tone }> = {
  starting: { shape: 'ring', tone: 'accent' },
  running: { shape: 'disc', tone: 'ok' },
  restarting: { shape: 'ring', tone: 'warning' },
  stopped: { shape: 'triangle', tone: 'bad' },
};

/** Which processes run: each site and the satellite are on their own, the sky is another. */
export function Processes({ store }: { readonly store: Store<Observed> }) {
  const { processes } = useStore(store);
  return (
    <section className="panel processes" aria-labelledby="processes-title" data-testid="processes">
      <header className="panel-head">
        <h3 id="processes-title">{words.processes.title}</h3>
      </header>
      {processes.length === 0 ? (
        <p className="empty">{words.processes.empty}</p>
      ) : (
        <ul>
          {processes.map((process) => (
            <li key={process.name}>
              <span className="process-name">
                {process.name}
                <span className="table-note">
                  {words.processes.role[process.role]}
                  {process.restarts > 0 && `, ${words.processes.restarts(process.restarts)}`}
                </span>
              </span>
              <Pill {...LOOK[process.state]}>{words.processes.state[process.state]}</Pill>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
