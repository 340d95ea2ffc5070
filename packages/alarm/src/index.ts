/**
 * Whether to hang up: the statistics of a link against what clean passes have taught, at a known rate of false alarms,
 * and a verdict with the evidence for it. Secrecy does not rest on it: that is the finite-key bound's.
 */
export {
  type AlarmOptions,
  type Bank,
  type Conclusion,
  createBank,
  type Finding,
  type StatisticSummary,
} from './bank.ts';
export { type Baseline, type LearnedStatistic, learnBaseline, MARGIN, MULTIPLE } from './baseline.ts';
export { AlarmError, type AlarmErrorCode } from './error.ts';
export type { AlarmLink } from './link.ts';
export { type Sign, type Statistic, statisticsOf } from './statistics.ts';
export { logBinomialAtLeast, logNormalTail, logPoissonAtLeast, logPoissonAtMost } from './tails.ts';
export { EXPLANATIONS, type Explanation } from './verdict.ts';
