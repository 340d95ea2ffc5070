import type { DeskPerson } from '@skykey/telemetry';

/** A person of the desk. */
export interface Listed extends DeskPerson {
  /** Whether the person is signed in now; null where the desk does not say. */
  readonly isSignedIn: boolean | null;
}

/** A link that was given and not used yet. */
export interface OpenLink extends DeskPerson {
  readonly expiresUtcMs: number;
}

/** Body of `GET /api/persons`. */
export interface Roster {
  readonly persons: readonly Listed[];
  /** Only of people who are not enrolled yet: a further link of somebody who is stands with that person. */
  readonly links: readonly OpenLink[];
}

/** Null when the body is not one. */
export function rosterOf(body: unknown): Roster | null {
  if (typeof body !== 'object' || body === null || !('persons' in body) || !Array.isArray(body.persons)) return null;
  const persons = (body.persons as (DeskPerson & { isSignedIn?: boolean })[]).map(
    ({ id, name, roles, isSignedIn = null }) => ({ id, name, roles, isSignedIn }),
  );
  const enrolled = new Set(persons.map(({ id }) => id));
  const given = 'invitations' in body && Array.isArray(body.invitations) ? (body.invitations as OpenLink[]) : [];
  return { persons, links: given.filter(({ id }) => !enrolled.has(id)) };
}

/** Answer of `POST /api/persons/invite`. */
export interface Link {
  readonly name: string;
  readonly link: string;
  /** Null where the desk does not say. */
  readonly expiresUtcMs: number | null;
}

/** Null when the body is not one. */
export function linkOf(body: unknown, name: string): Link | null {
  if (typeof body !== 'object' || body === null || !('link' in body) || typeof body.link !== 'string') return null;
  const ends = 'expiresUtcMs' in body ? body.expiresUtcMs : null;
  return { name, link: body.link, expiresUtcMs: typeof ends === 'number' ? ends : null };
}
