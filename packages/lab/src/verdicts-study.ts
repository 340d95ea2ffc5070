/** Whether the alarm says what it was: seven situations in numbers, the whole catalogue beside them. */
import { type Attack, attacks, type Verdict } from '@skykey/photons';
import { VERDICTS } from './outcome.ts';
import {
  type Claim,
  type LongStudy,
  nameOf,
  percent,
  type Series,
  type SeriesResult,
  seriesOf,
  strengthsOf,
} from './series.ts';

const RIGHT_SHARE = 0.95;
const JAM_AS_TAP = 0.02;

/** Seven situations that an operator has to tell apart, with the verdict that is right. */
const SITUATIONS: ReadonlyMap<string, Verdict> = new Map([
  ['none', 'clean'],
  ['intercept-resend', 'tap'],
  ['blinding', 'tap'],
  ['jamming', 'jam'],
  ['dead-detector', 'fault'],
  ['false-time', 'time'],
  ['intensity', 'source'],
]);

/** Jams beside: they too must hardly be called a tap. */
const JAMS: ReadonlySet<string> = new Set(attacks.filter(({ expected }) => expected === 'jam').map(({ name }) => name));

/** Of a situation's passes, those of each other entry of the catalogue: a picture, not a proof. */
const FEW = 0.02;

const isSituation = ({ study }: Series): boolean =>
  SITUATIONS.has(study.attack) && study.strength === attackOf(study.attack).strength.usual;

export const verdicts: LongStudy = {
  name: 'verdicts',
  title: 'Whether the alarm says what it was',
  question:
    'Seven situations at their usual strength, and the verdict at the end of the pass; then every entry of the catalogue at its usual and at its greatest strength, in few passes.',
  passes: 7000,
  series(passes, seed) {
    const each = Math.ceil(passes / SITUATIONS.size);
    const few = Math.ceil(FEW * each);
    const at = ({ name }: Attack, strength: number, count: number) =>
      seriesOf({ attack: name, strength, passes: count, seed });
    const isMany = ({ name }: Attack): boolean => SITUATIONS.has(name) || JAMS.has(name);
    const many = [...SITUATIONS.keys(), ...[...JAMS].filter((name) => !SITUATIONS.has(name))].map(attackOf);
    return [
      ...many.map((attack) => at(attack, attack.strength.usual, each)),
      ...attacks.flatMap((attack) =>
        strengthsOf(attack)
          .filter((strength) => !(isMany(attack) && strength === attack.strength.usual))
          .map((strength) => at(attack, strength, few)),
      ),
    ];
  },
  claims(results) {
    const situations = results.filter(isSituation);
    const right = situations.map((result) => share(result, SITUATIONS.get(result.study.attack)!));
    const all = right.reduce((sum, one) => sum + one, 0) / situations.length;
    const jams = results.filter(
      ({ study }) => JAMS.has(study.attack) && study.strength === attackOf(study.attack).strength.usual,
    );
    return [
      {
        says: `right in ${percent(RIGHT_SHARE)} of the passes of the seven situations`,
        measured: percent(all),
        holds: all >= RIGHT_SHARE,
      },
      ...situations.map((result, i): Claim => {
        const verdict = SITUATIONS.get(result.study.attack)!;
        return {
          says: `${nameOf(result)} is called ${verdict} in ${percent(RIGHT_SHARE)}`,
          measured: `${percent(right[i]!)} of ${result.summary.passes}`,
          holds: right[i]! >= RIGHT_SHARE,
        };
      }),
      ...jams.map(
        (result): Claim => ({
          says: `${nameOf(result)} is called a tap in at most ${percent(JAM_AS_TAP)}`,
          measured: `${percent(share(result, 'tap'))} of ${result.summary.passes}`,
          holds: share(result, 'tap') <= JAM_AS_TAP,
        }),
      ),
    ];
  },
  sections: (results) => [
    {
      title: 'What is called what',
      says: 'The verdict that each entry of the catalogue ought to have, and those that it had, in passes. An entry of class D3 ought to be called clean: what nobody can see is paid for in the key. Only the seven situations are claimed; what is called otherwise than it ought to be is here to see.',
      columns: ['attack', 'ought to be', 'passes', ...VERDICTS, 'right'],
      rows: results.map((result) => {
        const { expected } = attackOf(result.study.attack);
        return [
          nameOf(result),
          expected,
          result.summary.passes,
          ...VERDICTS.map((verdict) => result.summary.verdicts[verdict]),
          percent(share(result, expected)),
        ];
      }),
    },
  ],
};

const attackOf = (name: string): Attack => attacks.find((attack) => attack.name === name)!;

const share = ({ summary: { verdicts: spoken, passes } }: SeriesResult, verdict: Verdict): number =>
  spoken[verdict] / passes;
