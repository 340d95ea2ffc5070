import { useEffect } from 'react';
import { StateMark } from '../marks.tsx';
import type { Observed } from '../observed.ts';
import { type Store, useStore } from '../store.ts';
import { words } from '../words.ts';
import { narrate } from './narrate.ts';

const SHAPE = { calm: 'ring', live: 'disc', alarm: 'triangle' } as const;

/** What is going on, in plain words. Only the headline is announced: its detail counts down. */
export function Now({ store }: { readonly store: Store<Observed> }) {
  const narration = narrate(useStore(store));
  const alarm = narration?.tone === 'alarm';
  useEffect(() => {
    document.title = alarm ? words.now.alarmTitle(words.product) : words.product;
  }, [alarm]);
  if (narration === null) return null;
  return (
    <section className="now" data-tone={narration.tone} aria-label={words.now.label}>
      <p className="now-headline" role="status" data-testid="now">
        <StateMark shape={SHAPE[narration.tone]} />
        {narration.headline}
      </p>
      <p className="now-detail">
        {narration.detail} {narration.linkId !== undefined && <a href={`#${narration.linkId}`}>{words.now.evidence}</a>}
      </p>
    </section>
  );
}
