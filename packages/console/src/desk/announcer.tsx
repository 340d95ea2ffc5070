import { useEffect, useState } from 'react';
import type { Store } from '../store.ts';
import { alarmSentence, announcements } from './announce.ts';
import type { DeskView } from './view.ts';

/** A sentence is heard once; after so long it is taken away, so that nobody meets it again while reading the page, ms. */
const HEARD_MS = 8000;

/** Two live regions that stand from the beginning: a region that appears with its text is often not read. */
export function Announcer({ store }: { readonly store: Store<DeskView> }) {
  const [polite, setPolite] = useState<readonly { id: number; text: string }[]>([]);
  const [alarm, setAlarm] = useState('');
  useEffect(() => {
    let before = store.shown();
    let lastId = 0;
    const timers = new Set<ReturnType<typeof setTimeout>>();
    const look = () => {
      const after = store.shown();
      const said = announcements(before, after).map((text) => ({ id: ++lastId, text }));
      before = after;
      setAlarm(after.desk === null ? '' : alarmSentence(after.desk));
      if (said.length === 0) return;
      setPolite((all) => [...all, ...said]);
      const timer = setTimeout(() => {
        timers.delete(timer);
        setPolite((all) => all.filter((sentence) => !said.includes(sentence)));
      }, HEARD_MS);
      timers.add(timer);
    };
    look();
    const leave = store.view(look);
    return () => {
      leave();
      for (const timer of timers) clearTimeout(timer);
    };
  }, [store]);
  return (
    <>
      <div className="visually-hidden" role="status" aria-live="polite" data-testid="announced">
        {polite.map(({ id, text }) => (
          <p key={id}>{text}</p>
        ))}
      </div>
      <div className="visually-hidden" role="alert" data-testid="alerted">
        {alarm}
      </div>
    </>
  );
}
