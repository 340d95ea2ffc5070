import { useEffect, useRef, useState } from 'react';
import { command } from '../command.ts';
import { percent } from '../format.ts';
import { Icon } from '../marks.tsx';
import { type LinkView, linkViews, type Observed } from '../observed.ts';
import { type Store, useStore } from '../store.ts';
import { words } from '../words.ts';

const PATH = '/api/sky/tap';
/** Intercept-resend with random bases disturbs a quarter of what it touches (Bennett and Brassard 1984). */
const ERRORS_PER_INTERCEPTED = 0.25;
/** Pause of a moving slider before its value is sent. */
const SETTLE_MS = 250;

/** The adversary's switch: part of the simulated sky, never of the links. */
export function TapPanel({ store }: { readonly store: Store<Observed> }) {
  const observed = useStore(store);
  return (
    <section className="panel tap" aria-labelledby="tap-title">
      <header className="panel-head">
        <h3 id="tap-title">
          <Icon name="ear" />
          {words.tap.title}
        </h3>
      </header>
      <p className="panel-lead">{words.tap.lead}</p>
      <div className="tap-links">
        {linkViews(observed).map((view) => (
          <TapSwitch key={view.linkId} view={view} off={observed.connection === 'lost'} />
        ))}
      </div>
    </section>
  );
}

function TapSwitch({ view, off }: { readonly view: LinkView; readonly off: boolean }) {
  const { linkId, tap } = view;
  const name = words.link.name(view.satelliteName, view.siteName);
  const on = tap?.on === true;
  const [fraction, setFraction] = useState(tap?.fraction ?? 1);
  const [error, setError] = useState<string | null>(null);
  const settle = useRef<ReturnType<typeof setTimeout>>(undefined);
  const told = tap?.fraction;
  useEffect(() => {
    if (told !== undefined) setFraction(told);
  }, [told]);
  useEffect(() => () => clearTimeout(settle.current), []);

  const tell = async (body: { on: boolean; fraction: number }) => {
    const outcome = await command(PATH, { linkId, ...body });
    setError(outcome.ok ? null : outcome.error);
  };
  const slide = (value: number) => {
    setFraction(value);
    clearTimeout(settle.current);
    settle.current = setTimeout(() => void tell({ on, fraction: value }), SETTLE_MS);
  };

  return (
    <div className="tap-link" data-on={on}>
      <button
        type="button"
        className="switch"
        role="switch"
        aria-checked={on}
        data-testid={`tap-${linkId}`}
        disabled={off || tap === null}
        onClick={() => tell({ on: !on, fraction })}
      >
        <span className="switch-track" aria-hidden="true">
          <span className="switch-thumb" />
        </span>
        <span className="switch-name">
          <span className="visually-hidden">{words.tap.switch} </span>
          {name}
        </span>
        <span className="switch-state" aria-hidden="true">
          {on ? words.tap.on : words.tap.off}
        </span>
      </button>
      <label className="slider">
        <span className="slider-name">
          {words.tap.share} <output className="slider-value">{percent(fraction, 0)}</output>
        </span>
        <input
          type="range"
          min="0.05"
          max="1"
          step="0.05"
          value={fraction}
          aria-valuetext={percent(fraction, 0)}
          data-testid={`tap-fraction-${linkId}`}
          disabled={off || tap === null}
          onChange={(event) => slide(event.currentTarget.valueAsNumber)}
        />
      </label>
      <p className="tap-effect" role="status">
        {error ?? (on ? active(view) : words.tap.effect(percent(fraction * ERRORS_PER_INTERCEPTED, 0)))}
      </p>
    </div>
  );
}

function active({ station }: LinkView): string {
  return station.beam === 'quantum' ? words.tap.active : words.tap.waits;
}
