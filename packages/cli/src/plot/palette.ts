/**
 * Colours that stay apart for every kind of colour vision: the muted scheme of P. Tol, "Colour Schemes" (SRON technical
 * note SRON/EPS/TN/09-002, issue 3.2, 2021, figure 3).
 */
const MUTED = {
  cyan: '#88CCEE',
  teal: '#44AA99',
  sand: '#DDCC77',
  rose: '#CC6677',
  wine: '#882255',
  indigo: '#332288',
  olive: '#999933',
  purple: '#AA4499',
  green: '#117733',
} as const;

/** The same term has the same colour in every chart; the largest areas have the lightest. */
const TERMS: Readonly<Record<string, string>> = {
  'beam spread': MUTED.cyan,
  extinction: MUTED.teal,
  'receiver optics': MUTED.sand,
  'turbulence spread': MUTED.rose,
  pointing: MUTED.wine,
  transmitter: MUTED.indigo,
  'field of view': MUTED.olive,
  'seeing and field of view': MUTED.olive,
  'receiver obscuration': MUTED.purple,
};

/** A colour for each name: its own, or the next that none of the others has. */
export function termColours(names: readonly string[]): ReadonlyMap<string, string> {
  const own = names.map((name) => TERMS[name]);
  const free = Object.values(MUTED)
    .reverse()
    .filter((colour) => !own.includes(colour));
  return new Map(names.map((name, i) => [name, own[i] ?? free.shift() ?? '#BBBBBB']));
}

/** For lines of one kind, in order; after the last they begin again. */
const LINES = [MUTED.indigo, MUTED.rose, MUTED.teal, MUTED.wine, MUTED.olive, MUTED.purple] as const;

export function lineColour(i: number): string {
  return LINES[i % LINES.length]!;
}
