import { useEffect, useState } from 'react';
import { duration, utcTime } from '../format.ts';
import { Icon } from '../marks.tsx';
import type { Observed } from '../observed.ts';
import { isMoving } from '../sky/moment.ts';
import { type Store, useStore } from '../store.ts';
import { words } from '../words.ts';

/** A running sky speaks four times a second; after this long a silence is worth a word. */
const SILENCE_MS = 8000;

/** Says when the page is no longer what is happening: no connection, or a sky that went silent. */
export function ConnectionNotice({ store }: { readonly store: Store<Observed> }) {
  const { connection, sky } = useStore(store);
  const silentMs = useSilence(store);
  const text =
    connection === 'lost'
      ? `${words.connection.lost} ${sky === null ? words.connection.never : words.connection.since(utcTime(sky.utcMs))}`
      : silentMs > 0
        ? words.connection.silent(duration(silentMs))
        : null;
  return (
    <div className="connection" role="status" data-testid="connection" data-connection={connection}>
      {text !== null && (
        <p>
          <Icon name="wait" />
          {text}
        </p>
      )}
    </div>
  );
}

/** How long a sky that should be moving has said nothing, ms; 0 while all is well. */
function useSilence(store: Store<Observed>): number {
  const [silentMs, setSilentMs] = useState(0);
  useEffect(() => {
    const look = () => {
      const { sky, skyReceivedMs, connection } = store.latest;
      const ageMs = performance.now() - skyReceivedMs;
      const silent = sky !== null && connection === 'live' && isMoving(sky) && ageMs > SILENCE_MS;
      setSilentMs(silent ? Math.floor(ageMs / 1000) * 1000 : 0);
    };
    const timer = setInterval(look, 1000);
    return () => clearInterval(timer);
  }, [store]);
  return silentMs;
}
