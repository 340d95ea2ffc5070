/** Why a session is refused; the numbers are on the wire. */
export const REASONS = {
  parameters: { code: 1, sentence: 'the parties disagree on a parameter' },
  pads: {
    code: 2,
    sentence: "Alice's tag names an authentication pad that Bob has used, has not got, or that is none of hers",
  },
  'qber-monitor': { code: 3, sentence: 'the error rate was too high during the pass' },
  'short-pass': {
    code: 4,
    sentence: 'the receiver did not watch the whole block: a pass that is cut short gives no key',
  },
  'qber-block': { code: 5, sentence: 'the error rate of the test basis was too high' },
  verification: { code: 6, sentence: 'the corrected keys differ: their verification tags are not equal' },
  'no-key': { code: 7, sentence: 'the finite-key bound leaves no secret bit' },
  authentication: { code: 8, sentence: 'an authentication tag is wrong: what was said on the line was changed' },
  protocol: { code: 9, sentence: 'a message was not what the protocol allows' },
  failure: { code: 10, sentence: 'one party failed by itself and stopped the session' },
  reach: {
    code: 11,
    sentence: 'one message cannot correct this key: it is too short, or its error rate too high; method cascade can',
  },
} as const;

export type Reason = keyof typeof REASONS;

/** The reason with that number on the wire. */
export function reasonOf(code: number): [Reason, { readonly sentence: string }] {
  for (const [reason, meaning] of Object.entries(REASONS))
    if (meaning.code === code) return [reason as Reason, meaning];
  return ['protocol', { sentence: `the peer stopped the session with code ${code}, which means nothing` }];
}

/** Ends a session without a key. Not an error: the report tells it. */
export class Refusal extends Error {
  readonly reason: Reason;

  constructor(reason: Reason, sentence: string = REASONS[reason].sentence) {
    super(sentence);
    this.reason = reason;
  }
}
