import { useRef, useState } from 'react';
import { command } from '../command.ts';
import { speed as spellSpeed, utcDate, utcInstant, utcTime } from '../format.ts';
import { useDraw } from '../frames.ts';
import { Icon } from '../marks.tsx';
import type { Observed } from '../observed.ts';
import { type Store, useStore } from '../store.ts';
import { words } from '../words.ts';
import { isMoving, momentAt } from './moment.ts';

const SPEEDS = [1, 12, 60, 600, 1200] as const;
const PATH = '/api/sky/clock';

/** Mission time and its controls. The time runs on between two words of the sky; nothing here reads this machine's. */
export function MissionClock({ store }: { readonly store: Store<Observed> }) {
  const { sky, connection } = useStore(store);
  const [error, setError] = useState<string | null>(null);
  if (sky === null) return null;
  const { clock } = sky;
  const tell = async (body: unknown) => {
    const outcome = await command(PATH, body);
    setError(outcome.ok ? null : outcome.error);
  };
  const state =
    clock.stopped !== undefined
      ? words.clock.stopped
      : clock.paused
        ? words.clock.paused
        : words.clock.now(spellSpeed(clock.speed));
  const off = connection === 'lost';
  return (
    <section className="clock" aria-label={words.clock.label}>
      <ClockFace store={store} />
      <p className="clock-state" data-testid="clock-state" data-halted={!isMoving(sky)}>
        {state}
      </p>
      <div className="clock-controls">
        <button
          type="button"
          className="button"
          data-testid="clock-pause"
          disabled={off}
          onClick={() => tell({ paused: !clock.paused })}
        >
          <Icon name={clock.paused ? 'play' : 'pause'} />
          <span>{clock.paused ? words.clock.play : words.clock.pause}</span>
        </button>
        <fieldset className="segments" aria-label={words.clock.speed}>
          <button
            type="button"
            className="segment"
            aria-pressed={clock.mode === 'auto'}
            title={words.clock.autoTitle}
            disabled={off}
            onClick={() => tell({ mode: 'auto' })}
          >
            {words.clock.auto}
          </button>
          {SPEEDS.map((speed) => (
            <button
              key={speed}
              type="button"
              className="segment"
              aria-pressed={clock.mode === 'fixed' && clock.speed === speed}
              disabled={off}
              onClick={() => tell({ speed })}
            >
              {spellSpeed(speed)}
            </button>
          ))}
        </fieldset>
        <button
          type="button"
          className="button"
          data-testid="clock-skip"
          disabled={off}
          onClick={() => tell({ skip: 'next-pass' })}
        >
          <Icon name="skip" />
          <span>{words.clock.skip}</span>
        </button>
      </div>
      <p className="clock-error" role="status">
        {error ?? clock.stopped}
      </p>
    </section>
  );
}

/** Written straight into the page ten times a second: React need not hear of every tick. */
function ClockFace({ store }: { readonly store: Store<Observed> }) {
  const face = useRef<HTMLTimeElement>(null);
  const date = useRef<HTMLSpanElement>(null);
  const time = useRef<HTMLSpanElement>(null);
  useDraw((nowMs) => {
    const { sky, skyReceivedMs } = store.latest;
    if (sky === null || face.current === null || date.current === null || time.current === null) return false;
    const utcMs = momentAt(sky, skyReceivedMs, nowMs);
    const instant = utcInstant(utcMs);
    if (face.current.dateTime !== instant) {
      face.current.dateTime = instant;
      date.current.textContent = utcDate(utcMs);
      time.current.textContent = utcTime(utcMs);
    }
    return isMoving(sky);
  });
  return (
    <time className="clock-face" ref={face} data-testid="mission-clock" dir="ltr">
      <span className="clock-date" ref={date} /> <span className="clock-time" ref={time} />{' '}
      <span className="clock-zone">{words.clock.utc}</span>
    </time>
  );
}
