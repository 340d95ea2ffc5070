/**
 * Every published value that Skykey is compared with: what was printed, how far the print can be trusted, what Skykey
 * computes from the same inputs, and a status that follows from these numbers alone.
 */
export {
  type Comparison,
  halfDigit,
  judge,
  type LeftOut,
  type Origin,
  type Outcome,
  type Sources,
  type Status,
  type Tolerance,
} from './comparison.ts';
export { COMPARISONS } from './comparisons.ts';
export { KNOWN_DISAGREEMENTS } from './disagreements.ts';
export { miciusLoss } from './micius-loss.ts';
export { band, computedText, printedText, report, STATUSES, tally } from './report.ts';
export { type ValidateOptions, validate } from './validate.ts';
