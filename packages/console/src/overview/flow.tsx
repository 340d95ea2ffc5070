import type { ReactNode } from 'react';
import { STAGES, stageNumber } from '../bits/stepper.tsx';
import { totals } from '../bits/totals.ts';
import { Amount } from '../figures.tsx';
import { bitRate, bits, clickRate, count, type Quantity, spell } from '../format.ts';
import { type LinkView, linkViews, type Observed } from '../observed.ts';
import { type Store, useStore } from '../store.ts';
import { words } from '../words.ts';

/** The whole system in one line: photons become bits, bits become keys, keys carry words. */
export function Flow({ store }: { readonly store: Store<Observed> }) {
  const views = linkViews(useStore(store));
  const parties = views.map((view) => view.ground ?? view.space).filter((link) => link !== null);
  const { detections, sifted } = totals(parties);
  return (
    <section className="flow" aria-label={words.flow.label}>
      <Cell
        number={1}
        realm="simulated"
        name={words.flow.photons}
        amount={{ value: count(detections), unit: '' }}
        testId="flow-clicks"
      >
        {clicksNow(views)}
      </Cell>
      <Cell number={2} realm="real" name={words.flow.bits} amount={bits(sifted)} testId="flow-sifted">
        {distilling(views)}
      </Cell>
      <KeyCell views={views} />
      <div className="flow-cell" data-realm="real">
        <span className="flow-arrow" aria-hidden="true" />
        <p className="flow-name">
          <span className="flow-number">4</span>
          {words.flow.words}
        </p>
        <p className="flow-desks">
          {views.map(({ siteId, siteName }) => (
            <a key={siteId} className="button button-strong" href={`/desk/${siteId}`} target="_blank" rel="noopener">
              {words.flow.open(siteName)}
              <span className="visually-hidden"> ({words.desks.newTab})</span>
            </a>
          ))}
        </p>
      </div>
    </section>
  );
}

function KeyCell({ views }: { readonly views: readonly LinkView[] }) {
  const [a, b] = views;
  const stock = a?.site?.stock ?? b?.site?.stock;
  const shared = stock === undefined ? 0 : stock.sendBits + stock.receiveBits;
  const waiting = Math.max(...views.map((view) => view.site?.stock.linkBits ?? 0), 0);
  const poisoned = views.some((view) => view.state === 'dropped' && (view.site?.stock.poisonedBits ?? 0) > 0);
  const note =
    shared > 0 && a !== undefined && b !== undefined
      ? words.flow.keysDetail(a.siteName, b.siteName)
      : poisoned
        ? words.flow.keysPoisoned
        : waiting > 0
          ? words.flow.keysWaiting(spell(bits(waiting)))
          : words.flow.keysNone;
  return (
    <Cell number={3} realm="real" name={words.flow.keys} amount={bits(shared)} testId="flow-key">
      {shared === 0 && poisoned ? <strong className="flow-bad">{note}</strong> : note}
    </Cell>
  );
}

function Cell({
  number,
  realm,
  name,
  amount,
  testId,
  children,
}: {
  readonly number: number;
  readonly realm: 'simulated' | 'real';
  readonly name: string;
  readonly amount: Quantity;
  readonly testId: string;
  readonly children: ReactNode;
}) {
  return (
    <div className="flow-cell" data-realm={realm}>
      {number > 1 && <span className="flow-arrow" aria-hidden="true" />}
      <p className="flow-name">
        <span className="flow-number">{number}</span>
        {name}
        {realm === 'simulated' && <span className="flow-tag">{words.simulated.tag}</span>}
      </p>
      <p className="flow-amount" data-testid={testId}>
        <Amount of={amount} />
      </p>
      <p className="flow-note">{children}</p>
    </div>
  );
}

function clicksNow(views: readonly LinkView[]): string {
  const rate = views.reduce((sum, { station }) => sum + (station.beam === 'quantum' ? station.detectionRateHz : 0), 0);
  return rate > 0 ? words.flow.photonsNow(spell(clickRate(rate))) : words.flow.photonsIdle;
}

function distilling(views: readonly LinkView[]): string {
  const busy = views.find((view) => view.state === 'session');
  const link = busy?.ground ?? busy?.space ?? null;
  if (link === null) return words.flow.bitsIdle;
  const step = stageNumber(link.stage);
  if (step > 1) return words.flow.bitsStage(words.link.stage[STAGES[step - 1]!], step, STAGES.length);
  return words.flow.bitsRate(spell(bitRate(link.siftedRateHz)));
}
