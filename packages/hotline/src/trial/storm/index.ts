/** Storms against the session whole: rows 3 to 5 of what a hotline has to withstand, as worlds that can be played apart. */
export { crashes } from './crashes.ts';
export { type Played, type StormPart, totals } from './outcome.ts';
export { starved } from './starved.ts';
export { everyWrite } from './writes.ts';
