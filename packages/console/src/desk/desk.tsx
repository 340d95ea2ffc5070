import type { DeskState } from '@skykey/telemetry';
import { useEffect } from 'react';
import { Amount } from '../figures.tsx';
import { bits, count } from '../format.ts';
import { Icon } from '../marks.tsx';
import type { Connection } from '../observed.ts';
import { type Store, useStore } from '../store.ts';
import { ThemeSwitch } from '../theme-switch.tsx';
import { words } from '../words.ts';
import type { DeskAddress } from './address.ts';
import { Composer } from './composer.tsx';
import { Conversation } from './conversation.tsx';
import { Line } from './line.tsx';

export interface DeskView {
  readonly desk: DeskState | null;
  readonly connection: Connection;
}

/** The hotline desk of one site. */
export function Desk({ store, address }: { readonly store: Store<DeskView>; readonly address: DeskAddress }) {
  const { desk, connection } = useStore(store);
  useEffect(() => {
    if (desk !== null) document.title = words.desk.documentTitle(desk.name, desk.peerName);
  }, [desk]);
  return (
    <div className="desk" data-line={desk?.line.state}>
      <a className="skip-link" href="#composer">
        {words.skipLink}
      </a>
      <header className="desk-head">
        <a className="desk-back" href="/">
          <Icon name="back" />
          <span>{words.desk.back}</span>
        </a>
        <div className="desk-title">
          <h1>{desk === null ? words.product : words.desk.title(desk.name)}</h1>
          {desk !== null && <p>{words.desk.to(desk.peerName)}</p>}
        </div>
        <ThemeSwitch />
      </header>
      {desk === null ? (
        <main className="desk-loading" role="status">
          <span className="loading-orbit" aria-hidden="true" />
          <p>{connection === 'lost' ? words.desk.lost : words.desk.connecting}</p>
        </main>
      ) : (
        <>
          <Line line={desk.line} connection={connection} />
          <main className="desk-main">
            <Conversation desk={desk} />
            <Composer desk={desk} connected={connection === 'live'} base={address.base} />
          </main>
          <About desk={desk} />
        </>
      )}
    </div>
  );
}

/** How much the line is still good for, and what protects it. */
function About({ desk }: { readonly desk: DeskState }) {
  return (
    <aside className="desk-about" aria-label={words.desk.details}>
      <dl className="figures">
        <div className="figure">
          <dt>{words.desk.messagesLeft}</dt>
          <dd data-testid="messages-left">
            <Amount of={{ value: count(desk.messagesLeft), unit: '' }} />
          </dd>
        </div>
        <div className="figure">
          <dt>{words.desk.keyLeft}</dt>
          <dd data-testid="key-left" data-bits={desk.keyBitsLeft}>
            <Amount of={bits(desk.keyBitsLeft)} />
          </dd>
        </div>
        <div className="figure">
          <dt>{words.desk.suite}</dt>
          <dd data-testid="suite">{words.desk.suiteName[desk.suite]}</dd>
        </div>
      </dl>
      <div className="desk-explained">
        <p>{words.desk.suiteMeaning[desk.suite]}</p>
        <p>{words.simulated.trusted}</p>
        <p>{words.simulated.short}</p>
      </div>
    </aside>
  );
}
