/** A piece of a text, and whether it is what was searched for. */
export interface Piece {
  readonly text: string;
  readonly hit: boolean;
}

/** Characters kept before and after the first hit of a long text. */
const BEFORE = 60;
const AFTER = 180;

/**
 * The text in pieces: the query wherever it stands, or, where it stands nowhere as a whole, each of its words; without
 * regard to case and accents, as the desk searches. The pieces joined are the text.
 */
export function highlight(text: string, query: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let done = 0;
  for (const [start, end] of places(text, query)) {
    if (start > done) pieces.push({ text: text.slice(done, start), hit: false });
    pieces.push({ text: text.slice(start, end), hit: true });
    done = end;
  }
  if (done < text.length) pieces.push({ text: text.slice(done), hit: false });
  return pieces;
}

/** The part of a long text around its first hit, with an ellipsis where something was left out; a short text whole. */
export function excerpt(text: string, query: string): string {
  if (text.length <= BEFORE + AFTER) return text;
  const found = places(text, query)[0]?.[0] ?? 0;
  const start = atWord(text, Math.max(0, found - BEFORE));
  const end = Math.min(text.length, found + AFTER);
  return `${start > 0 ? '… ' : ''}${wellFormed(text.slice(start, end).trim())}${end < text.length ? ' …' : ''}`;
}

type Place = readonly [start: number, end: number];

/** Where the query, or else each of its words, stands in the text; in order, none over another. */
function places(text: string, query: string): readonly Place[] {
  const folded = fold(text);
  const whole = occurrences(folded, [query.trim()]);
  return whole.length > 0 ? whole : occurrences(folded, query.trim().split(/\s+/u));
}

interface Folded {
  readonly text: string;
  /** For each unit of the folded text the index in the text where its character begins; one more for the end. */
  readonly origin: readonly number[];
}

/** Small letters without accents, each with its place in the text. */
function fold(text: string): Folded {
  const origin: number[] = [];
  let folded = '';
  let at = 0;
  for (const character of text) {
    const plain = plainly(character);
    folded += plain;
    for (let i = 0; i < plain.length; i++) origin.push(at);
    at += character.length;
  }
  return { text: folded, origin: [...origin, text.length] };
}

function plainly(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
}

/** Longer terms first, so that a word is marked whole before a part of it is. */
function occurrences({ text, origin }: Folded, terms: readonly string[]): readonly Place[] {
  const wanted = terms.map(plainly).filter((term) => term !== '');
  wanted.sort((a, b) => b.length - a.length);
  const found: Place[] = [];
  let from = 0;
  while (from < text.length) {
    const next = wanted
      .map((term) => ({ at: text.indexOf(term, from), length: term.length }))
      .filter(({ at }) => at >= 0)
      .reduce<{ at: number; length: number } | null>((best, each) => (best && best.at <= each.at ? best : each), null);
    if (next === null) break;
    from = next.at + next.length;
    const start = Math.max(origin[next.at]!, found.at(-1)?.[1] ?? 0);
    // To the beginning of the next character: its accents, which the folded text lacks, belong to it.
    const end = origin.find((place, i) => i >= from && place > origin[from - 1]!) ?? origin.at(-1)!;
    if (end > start) found.push([start, end]);
  }
  return found;
}

function atWord(text: string, from: number): number {
  if (from === 0) return 0;
  const space = text.indexOf(' ', from);
  return space >= 0 && space - from < 20 ? space + 1 : from;
}

/** Without the half of a character that a cut may leave at either end. */
function wellFormed(text: string): string {
  return text.replace(/^[\udc00-\udfff]/, '').replace(/[\ud800-\udbff]$/, '');
}
