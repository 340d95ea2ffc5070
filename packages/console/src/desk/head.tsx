import type { DeskPerson, DeskState } from '@skykey/telemetry';
import { useId } from 'react';
import { Emblem, Icon } from '../marks.tsx';
import { ThemeSwitch } from '../theme-switch.tsx';
import type { Act } from './act.tsx';
import { Refusal } from './act.tsx';
import { words } from './words.ts';

/** Whose desk this is, to whom the line leads, who sits at it. */
export function Head({
  desk,
  person,
  narrow,
  searching,
  signingOut,
  onSearch,
  onDetails,
  onSignOut,
}: {
  readonly desk: DeskState | null;
  readonly person: DeskPerson;
  readonly narrow: boolean;
  readonly searching: boolean;
  readonly signingOut: Act;
  readonly onSearch: () => void;
  readonly onDetails: () => void;
  readonly onSignOut: () => void;
}) {
  const menu = useId();
  return (
    <header className="desk-head">
      <Emblem />
      <div className="desk-title">
        <h1>{desk === null ? words.page : words.head.title(desk.name)}</h1>
        {desk !== null && <p>{words.head.to(desk.peerName)}</p>}
      </div>
      <p className="simulated-badge" data-testid="simulated" title={words.protection.simulated}>
        <span>
          {words.protection.simulatedBadge}
          <span className="badge-more"> {words.protection.simulatedWhat}</span>
        </span>
      </p>
      {desk !== null && (
        <button
          type="button"
          className="button head-button"
          aria-expanded={searching}
          aria-keyshortcuts="Control+K"
          title={`${words.head.search} (Ctrl K)`}
          data-testid="search-open"
          onClick={onSearch}
        >
          <Icon name="search" />
          <span className="head-word">{words.head.search}</span>
        </button>
      )}
      {desk !== null && narrow && (
        <button type="button" className="button head-button" data-testid="details-open" onClick={onDetails}>
          <Icon name="details" />
          <span className="head-word">{words.head.details}</span>
        </button>
      )}
      <button type="button" className="button head-button" popoverTarget={menu} data-testid="person">
        <Icon name="person" />
        <span className="head-word">
          <span className="visually-hidden">{words.message.you}: </span>
          <bdi>{person.name}</bdi>
        </span>
      </button>
      <div className="person-menu" id={menu} popover="auto">
        <p className="person-name" dir="auto">
          {person.name}
        </p>
        <ul className="person-roles" aria-label={words.head.roles}>
          {person.roles.map((role) => (
            <li key={role}>
              <strong>{words.head.role[role]}</strong> {words.head.roleMeaning[role]}
            </li>
          ))}
        </ul>
        <ThemeSwitch />
        <Refusal>{signingOut.refusal}</Refusal>
        <button
          type="button"
          className="button"
          disabled={signingOut.acting}
          data-testid="sign-out"
          onClick={onSignOut}
        >
          {words.head.signOut}
        </button>
      </div>
    </header>
  );
}
