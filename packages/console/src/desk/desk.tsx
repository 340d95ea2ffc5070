import type { DeskPerson, DeskState } from '@skykey/telemetry';
import { type ComponentType, useCallback, useEffect, useRef, useState } from 'react';
import { Store, useStore } from '../store.ts';
import { useAct } from './act.tsx';
import { Announcer } from './announcer.tsx';
import type { Api } from './api.ts';
import { Composer, type Reused } from './composer/composer.tsx';
import type { KeptDraft } from './composer/draft.ts';
import { Conversation, type Target } from './conversation/conversation.tsx';
import { DropNotice, useDrop } from './files/drop.tsx';
import { sendFile } from './files/send-file.ts';
import { UploadStrip } from './files/upload-strip.tsx';
import { Uploads } from './files/uploads.ts';
import { Head } from './head.tsx';
import { Banners, LineBar } from './line/line-bar.tsx';
import { fetchEarlier, fetchUntil, follow, type Listener } from './live.ts';
import { useMedia } from './media.ts';
import { Side, SideSheet, type Tab } from './side/side.tsx';
import { type Cover, Stage } from './stage.tsx';
import { useTitle } from './title.ts';
import { type DeskView, NOTHING_SHOWN } from './view.ts';
import { words } from './words.ts';

/** At most so often a view is drawn anew, ms. */
const SHOW_MS = 100;

/** What the call panel is given, whenever the state changes. */
export interface CallSlotProps {
  readonly state: DeskState;
  readonly person: DeskPerson;
  /** The page hears its desk. While it does not, `state` is the last that was heard. */
  readonly connected: boolean;
}

/** Parts of the desk that are made elsewhere. */
export interface DeskSlots {
  /** Stands above the conversation from the first state on, also while there is no call; the alarm's screen hides it. */
  readonly call?: ComponentType<CallSlotProps>;
  /** Hears events of the desk's stream beside this page. */
  readonly listener?: Listener;
}

const NO_SLOTS: DeskSlots = {};

/** The desk of one site, for a person who is signed in. */
export function Desk({
  person,
  api,
  kept,
  slots = NO_SLOTS,
  onSignedOut,
}: {
  readonly person: DeskPerson;
  readonly api: Api;
  readonly kept: KeptDraft;
  readonly slots?: DeskSlots;
  readonly onSignedOut: () => void;
}) {
  const [store] = useState(() => new Store<DeskView>(NOTHING_SHOWN, SHOW_MS));
  const [uploads] = useState(() => new Uploads(sendFile));
  const { call: CallSlot, listener } = slots;
  useEffect(() => follow(store, api, listener), [store, api, listener]);
  useEffect(() => () => uploads.close(), [uploads]);
  const { desk, thread, connection, refusal } = useStore(store);
  const narrow = useMedia('(max-width: 960px)');
  const signingOut = useAct(api.post);
  useTitle(desk, thread);

  const [tab, setTab] = useState<Tab>('line');
  const [sheet, setSheet] = useState(false);
  const [searching, setSearching] = useState(false);
  /** The alarm that somebody has put aside to read. */
  const [aside, setAside] = useState<string | null>(null);
  const [target, setTarget] = useState<Target | null>(null);
  const [reused, setReused] = useState<Reused | null>(null);
  const searchOpener = useRef<HTMLElement | null>(null);

  const alarmId = desk?.line.level === 'black' ? (desk.line.alarm?.id ?? 'unnamed') : null;
  const cover: Cover = alarmId !== null && alarmId !== aside ? 'alarm' : searching ? 'search' : 'none';
  const mayFile = connection === 'live' && desk?.may.file.allowed === true;
  const { dropping, on } = useDrop(uploads, mayFile);

  const onEarlier = useCallback(() => fetchEarlier(store, api), [store, api]);
  const onReuse = useCallback((text: string) => setReused({ text }), []);
  const onDraft = useCallback((draft: string) => kept.keep(person.id, draft), [kept, person.id]);
  const openSearch = useCallback(() => {
    searchOpener.current = document.activeElement as HTMLElement | null;
    setAside(alarmId);
    setSearching(true);
  }, [alarmId]);
  const closeSearch = () => setSearching(false);
  // After the drawing: until then what the search stood before cannot be reached.
  useEffect(() => {
    if (searching) return;
    searchOpener.current?.focus();
    searchOpener.current = null;
  }, [searching]);
  const go = async (id: string) => {
    const there = await fetchUntil(store, api, id);
    if (!there) return false;
    searchOpener.current = null;
    setSearching(false);
    setTarget({ id });
    return true;
  };
  const signOut = async () => {
    const answer = await signingOut.act('/api/sign-out', {});
    if (answer?.ok !== true) return;
    kept.forget();
    onSignedOut();
  };

  // Details over the page must not hide an alarm.
  useEffect(() => {
    if (alarmId !== null) setSheet(false);
  }, [alarmId]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey)
        return;
      event.preventDefault();
      openSearch();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [openSearch]);

  const details = { person, api, tab, connected: connection === 'live', onTab: setTab };
  return (
    <div className="desk" data-level={desk?.line.level} {...on}>
      <a className="skip-link" href="#composer">
        {words.skipLink}
      </a>
      <Head
        desk={desk}
        person={person}
        narrow={narrow}
        searching={cover === 'search'}
        signingOut={signingOut}
        onSearch={cover === 'search' ? closeSearch : openSearch}
        onDetails={() => setSheet(true)}
        onSignOut={() => void signOut()}
      />
      {desk === null ? (
        <main className="desk-loading" role="status">
          {refusal === null && <span className="loading-orbit" aria-hidden="true" />}
          <p>{refusal ?? (connection === 'lost' ? words.connection.lost : words.loading)}</p>
        </main>
      ) : (
        <>
          <section className="desk-line" aria-label={words.level.label}>
            <LineBar desk={desk} connection={connection} />
            <Banners desk={desk} person={person} command={api.post} />
          </section>
          <main className="desk-main">
            {CallSlot !== undefined && (
              <div className="desk-call" hidden={cover === 'alarm'}>
                <CallSlot state={desk} person={person} connected={connection === 'live'} />
              </div>
            )}
            <Stage
              desk={desk}
              person={person}
              api={api}
              cover={cover}
              onGo={go}
              onSearchEnd={closeSearch}
              onReadOn={() => setAside(alarmId)}
              onAlarm={() => {
                setSearching(false);
                setAside(null);
              }}
            >
              <Conversation
                thread={thread}
                files={desk.files}
                peerName={desk.peerName}
                open={desk.may.text.allowed || desk.may.sealedText.allowed}
                covered={cover !== 'none'}
                target={target}
                command={api.post}
                onEarlier={onEarlier}
                onReuse={onReuse}
              />
            </Stage>
            <UploadStrip uploads={uploads} />
            <Composer
              desk={desk}
              connected={connection === 'live'}
              command={api.post}
              uploads={uploads}
              first={kept.of(person.id)}
              reused={reused}
              onDraft={onDraft}
            />
          </main>
          {!narrow && <Side desk={desk} {...details} />}
          {narrow && sheet && <SideSheet desk={desk} {...details} onClose={() => setSheet(false)} />}
          {dropping && <DropNotice peerName={desk.peerName} allowed={mayFile} reason={desk.may.file.reason} />}
        </>
      )}
      <Announcer store={store} />
    </div>
  );
}
