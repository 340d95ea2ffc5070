import 'uplot/dist/uPlot.min.css';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { ABSENT, clickRate, count, kilometres, percent, spell, utcTime } from '../format.ts';
import { Icon } from '../marks.tsx';
import { type LinkView, linkViews, type Observed } from '../observed.ts';
import { useSize } from '../size.ts';
import { type Store, useStore } from '../store.ts';
import { watchTheme } from '../theme.ts';
import { words } from '../words.ts';
import { extent, thinned } from './excerpt.ts';
import { Plot, type PlotKind } from './plot.ts';
import { CLICKS, QBER_GROUND, QBER_SPACE, RANGE, type Recorder, type Recording, TIME } from './recorder.ts';

const KINDS: readonly PlotKind[] = ['qber', 'clicks', 'range'];
const HEIGHT: Record<PlotKind, number> = { qber: 190, clicks: 124, range: 124 };
const TABLE_ROWS = 20;

/** Three charts of one pass with one time axis: error rate of both ends, clicks, range. */
export function Charts({ store, recorder }: { readonly store: Store<Observed>; readonly recorder: Recorder }) {
  const observed = useStore(store);
  const views = linkViews(observed);
  const [chosen, setChosen] = useState<string | null>(null);
  const [paused, setPaused] = useState(false);
  const shownId = chosen ?? livelyLink(views, recorder);
  const view = views.find(({ linkId }) => linkId === shownId) ?? null;
  const recording = shownId === null ? null : recorder.recording(shownId);

  return (
    <section className="panel charts" aria-labelledby="charts-title">
      <header className="panel-head">
        <h3 id="charts-title">{words.charts.title}</h3>
        <div className="charts-controls">
          <fieldset className="segments" aria-label={words.charts.link}>
            <button type="button" className="segment" aria-pressed={chosen === null} onClick={() => setChosen(null)}>
              {words.charts.follow}
            </button>
            {views.map(({ linkId, siteName }) => (
              <button
                key={linkId}
                type="button"
                className="segment"
                aria-pressed={chosen === linkId}
                onClick={() => setChosen(linkId)}
              >
                {siteName}
              </button>
            ))}
          </fieldset>
          <button type="button" className="button" onClick={() => setPaused(!paused)}>
            <Icon name={paused ? 'play' : 'pause'} />
            {paused ? words.charts.resume : words.charts.pause}
          </button>
        </div>
      </header>
      {recording === null || view === null ? (
        <p className="empty">{words.charts.none}</p>
      ) : (
        <PassCharts view={view} recording={recording} recorder={recorder} store={store} paused={paused} />
      )}
    </section>
  );
}

/** The link with photons now, else the one whose recording is the newest. */
function livelyLink(views: readonly LinkView[], recorder: Recorder): string | null {
  const lit = views.find(({ station }) => station.beam === 'quantum');
  if (lit !== undefined) return lit.linkId;
  const recordings = views.map(({ linkId }) => recorder.recording(linkId)).filter((one) => one !== null);
  return recordings.toSorted((a, b) => b.fromMs - a.fromMs)[0]?.linkId ?? null;
}

