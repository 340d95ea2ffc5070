import type { DeskPerson, DeskState } from '@skykey/telemetry';
import { type KeyboardEvent, useEffect, useId, useRef } from 'react';
import { utcTime } from '../../format.ts';
import { Icon } from '../../marks.tsx';
import type { Api } from '../api.ts';
import { underWay } from '../files/file.ts';
import { words } from '../words.ts';
import { FilesTab } from './files-tab.tsx';
import { LineTab } from './line-tab.tsx';
import { Persons } from './persons.tsx';
import { Retention } from './retention.tsx';

const TABS = ['line', 'files', 'desk'] as const;
export type Tab = (typeof TABS)[number];

interface SideProps {
  readonly desk: DeskState;
  readonly person: DeskPerson;
  readonly api: Api;
  readonly tab: Tab;
  /** The page hears its desk; while it does not, `desk` is the last that was heard. */
  readonly connected: boolean;
  readonly onTab: (tab: Tab) => void;
}

/** Details beside the conversation, where there is room for them. */
export function Side(props: SideProps) {
  return (
    <aside className="side" aria-label={words.side.label}>
      <Tabs {...props} />
    </aside>
  );
}

/** The same details over the page, where there is none. */
export function SideSheet({ onClose, ...props }: SideProps & { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className="side-sheet" aria-label={words.side.label} onClose={onClose}>
      <button
        type="button"
        className="button side-close"
        aria-label={words.close}
        title={words.close}
        data-testid="details-close"
        onClick={() => dialog.current?.close()}
      >
        <Icon name="cross" />
      </button>
      <Tabs {...props} />
    </dialog>
  );
}

function Tabs({ desk, person, api, tab, connected, onTab }: SideProps) {
  const id = useId();
  const running = desk.files.filter(underWay).length;
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const forward = getComputedStyle(event.currentTarget).direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
    const backward = forward === 'ArrowRight' ? 'ArrowLeft' : 'ArrowRight';
    const step = event.key === forward ? 1 : event.key === backward ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const next = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length]!;
    onTab(next);
    document.getElementById(`${id}${next}`)?.focus();
  };
  return (
    <>
      <div className="tabs" role="tablist" aria-label={words.side.label} onKeyDown={onKeyDown}>
        {TABS.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            className="tab"
            id={`${id}${name}`}
            aria-selected={tab === name}
            aria-controls={`${id}panel`}
            tabIndex={tab === name ? 0 : -1}
            data-testid={`tab-${name}`}
            onClick={() => onTab(name)}
          >
            {words.side.tab[name]}
            {name === 'files' && running > 0 && <span className="tab-count">{running}</span>}
          </button>
        ))}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard */}
      <div className="tab-panel" role="tabpanel" id={`${id}panel`} aria-labelledby={`${id}${tab}`} tabIndex={0}>
        {!connected && (
          <p className="side-stale">
            <Icon name="wait" />
            <span>{words.connection.asOf(utcTime(desk.utcMs))}</span>
          </p>
        )}
        {tab === 'line' && <LineTab desk={desk} command={api.post} />}
        {tab === 'files' && <FilesTab files={desk.files} peerName={desk.peerName} command={api.post} />}
        {tab === 'desk' && <DeskTab desk={desk} person={person} api={api} />}
      </div>
    </>
  );
}

function DeskTab({ desk, person, api }: Pick<SideProps, 'desk' | 'person' | 'api'>) {
  const operator = person.roles.includes('operator');
  return (
    <>
      <Retention days={desk.retentionDays} operator={operator} command={api.post} />
      {operator && <Persons api={api} person={person} />}
    </>
  );
}
