import { Emblem } from '../marks.tsx';
import type { Observed } from '../observed.ts';
import { type Store, useStore } from '../store.ts';
import { ThemeSwitch } from '../theme-switch.tsx';
import { words } from '../words.ts';

/** Whose page this is, which scenario plays, and that its photons are simulated. */
export function Masthead({ store }: { readonly store: Store<Observed> }) {
  const { sky } = useStore(store);
  return (
    <header className="masthead">
      <p className="brand">
        <Emblem />
        <span>{words.product}</span>
      </p>
      <p className="scenario" data-testid="scenario">
        {sky?.title ?? words.tagline}
      </p>
      <p className="simulated-badge" data-testid="simulated" title={words.simulated.explanation}>
        {words.simulated.badge}
      </p>
      <ThemeSwitch />
    </header>
  );
}
