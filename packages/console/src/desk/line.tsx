import type { LineState } from '@skykey/telemetry';
import { Icon, type Shape, StateMark } from '../marks.tsx';
import type { Connection } from '../observed.ts';
import { words } from '../words.ts';

const SHAPE: Record<LineState['state'], Shape> = { secured: 'disc', waiting: 'ring', dropped: 'triangle' };

/**
 * The state of the line: shape, word, colour, and the reason in a sentence. Changes are announced politely; a dropped
 * line interrupts.
 */
export function Line({ line, connection }: { readonly line: LineState; readonly connection: Connection }) {
  const word = words.desk.state[line.state];
  return (
    <section className="line-bar" aria-label={words.desk.line} data-state={line.state}>
      <p className="line-state" data-testid="line-state" data-state={line.state}>
        <StateMark shape={SHAPE[line.state]} />
        {word}
      </p>
      <p className="line-reason" data-testid="line-reason">
        {line.reason}
      </p>
      <p className="simulated-badge" data-testid="simulated" title={words.simulated.explanation}>
        {words.simulated.badge}
      </p>
      {connection === 'lost' && (
        <p className="line-lost" role="status" data-testid="connection">
          <Icon name="wait" />
          {words.desk.lost}
        </p>
      )}
      <div className="visually-hidden" aria-live="polite">
        {line.state !== 'dropped' && words.desk.announce(word, line.reason)}
      </div>
      <div className="visually-hidden" role="alert">
        {line.state === 'dropped' && words.desk.announce(word, line.reason)}
      </div>
    </section>
  );
}
