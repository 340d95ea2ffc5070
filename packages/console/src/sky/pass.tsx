import type { PassState, SkyState, StationState } from '@skykey/telemetry';
import { useRef } from 'react';
import { Amount, Figure } from '../figures.tsx';
import {
  ABSENT,
  clickRate,
  decibels,
  decimal,
  degrees,
  duration,
  kilometres,
  spell,
  utcDate,
  utcInstant,
  utcMinute,
  utcTime,
} from '../format.ts';
import { useDraw } from '../frames.ts';
import { type Observed, presentPass } from '../observed.ts';
import { type Store, useStore } from '../store.ts';
import { words } from '../words.ts';
import { isMoving, momentAt } from './moment.ts';
import { Polar } from './polar.tsx';

/** The pass that is going on or comes next: its way over the sky, and what the station sees now. */
export function PassPanel({ store }: { readonly store: Store<Observed> }) {
  const { sky } = useStore(store);
  if (sky === null) return null;
  const pass = presentPass(sky.passes, sky.utcMs);
  if (pass === null) {
    return (
      <section className="panel" aria-labelledby="pass-title">
        <h3 id="pass-title">{words.pass.title(sky.stations[0]?.name ?? '')}</h3>
        <p className="empty">{words.pass.none}</p>
      </section>
    );
  }
  const station = sky.stations.find((candidate) => candidate.id === pass.stationId);
  const running = pass.aosMs <= sky.utcMs;
  return (
    <section className="panel pass" aria-labelledby="pass-title" data-testid="pass">
      <header className="panel-head">
        <h3 id="pass-title">{words.pass.title(station?.name ?? pass.stationId)}</h3>
        <span className="chip" data-live={running} data-testid="pass-state">
          {running ? words.pass.running : words.pass.starts(duration(pass.aosMs - sky.utcMs))}
        </span>
      </header>
      <div className="pass-body">
        <Polar pass={pass} stationName={station?.name ?? pass.stationId} store={store} />
        <div className="pass-figures">
          {station !== undefined && <Readings station={station} />}
          <PassTimes pass={pass} />
        </div>
      </div>
      <PassProgress pass={pass} store={store} />
      {station !== undefined && <LossTerms station={station} />}
      <ComingPasses sky={sky} />
    </section>
  );
}

function Readings({ station }: { readonly station: StationState }) {
  const up = station.elevationDeg >= 0;
  return (
    <dl className="figures" data-testid="readings">
      <Figure name={words.pass.elevation} testId="elevation">
        <Amount of={{ value: degrees(station.elevationDeg), unit: '' }} />
      </Figure>
      <Figure name={words.pass.range} testId="range">
        <Amount of={kilometres(station.rangeKm)} />
      </Figure>
      <Figure name={words.pass.loss} testId="loss">
        <Amount of={up && station.lossDb !== null ? decibels(station.lossDb) : null} />
      </Figure>
      <Figure name={words.pass.clicks} testId="click-rate">
        <Amount of={station.beam === 'quantum' ? clickRate(station.detectionRateHz) : null} />
      </Figure>
    </dl>
  );
}

function PassTimes({ pass }: { readonly pass: PassState }) {
  return (
    <dl className="pairs">
      <dt>{words.pass.rise}</dt>
      <dd>{utcTime(pass.aosMs)}</dd>
      <dt>{words.pass.top}</dt>
      <dd>
        {utcTime(pass.tcaMs)}, {degrees(pass.maxElevationDeg, 0)}
      </dd>
      <dt>{words.pass.set}</dt>
      <dd>{utcTime(pass.losMs)}</dd>
      <dt>{words.pass.window}</dt>
      <dd>
        {pass.window === null ? words.pass.noWindow : `${utcTime(pass.window.startMs)} – ${utcTime(pass.window.endMs)}`}
      </dd>
    </dl>
  );
}

/** A bar from rise to set with the photon window in it and a mark at mission time. */
function PassProgress({ pass, store }: { readonly pass: PassState; readonly store: Store<Observed> }) {
  const mark = useRef<HTMLSpanElement>(null);
  const share = (utcMs: number) => Math.min(Math.max((utcMs - pass.aosMs) / (pass.losMs - pass.aosMs), 0), 1);
  useDraw((nowMs) => {
    const { sky, skyReceivedMs } = store.latest;
    if (sky === null || mark.current === null) return false;
    const utcMs = momentAt(sky, skyReceivedMs, nowMs);
    mark.current.style.insetInlineStart = `${(share(utcMs) * 100).toFixed(2)}%`;
    mark.current.hidden = utcMs < pass.aosMs || utcMs > pass.losMs;
    return isMoving(sky) && utcMs >= pass.aosMs;
  });
  return (
    <div className="progress" aria-hidden="true" dir="ltr">
      {pass.window !== null && (
        <span
          className="progress-window"
          style={{
            insetInlineStart: `${share(pass.window.startMs) * 100}%`,
            inlineSize: `${(share(pass.window.endMs) - share(pass.window.startMs)) * 100}%`,
          }}
        />
      )}
      <span className="progress-mark" ref={mark} hidden />
    </div>
  );
}

function LossTerms({ station }: { readonly station: StationState }) {
  return (
    <details className="disclosure">
      <summary>{words.pass.lossTerms}</summary>
      {station.lossTerms.length === 0 ? (
        <p className="empty">{words.pass.lossNone}</p>
      ) : (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{words.pass.term}</th>
              <th scope="col" className="number">
                dB
              </th>
            </tr>
          </thead>
          <tbody>
            {station.lossTerms.map((term) => (
              <tr key={term.name}>
                <th scope="row">
                  {term.name}
                  <span className="table-note">{term.source}</span>
                </th>
                <td className="number">{decimal(term.lossDb, 2)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </details>
  );
}

function ComingPasses({ sky }: { readonly sky: SkyState }) {
  const coming = sky.passes.filter((pass) => pass.aosMs > sky.utcMs);
  if (coming.length === 0) return null;
  return (
    <details className="disclosure">
      <summary>{words.pass.coming}</summary>
      <div className="table-scroll">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{words.pass.station}</th>
              <th scope="col">{words.pass.rise}</th>
              <th scope="col" className="number">
                {words.pass.maximum}
              </th>
              <th scope="col">{words.pass.window}</th>
            </tr>
          </thead>
          <tbody>
            {coming.map((pass) => (
              <tr key={pass.passId}>
                <th scope="row">{sky.stations.find(({ id }) => id === pass.stationId)?.name ?? pass.stationId}</th>
                <td>
                  <time dateTime={utcInstant(pass.aosMs)}>
                    {utcDate(pass.aosMs).slice(5)} {utcMinute(pass.aosMs)}
                  </time>
                </td>
                <td className="number">{degrees(pass.maxElevationDeg, 0)}</td>
                <td>
                  {pass.window === null
                    ? ABSENT
                    : spell({ value: duration(pass.window.endMs - pass.window.startMs), unit: '' })}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