function PassCharts({
  view,
  recording,
  recorder,
  store,
  paused,
}: {
  readonly view: LinkView;
  readonly recording: Recording;
  readonly recorder: Recorder;
  readonly store: Store<Observed>;
  readonly paused: boolean;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const { width } = useSize(frame);
  const hosts = useRef<Record<PlotKind, HTMLDivElement | null>>({ qber: null, clicks: null, range: null });
  const plots = useRef<readonly Plot[]>([]);
  const [row, setRow] = useState<number | null>(null);
  const [theme, setTheme] = useState(0);
  const { linkId } = view;

  useEffect(() => watchTheme(() => setTheme((before) => before + 1)), []);

  // A change of theme rebuilds: a canvas keeps the colours it was drawn with.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `theme` stands for the colours that the plots read
  useEffect(() => {
    if (width === 0) return;
    plots.current = KINDS.map(
      (kind) => new Plot({ kind, host: hosts.current[kind]!, width, height: HEIGHT[kind], onCursor: setRow }),
    );
    for (const plot of plots.current) plot.show(recorder.recording(linkId));
    return () => {
      for (const plot of plots.current) plot.destroy();
      plots.current = [];
    };
  }, [width, theme, linkId, recorder]);

  useEffect(() => {
    if (paused) return;
    const show = () => {
      for (const plot of plots.current) plot.show(recorder.recording(linkId));
    };
    show();
    let drawn = rowsTaken(recorder.recording(linkId));
    return store.watch(() => {
      const taken = rowsTaken(recorder.recording(linkId));
      if (taken === drawn) return;
      drawn = taken;
      show();
    });
  }, [paused, linkId, recorder, store]);

  const onKeyDown = (event: KeyboardEvent) => {
    const last = recording.ring.length - 1;
    if (last < 0) return;
    const from = row ?? last;
    const to = {
      ArrowLeft: from - 1,
      ArrowRight: from + 1,
      PageUp: from - 10,
      PageDown: from + 10,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const at = Math.min(Math.max(to, 0), last);
    for (const plot of plots.current) plot.point(at);
    setRow(at);
  };

  return (
    <>
      <p className="charts-readout" aria-live="off" data-testid="chart-readout">
        {readout(recording, row)} {paused && <span>{words.charts.pausedNote}</span>}
      </p>
      {/* biome-ignore lint/a11y/useSemanticElements: charts are no form fields */}
      <div
        className="charts-area"
        ref={frame}
        dir="ltr"
        role="group"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move the cursor over the charts
        tabIndex={0}
        aria-label={`${words.charts.title}. ${words.charts.keys}`}
        onKeyDown={onKeyDown}
      >
        {KINDS.map((kind) => (
          <figure key={kind} className="chart" data-kind={kind}>
            <figcaption>
              <span className="chart-title">{words.charts[kind]}</span>
              {kind === 'qber' && (
                <>
                  <span className="chart-key" data-series="1">
                    {words.charts.ground(view.siteName)}
                  </span>
                  <span className="chart-key" data-series="2">
                    {words.charts.space(view.satelliteName)}
                  </span>
                </>
              )}
              <span className="chart-summary">{summary(kind, recording)}</span>
            </figcaption>
            <div
              className="chart-canvas"
              aria-hidden="true"
              ref={(host) => {
                hosts.current[kind] = host;
              }}
            />
          </figure>
        ))}
      </div>
      <RecordingTable recording={recording} view={view} />
    </>
  );
}

/** Names the state of a recording: another name, another picture. */
function rowsTaken(recording: Recording | null): string {
  if (recording === null || recording.ring.length === 0) return '';
  return `${recording.passId} ${recording.ring.at(recording.ring.length - 1, TIME)} ${recording.droppedMs}`;
}

function readout(recording: Recording, row: number | null): string {
  const { ring } = recording;
  if (ring.length === 0) return words.charts.noData;
  const at = row === null || row >= ring.length ? ring.length - 1 : row;
  const cell = (column: number, spelled: (value: number) => string) => {
    const value = ring.at(at, column);
    return value === null ? ABSENT : spelled(value);
  };
  return [
    `${words.charts.at} ${utcTime(ring.at(at, TIME)! * 1000)}`,
    `${words.charts.qber}: ${cell(QBER_GROUND, percent)} / ${cell(QBER_SPACE, percent)}`,
    `${words.charts.clicks}: ${cell(CLICKS, count)}`,
    `${words.charts.range}: ${cell(RANGE, (value) => spell(kilometres(value)))}`,
  ].join('  ·  ');
}

function summary(kind: PlotKind, { ring, droppedQber }: Recording): string {
  const column = { qber: QBER_GROUND, clicks: CLICKS, range: RANGE }[kind];
  if (kind === 'qber' && droppedQber !== null) return words.charts.summaryDropped(percent(droppedQber));
  const found = extent(ring, column);
  if (found === null) return words.charts.noData;
  if (kind === 'qber') return words.charts.summaryQber(percent(found.last), percent(found.highest));
  const spelled = (value: number) => spell(kind === 'clicks' ? clickRate(value) : kilometres(value));
  return words.charts.summary(spelled(found.last), spelled(found.lowest), spelled(found.highest));
}

/** The charts as numbers. Its rows are made when it is opened and every time somebody asks anew. */
function RecordingTable({ recording, view }: { readonly recording: Recording; readonly view: LinkView }) {
  const [open, setOpen] = useState(false);
  const cell = (value: number | null | undefined, spelled: (value: number) => string) =>
    value === null || value === undefined ? ABSENT : spelled(value);
  return (
    <details className="disclosure" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{words.charts.table}</summary>
      {open && (
        <section
          className="table-scroll"
          aria-label={words.charts.tableLabel}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
          tabIndex={0}
        >
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{words.charts.time}</th>
                <th scope="col" className="number">
                  {words.link.qber}, {view.siteName}
                </th>
                <th scope="col" className="number">
                  {words.link.qber}, {view.satelliteName}
                </th>
                <th scope="col" className="number">
                  {words.charts.clicks}
                </th>
                <th scope="col" className="number">
                  {words.charts.range}
                </th>
              </tr>
            </thead>
            <tbody>
              {thinned(recording.ring, TABLE_ROWS).map((row) => (
                <tr key={row[TIME]}>
                  <th scope="row">{utcTime((row[TIME] ?? 0) * 1000)}</th>
                  <td className="number">{cell(row[QBER_GROUND], (value) => percent(value))}</td>
                  <td className="number">{cell(row[QBER_SPACE], (value) => percent(value))}</td>
                  <td className="number">{cell(row[CLICKS], count)}</td>
                  <td className="number">{cell(row[RANGE], (value) => spell(kilometres(value)))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  );
}
