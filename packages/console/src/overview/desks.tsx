import { bits, spell } from '../format.ts';
import { Icon, Pill } from '../marks.tsx';
import { type LinkView, linkViews, type Observed } from '../observed.ts';
import { type Store, useStore } from '../store.ts';
import { words } from '../words.ts';

/** The doors to the two desks, and whether their line is ready. */
export function Desks({ store }: { readonly store: Store<Observed> }) {
  const views = linkViews(useStore(store));
  const down = views.some(({ state }) => state === 'dropped');
  return (
    <div className="desks">
      {views.map((view) => (
        <DeskDoor key={view.siteId} view={view} down={down} />
      ))}
    </div>
  );
}

function DeskDoor({ view, down }: { readonly view: LinkView; readonly down: boolean }) {
  const ready = view.site?.stock.sendBits ?? 0;
  const state = down ? 'dropped' : ready > 0 ? 'ready' : 'waiting';
  return (
    <section className="panel desk-door" aria-label={words.desk.title(view.siteName)}>
      <h3>{words.desk.title(view.siteName)}</h3>
      <p className="desk-door-line">
        {state === 'ready' && (
          <Pill shape="disc" tone="ok">
            {words.desks.ready}
          </Pill>
        )}
        {state === 'waiting' && (
          <Pill shape="ring" tone="muted">
            {words.desks.waiting}
          </Pill>
        )}
        {state === 'dropped' && (
          <Pill shape="triangle" tone="bad">
            {words.desks.dropped}
          </Pill>
        )}
        <span>
          {state === 'ready' && words.desks.readyDetail(spell(bits(ready)))}
          {state === 'waiting' && words.desks.waitingDetail}
          {state === 'dropped' && words.desks.droppedDetail}
        </span>
      </p>
      <a
        className="button button-strong"
        href={`/desk/${view.siteId}`}
        target="_blank"
        rel="noopener"
        data-testid={`open-desk-${view.siteId}`}
      >
        {words.desks.open(view.siteName)}
        <Icon name="external" />
        <span className="visually-hidden"> ({words.desks.newTab})</span>
      </a>
    </section>
  );
}
