import type { StatesOutcome } from './study.ts';

const PROPERTIES = [
  'Secrecy: with all inputs of an epoch but one, whichever it is, the shipped combiner gives no secret of it.',
  'Forward secrecy, by the bytes of memory and store: no key of an epoch that is over, of a record that is sealed or opened, no private half and no quantum key of an agreement that is over, no root but the two that are kept.',
  'Healing: keys agreed on after an attacker read a desk cannot be derived from what he read.',
  'Agreement: two desks with one epoch have the same number, phrase, inputs, quantum keys and secrets; no desk goes back to older keys; the chain of keys breaks only by a store put back.',
  'No two records are sealed under one key; a message that was changed is not believed.',
  'An alarm is black at once and forgotten by nothing; at black nothing may leave; quantum key from before it never serves again.',
  'Black is left only by a fresh agreement for exactly these alarms, after two persons of each side, in time.',
  'From sampled places, on a line that becomes fair, both desks come to the same state and the same keys.',
];

/** The report of the search, as `docs/results/hotline-states.md` holds it. */
export function reportStates(outcome: StatesOutcome): string {
  const { depth, states, transitions, hunts, leaks, violations } = outcome;
  const number = (value: number) => value.toLocaleString('en');
  const lines = [
    '# Two desks of the hotline, in every state',
    '',
    `${number(states)} distinct states, ${number(transitions)} transitions, to a depth of ${depth} letters from each beginning where the table says “exhausted”, less deep where a hunt stopped at its limit; ${violations.length === 0 ? 'no rule is broken in any of them' : violations.length === 1 ? 'one rule is broken' : `${violations.length} rules are broken`}.`,
    '',
    'Both desks run the shipped code. In the hunts of lines it is `LineMachine` at both desks, with what each tells the other as bytes; an agreement is one letter. In the hunts of agreements it is the whole `Session` at both desks, with real ML-KEM-1024, X25519, HKDF and AES-GCM, asked once for each question. The line belongs to an attacker: whatever was sent may come never, twice, late and in any order. States are told apart by everything that both desks hold, what is under way, the keys at their key managers, what an attacker has read, and how often each rare letter was used.',
    '',
    '| hunt | what can happen | states | transitions | depth | exhausted | ways of one desk | openings | fair lines tried |',
    '| --- | --- | ---: | ---: | ---: | --- | ---: | ---: | ---: |',
    ...hunts.map(
      (hunt) =>
        `| ${hunt.kind}: ${hunt.name} | ${hunt.about} | ${number(hunt.states)} | ${number(hunt.transitions)} | ${hunt.depths.length - 1} | ${hunt.exhausted ? 'yes' : 'no: stopped at its limit'} | ${number(hunt.desks)} | ${number(hunt.openings)} | ${number(hunt.fair)} |`,
    ),
    '',
    'Rare letters (a crash, an alarm, one person’s approval …) come once or twice in a hunt; messages come without limit. Where a hunt ends before its depth, nothing new can happen.',
    '',
    '## New states at each depth',
    '',
    `| hunt | ${Array.from({ length: depth + 1 }, (_, i) => i).join(' | ')} |`,
    `| --- | ${Array.from({ length: depth + 1 }, () => '---:').join(' | ')} |`,
    ...hunts.map(
      ({ name, depths }) =>
        `| ${name} | ${Array.from({ length: depth + 1 }, (_, i) => (depths[i] === undefined ? '' : number(depths[i]))).join(' | ')} |`,
    ),
    '',
    '## Leaks',
    '',
    'Every pattern in which the secrets of an agreement leak, at every place of a chain of agreements, with the root before it known and not: an attacker computes each epoch with what leaked and guesses for the rest, by the shipped combiner, and takes his root on to the next.',
    '',
    '| chain | secrets of each agreement | patterns | epochs computed | known, by knowing everything | unknown, and none of their secrets right |',
    '| ---: | --- | ---: | ---: | ---: | ---: |',
    ...leaks.map(
      (one, i) =>
        `| ${one.chain} | ${i === 0 ? 'kem, ecdh, psk, qkd' : 'kem, ecdh, psk; no quantum key by consent'} | ${number(one.patterns)} | ${number(one.combined)} | ${number(one.known)} | ${number(one.unknown)} |`,
    ),
    '',
    '## What is checked in every state',
    '',
    ...PROPERTIES.map((property) => `- ${property}`),
    '',
    '## What is not',
    '',
    '- Files and calls, and an attacker who has the couriered secret and makes messages of his own.',
    '- More rare letters at once than a hunt names; more than a hunt that stopped at its limit has seen (`--agreement-states` moves it).',
    '',
    ...(violations.length > 0 ? ['## Broken', ''] : []),
    ...violations.map(({ hunt, rule, path }) => `- **${hunt}**: ${rule}. ${path.join(' · ')}`),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}
