/** A piece of a text, and whether it is what was searched for. */
export interface Piece {
  readonly text: string;
  readonly hit: boolean;
}

/** Characters kept before and after the first hit of a long text. */
const BEFORE = 60;
const AFTER = 180;

/** The text in pieces: each word of the query, wherever it stands, in capitals or not. The pieces joined are the text. */
export function highlight(text: string, query: string): readonly Piece[] {
  const wanted = pattern(query);
  if (wanted === null) return text === '' ? [] : [{ text, hit: false }];
  const pieces: Piece[] = [];
  let done = 0;
  for (const { 0: found, index } of text.matchAll(wanted)) {
    if (index > done) pieces.push({ text: text.slice(done, index), hit: false });
    pieces.push({ text: found, hit: true });
    done = index + found.length;
  }
  if (done < text.length) pieces.push({ text: text.slice(done), hit: false });
  return pieces;
}

/** The part of a long text around its first hit, with an ellipsis where something was left out; a short text whole. */
export function excerpt(text: string, query: string): string {
  if (text.length <= BEFORE + AFTER) return text;
  const wanted = pattern(query);
  const found = wanted === null ? -1 : text.search(wanted);
  const start = atWord(text, Math.max(0, found - BEFORE));
  const end = Math.min(text.length, Math.max(start, found) + AFTER);
  return `${start > 0 ? '… ' : ''}${wellFormed(text.slice(start, end).trim())}${end < text.length ? ' …' : ''}`;
}

/** Longer words first, so that a word is marked whole before a part of it is. */
function pattern(query: string): RegExp | null {
  const terms = query.trim().split(/\s+/u).filter(Boolean);
  if (terms.length === 0) return null;
  const sorted = terms.toSorted((a, b) => b.length - a.length).map(escaped);
  return new RegExp(sorted.join('|'), 'giu');
}

function escaped(term: string): string {
  return term.toWellFormed().replaceAll(/[\\^$.*+?()[\]{}|/]/gu, '\\$&');
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
