/** The report of the coverage study: what was claimed, what came out, and what was played. */
import { proofNamed, STUDIED_ATTACKS, STUDIED_LINKS, type StudiedAttack } from '@skykey/finitekey';
import { upperRate } from '@skykey/lab';
import { VERSION } from '../version.ts';
import { type Cell, EPSILONS, type LinkName, type PlayedCell, type Statement } from './coverage-cells.ts';

export interface CoverageReport {
  /** Of each cell. */
  readonly sessions: number;
  readonly seed: number;
  readonly cells: readonly PlayedCell[];
}

/** Of one statement under one proof, over all attacks and eps. */
export interface CoverageClaim {
  readonly link: LinkName;
  readonly proof: string;
  readonly statement: string;
  /** Whether the proof claims to be a theorem; the others are played to be compared with. */
  readonly rigorous: boolean;
  /** The cell that comes nearest to what is allowed, or passes it furthest. */
  readonly worst: Omit<Cell, 'link' | 'proof'> & Pick<Statement, 'violations' | 'allowed' | 'upperRate'>;
  readonly cells: number;
  /** Cells with more violations than allowed, which a tight bound has by chance now and then. */
  readonly above: number;
  /**
   * `yes`: in every cell the 95 % upper end of the rate is at most what is allowed; `no`: in some cell the 95 % lower end is
   * above it; `open`: neither, the sessions are too few; `empty`: as `yes` or `open`, but the bound is 0 wherever there is
   * something to say.
   */
  readonly holds: 'yes' | 'no' | 'open' | 'empty';
}

const LINKS: Readonly<Record<LinkName, string>> = { twoDecoys: 'two decoys', oneDecoy: 'one decoy' };
const WORDS = { yes: 'yes', no: '**no**', open: 'open', empty: 'says nothing' } as const;
const WHOLE = 'the whole';

const ATTACKS: Readonly<Record<StudiedAttack, string>> = {
  honest: 'nobody',
  splitting:
    'half of the single photons are blocked; of pulses with more one photon is kept and the others come through so much better',
  intercept: 'a fifth of all light is measured in a basis at random and sent again',
  'worst-yields': 'no pulse of three photons or more comes through, those of two make up for it and are never wrong',
  'worst-errors': 'the same, and single photons are wrong three times as often as on the honest link',
};

/** Claims in the order of cells: the whole of each proof first, then the statements it is made of. */
export function coverageClaims({ sessions, cells }: Omit<CoverageReport, 'seed'>): readonly CoverageClaim[] {
  const groups = new Map<string, (PlayedCell & Statement)[]>();
  for (const cell of cells) {
    for (const one of cell.statements) {
      const key = [cell.link, cell.proof, one.statement].join();
      const group = groups.get(key) ?? [];
      groups.set(key, group);
      group.push({ ...cell, ...one });
    }
  }
  const claims = [...groups.values()].map((group): CoverageClaim => {
    const worst = group.reduce((a, b) => (b.upperRate / b.allowed > a.upperRate / a.allowed ? b : a));
    const { link, proof, statement, attack, epsilon, violations, allowed } = worst;
    const above = group.filter((one) => one.violations > one.allowed * sessions);
    // The lower end of the interval of violations is the upper end of that of the others, seen from above.
    const broken = above.some((one) => 1 - upperRate(sessions - one.violations, sessions) > one.allowed);
    const silent = group.every((one) => !one.meanRatio);
    const shown = group.every((one) => one.upperRate <= one.allowed);
    return {
      ...{ link, proof, statement, rigorous: proofNamed(proof).rigorous },
      worst: { attack, epsilon, violations, allowed, upperRate: worst.upperRate },
      ...{ cells: group.length, above: above.length },
      holds: broken ? 'no' : silent ? 'empty' : shown ? 'yes' : 'open',
    };
  });
  const order = (claim: CoverageClaim): number => (claim.statement === WHOLE ? 0 : 1);
  return claims.sort((a, b) => order(a) - order(b));
}

const commandOf = ({ sessions, seed }: CoverageReport): string =>
  `npx skykey keyrate --study coverage --sessions ${sessions} --seed ${seed}`;

const daysOf = ({ cells }: CoverageReport): readonly string[] => cells.map(({ playedOn }) => playedOn).sort();

export function coverageDocument(report: CoverageReport) {
  const { sessions, seed, cells } = report;
  const days = daysOf(report);
  return {
    ...{ study: 'coverage', date: days.at(-1), firstPlayed: days[0], lastPlayed: days.at(-1) },
    ...{ version: VERSION, seed, sessions, command: commandOf(report) },
    claims: coverageClaims(report),
    cells,
    links: STUDIED_LINKS,
    attacks: ATTACKS,
  };
}

