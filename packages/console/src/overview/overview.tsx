import type { ReactNode } from 'react';
import { Charts } from '../bits/charts.tsx';
import { Links } from '../bits/link.tsx';
import { utcDate } from '../format.ts';
import { Keys } from '../keys/keys.tsx';
import type { Observed } from '../observed.ts';
import { Assumptions } from '../record/assumptions.tsx';
import { Journal } from '../record/journal.tsx';
import { Processes } from '../record/processes.tsx';
import { MissionClock } from '../sky/clock.tsx';
import { CloseUp } from '../sky/closeup.tsx';
import { WorldMap } from '../sky/map.tsx';
import { isMoving } from '../sky/moment.ts';
import { PassPanel } from '../sky/pass.tsx';
import { stationMarks } from '../sky/scene.ts';
import { TapPanel } from '../sky/tap.tsx';
import { type Store, useStore } from '../store.ts';
import { words } from '../words.ts';
import { ConnectionNotice } from './connection.tsx';
import { Desks } from './desks.tsx';
import { Flow } from './flow.tsx';
import { Masthead } from './masthead.tsx';
import { Now } from './now.tsx';
import type { Source } from './source.ts';

/** One page in the order of what happens: photons, bits, keys, words. */
export function Overview({ source: { store, recorder } }: { readonly source: Source }) {
  return (
    <>
      <a className="skip-link" href="#content">
        {words.skipLink}
      </a>
      <Masthead store={store} />
      <div className="clock-bar">
        <MissionClock store={store} />
      </div>
      <ConnectionNotice store={store} />
      <main id="content" tabIndex={-1}>
        <h1 className="visually-hidden">{words.tagline}</h1>
        <Ready store={store}>
          <Now store={store} />
          <Flow store={store} />
          <Chapter number={1} realm="simulated" title={words.sky.title} lead={<SkyLead store={store} />}>
            <SkyPictures store={store} />
            <ElementsNote store={store} />
            <div className="sky-panels">
              <PassPanel store={store} />
              <TapPanel store={store} />
            </div>
          </Chapter>
          <p className="realm-border">{words.simulated.explanation}</p>
          <Chapter number={2} realm="real" title={words.bits.title} lead={words.bits.lead}>
            <Links store={store} />
            <Charts store={store} recorder={recorder} />
          </Chapter>
          <Chapter number={3} realm="real" title={words.keys.title} lead={words.keys.lead}>
            <Keys store={store} />
          </Chapter>
          <Chapter number={4} realm="real" title={words.desks.title} lead={words.desks.lead}>
            <Desks store={store} />
          </Chapter>
          <div className="record">
            <Journal store={store} />
            <Processes store={store} />
          </div>
        </Ready>
      </main>
      <footer className="page-foot">
        <Assumptions store={store} />
      </footer>
    </>
  );
}

/** Shows its content once the sky has spoken. */
function Ready({ store, children }: { readonly store: Store<Observed>; readonly children: ReactNode }) {
  const { sky } = useStore(store);
  if (sky !== null) return children;
  return (
    <div className="loading" role="status">
      <span className="loading-orbit" aria-hidden="true" />
      <p className="loading-title">{words.loading.title}</p>
      <p>{words.loading.text}</p>
    </div>
  );
}

function Chapter({
  number,
  realm,
  title,
  lead,
  children,
}: {
  readonly number: number;
  readonly realm: 'simulated' | 'real';
  readonly title: string;
  readonly lead: ReactNode;
  readonly children: ReactNode;
}) {
  const id = `chapter-${number}`;
  return (
    <section className="chapter" data-realm={realm} aria-labelledby={id}>
      <header className="chapter-head">
        <span className="chapter-number" aria-hidden="true">
          {number}
        </span>
        <h2 id={id}>{title}</h2>
        <p>{lead}</p>
        <span className="realm-tag" data-realm={realm}>
          {realm === 'simulated' ? words.simulated.tag : words.simulated.real}
        </span>
      </header>
      {children}
    </section>
  );
}

function SkyPictures({ store }: { readonly store: Store<Observed> }) {
  const { sky, connection } = useStore(store);
  return (
    <div className="sky-pictures" data-halted={sky === null || !isMoving(sky) || connection === 'lost'}>
      <WorldMap store={store} />
      <CloseUp store={store} />
    </div>
  );
}

function SkyLead({ store }: { readonly store: Store<Observed> }) {
  const observed = useStore(store);
  const stations = stationMarks(observed).map(({ name, siteName }) => words.sky.station(name, siteName));
  return words.sky.lead(observed.sky?.satellite.name ?? '', stations.join(words.sky.stationsJoin));
}

function ElementsNote({ store }: { readonly store: Store<Observed> }) {
  const { sky } = useStore(store);
  const epochUtc = sky?.satellite.elementsEpochUtc;
  if (!epochUtc) return null;
  return <p className="elements-note">{words.sky.elements(utcDate(Date.parse(epochUtc)))}</p>;
}
