import type { DeskPerson, DeskState } from '@skykey/telemetry';
import { type ReactNode, useEffect, useLayoutEffect, useRef } from 'react';
import { AlarmScreen, AlarmStrip } from './alarm/alarm-screen.tsx';
import type { Api } from './api.ts';
import { Search } from './conversation/search.tsx';

export type Cover = 'none' | 'search' | 'alarm';

/**
 * The middle of the desk. The conversation is always there; the alarm or a search may stand before it, and then it keeps
 * its place and cannot be reached.
 */
export function Stage({
  desk,
  person,
  api,
  cover,
  children,
  onGo,
  onSearchEnd,
  onReadOn,
  onAlarm,
}: {
  readonly desk: DeskState;
  readonly person: DeskPerson;
  readonly api: Api;
  readonly cover: Cover;
  /** The conversation. */
  readonly children: ReactNode;
  readonly onGo: (id: string) => Promise<boolean>;
  readonly onSearchEnd: () => void;
  readonly onReadOn: () => void;
  readonly onAlarm: () => void;
}) {
  const stage = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const asked = useRef(false);

  // Who was reading in what is now covered must not be left nowhere; who was writing goes on writing.
  useLayoutEffect(() => {
    if (cover !== 'alarm') return;
    const held = document.activeElement;
    if (asked.current || held === document.body || stage.current?.contains(held)) heading.current?.focus();
    asked.current = false;
  }, [cover]);
  useEffect(() => {
    if (cover === 'none' && asked.current) {
      asked.current = false;
      stage.current?.querySelector<HTMLElement>('[role="log"]')?.focus();
    }
  }, [cover]);

  const black = desk.line.level === 'black';
  return (
    <>
      {black && cover !== 'alarm' && (
        <AlarmStrip
          desk={desk}
          onBack={() => {
            asked.current = true;
            onAlarm();
          }}
        />
      )}
      <div className="stage" ref={stage} data-cover={cover}>
        {children}
        {cover === 'search' && <Search api={api} onGo={onGo} onClose={onSearchEnd} />}
        {cover === 'alarm' && (
          <AlarmScreen
            desk={desk}
            person={person}
            command={api.post}
            heading={heading}
            onRead={() => {
              asked.current = true;
              onReadOn();
            }}
          />
        )}
      </div>
    </>
  );
}
