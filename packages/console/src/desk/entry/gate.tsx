import type { ReactNode } from 'react';
import { Emblem, Icon } from '../../marks.tsx';
import { ThemeSwitch } from '../../theme-switch.tsx';
import { words } from '../words.ts';
import { namedAddress, type Obstacle, type PasskeyRefusal } from './passkey.ts';

/** The frame of the screens before the desk. */
export function Gate({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div className="gate">
      <header className="gate-head">
        <Emblem />
        <p className="gate-product">{words.page}</p>
        <ThemeSwitch />
      </header>
      <main className="gate-card">
        <h1>{title}</h1>
        {children}
      </main>
      <footer className="gate-foot">
        <p>{words.protection.simulated}</p>
      </footer>
    </div>
  );
}

/** Why passkeys do not work here, and what to do. */
export function ObstacleNotice({ obstacle }: { readonly obstacle: Obstacle }) {
  const named = obstacle === 'address' ? namedAddress(location.href) : null;
  return (
    <div className="gate-notice" role="alert" data-testid="obstacle">
      <Icon name="alarm" />
      <div>
        <p>
          <strong>{words.obstacle.title}.</strong> {words.obstacle[obstacle]}
        </p>
        {named !== null && (
          <p>
            <a href={named}>{words.obstacle.named}</a>
          </p>
        )}
      </div>
    </div>
  );
}

/** What went wrong: the desk's sentence, or the browser's refusal in plain words. */
export type GateRefusal = { readonly said: string } | { readonly passkey: PasskeyRefusal };

export function RefusalNotice({ refusal }: { readonly refusal: GateRefusal | null }) {
  if (refusal === null) return null;
  return (
    <p className="gate-notice" role="alert" data-testid="gate-refusal">
      <Icon name="alarm" />
      <span dir="auto">{'said' in refusal ? refusal.said : words.passkey[refusal.passkey]}</span>
    </p>
  );
}

/** More for those whose way in does not work. */
export function Help({ summary, children }: { readonly summary: string; readonly children: readonly string[] }) {
  return (
    <details className="disclosure gate-help">
      <summary>{summary}</summary>
      <ul>
        {children.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </details>
  );
}
