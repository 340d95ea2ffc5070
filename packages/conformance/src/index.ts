/** Whether a key management entity keeps ETSI GS QKD 014: see README.md. */
export { CATALOGUE } from './catalogue.ts';
export { type Identity, makeCertificate, type Subject } from './certificate.ts';
export type { Check } from './check.ts';
export { type CommandOptions, conformance } from './command.ts';
export { ConformanceError, type ConformanceErrorCode } from './error.ts';
export type { Exchange } from './exchange.ts';
export { type Paint, REPORT_FORMAT, type Report, type Result, STANDARD, type Tally, tableOf } from './report.ts';
export { type ConformanceOptions, DEFAULT_KEYS, DEFAULT_TIMEOUT_MS, runConformance } from './run.ts';
export type { SaeFiles } from './target.ts';
export type { ClauseBasis, Finding, Level, Rule, Verdict } from './verdict.ts';
