import { folded } from '../store/fold.ts';
import { SignInRefusal } from './refusal.ts';

const LONGEST = 80;
/** Control characters, halves of pairs, what no script has, and what turns the direction of writing. */
const UNSEEN = /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** A person's name as it is kept: one that looks like itself and like none of `others`, since approvals are shown by name. */
export function nameFrom(name: unknown, others: readonly string[]): string {
  const clean = typeof name === 'string' ? name.normalize('NFC').trim().replace(/\s+/gu, ' ') : '';
  if (clean === '' || [...clean].length > LONGEST)
    throw new SignInRefusal('desk/person', `a person needs a name of 1 to ${LONGEST} letters`);
  if (UNSEEN.test(clean))
    throw new SignInRefusal('desk/person', 'this name holds characters that cannot be seen: type it anew');
  if (others.some((other) => folded(other) === folded(clean)))
    throw new SignInRefusal(
      'desk/person',
      'somebody at this desk, or an open enrolment link, has this name already: add a surname or a number',
    );
  return clean;
}