export function coverageText(report: CoverageReport): string {
  const { sessions, seed, cells } = report;
  const days = daysOf(report);
  const played = days[0] === days.at(-1) ? `on ${days[0]}` : `from ${days[0]} to ${days.at(-1)}`;
  const count = sessions.toLocaleString('en');
  const claims = coverageClaims(report);
  return [
    '# How often a bound is wrong',
    '',
    'Blocks of decoy BB84 are drawn with the truth beside them: how many photons each detected pulse held, and how many single',
    'photons of the key basis would have been wrong in the test basis. Of each block every proof says what it would say to a',
    'laboratory, asked for eps of 0.1, 0.01 and 0.001 in place of 1e-9, so that being wrong could be seen. The whole is what a key',
    'length rests on: it is wrong where there are fewer empty or single pulses than said, or more phase errors in as many',
    'single photons taken at random. A statement of the decoy method may be wrong as often as the events it rests on.',
    '',
    `${count} sessions in each of ${cells.length} cells, played ${played} by Skykey ${VERSION}, seed ${seed}.`,
    `Run again by \`${commandOf(report)}\`: the same figures. The photons are simulated.`,
    '',
    '| claim: no more often wrong than it may, at each eps, honest and attacked | violations in the cell nearest to its limit | cells above it | holds |',
    '|---|---|---|---|',
    ...claims.map((claim) => claimRow(claim, count)),
    '',
    'A cell is one link, attack and eps; its sessions are the same for every proof. Above its limit: more violations were counted',
    'than eps allows of so many sessions. Holds: *yes* where the upper end of the one-sided 95 % interval of the rate is at most what is',
    'allowed in every cell; *no* where the lower end is above it in some cell; *open* where neither is so, the sessions being too few;',
    '*says nothing* where the bound is 0 whatever there is.',
    '',
    '## The whole',
    '',
    'Violations, the 95 % upper end of their rate, and what the proof grants: single photons said over single photons there.',
    '',
    ...table(cells, (statement) => statement === WHOLE),
    '',
    '## What it is made of',
    '',
    'The same of each statement, asked for the full eps by itself. Allowed is eps times the events that a statement rests on. The',
    'last figure is the mean of the bound over the truth where there is any: a bound that says nothing is never wrong.',
    '',
    ...table(cells, (statement) => statement !== WHOLE),
    '',
    '## What was played',
    '',
    '| link (assumed, so that bounds of such eps say something) | intensities | probabilities | pulses, key basis | test basis | transmittance | background | misalignment |',
    '|---|---|---|---|---|---|---|---|',
    ...Object.entries(STUDIED_LINKS).map(([name, one]) =>
      tableRow([
        ...[LINKS[name as LinkName], one.intensities.join(', '), one.probabilities.join(', ')],
        ...[one.keyPulses.toLocaleString('en'), one.testPulses.toLocaleString('en')],
        ...[one.transmittance, one.background, one.misalignment],
      ]),
    ),
    '',
    '| attack | what she does; each keeps the rate of signal detections as it was |',
    '|---|---|',
    ...STUDIED_ATTACKS.map((attack) => tableRow([attack, ATTACKS[attack]])),
    '',
    '## What it does not show',
    '',
    '- Eve treats every pulse alike, by its number of photons. The proofs hold against her whatever she does; this study looks for',
    '  errors in formulas and in code, on the strategies where the formulas have least to spare.',
    '- Sessions judge the statements that are statistics. Entropic uncertainty and privacy amplification are theorems without counts.',
    '- At 1e-9 nobody can count. What holds at 0.001 may fail there only where a formula is wrong in its tail; the tails are held',
    '  to exact sums by the tests of `packages/finitekey`.',
    '',
  ].join('\n');
}

function claimRow(
  { link, proof, statement, rigorous, worst, cells, above, holds }: CoverageClaim,
  sessions: string,
): string {
  const { attack, epsilon, violations, allowed } = worst;
  const says = `${proof}, ${LINKS[link]}${rigorous ? '' : ' (for comparison)'}: ${statement}`;
  const most = `${violations.toLocaleString('en')} of ${sessions}, below ${rate(worst.upperRate)} at 95 %; allowed ${rate(allowed)} (${attack}, eps ${epsilon})`;
  return tableRow([says, most, `${above} of ${cells}`, WORDS[holds]]);
}

/** One row a link, proof, statement and attack; one column an eps. */
function table(cells: readonly PlayedCell[], taken: (statement: string) => boolean): string[] {
  const rows = new Map<string, { readonly head: readonly string[]; readonly byEpsilon: Map<number, string> }>();
  for (const { link, proof, attack, epsilon, statements } of cells) {
    for (const { statement, violations, allowed, upperRate, meanRatio } of statements) {
      if (!taken(statement)) continue;
      const factor = Math.round(allowed / epsilon);
      const says = statement === WHOLE ? [] : [`${statement}${factor > 1 ? `; allowed ${factor} eps` : ''}`];
      const head = [LINKS[link], proof, ...says, attack];
      const key = head.join();
      const row = rows.get(key) ?? { head, byEpsilon: new Map<number, string>() };
      rows.set(key, row);
      row.byEpsilon.set(
        epsilon,
        `${violations.toLocaleString('en')}, below ${rate(upperRate)}; ${meanRatio?.toFixed(2) ?? 'none there'}`,
      );
    }
  }
  const epsilons = EPSILONS.filter((epsilon) => cells.some((cell) => cell.epsilon === epsilon));
  const first = [...rows.values()][0]?.head.length ?? 0;
  const columns = ['link', 'proof', ...(first > 3 ? ['statement'] : []), 'attack', ...epsilons.map((e) => `eps ${e}`)];
  return [
    tableRow(columns),
    `|${columns.map(() => '---|').join('')}`,
    ...[...rows.values()].map(({ head, byEpsilon }) =>
      tableRow([...head, ...epsilons.map((epsilon) => byEpsilon.get(epsilon) ?? '')]),
    ),
  ];
}

const rate = (value: number): string => (value >= 0.01 ? value.toPrecision(2) : value.toExponential(1));
const tableRow = (values: readonly (string | number)[]): string => `| ${values.join(' | ')} |`;
