/** The whole suite against one pair of KMEs. */
import { Answers } from './answers.ts';
import { CATALOGUE } from './catalogue.ts';
import type { Check } from './check.ts';
import { answerRules } from './checks/answers.ts';
import { ConformanceError } from './error.ts';
import { NoAnswer, type Party } from './exchange.ts';
import { Probe, Session } from './probe.ts';
import { type Report, type Result, reportOf } from './report.ts';
import { readTarget, type SaeFiles } from './target.ts';
import { type Finding, fail, inconclusive, Unsettled } from './verdict.ts';

/** Enough for KMEs that give up to 128 keys at once. */
export const DEFAULT_KEYS = 512;
export const DEFAULT_TIMEOUT_MS = 10_000;
const MIN_KEYS = 16;

/** Certificates and keys as PEM text. */
export interface ConformanceOptions {
  /** KME of the master, `https://host:port`, perhaps with a path before `/api/v1`. */
  readonly url: string;
  /** KME of the slave and of the third SAE; the same as `url` when one KME serves all. */
  readonly peerUrl: string;
  /** Authorities that vouch for the KMEs' certificates, PEM. */
  readonly ca: string;
  /** Name in the KMEs' certificates, when it is not the host of the URLs. */
  readonly serverName?: string;
  /**
   * Master, slave, an SAE without any part in their keys, and perhaps another slave for multicast (else the third). The
   * first two are needed; what needs the others is inconclusive without them.
   */
  readonly saes: readonly SaeFiles[];
  /** How many keys may be consumed at most ({@link DEFAULT_KEYS}). */
  readonly keys?: number;
  /** Whether what Skykey decided counts too. */
  readonly decisions?: boolean;
  /** How long an answer may take ({@link DEFAULT_TIMEOUT_MS}). */
  readonly timeoutMs?: number;
  /** A mandatory extension parameter that the KME knows and cannot meet: `{"vendor_parameter": …}`. */
  readonly unmeetable?: object;
  /** Told of every result as it comes. */
  readonly onResult?: (result: Result) => void;
}

/**
 * Runs every check, one after the other. Consumes keys, at most `keys` of them.
 * Rejects with ConformanceError when the options make no sense; whatever a KME does is a result.
 */
export async function runConformance(options: ConformanceOptions): Promise<Report> {
  const keyLimit = options.keys ?? DEFAULT_KEYS;
  if (!Number.isSafeInteger(keyLimit) || keyLimit < MIN_KEYS) {
    throw new ConformanceError('conformance/option', `keys: give a whole number from ${MIN_KEYS} on`);
  }
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  if (!(timeoutMs > 0)) throw new ConformanceError('conformance/option', 'timeout: give a time above 0');
  const startedAt = new Date();
  const session = new Session({
    parties: readTarget(options),
    line: { ca: options.ca, serverName: options.serverName, timeoutMs },
    answers: new Answers(answerRules()),
    keyLimit,
    unmeetable: options.unmeetable ?? null,
  });
  const results: Result[] = [];
  try {
    let reachable = true;
    for (const check of CATALOGUE) {
      const result: Result = reachable ? await resultOf(check, session) : unreached(check);
      if (check === CATALOGUE[0]) reachable = result.verdict === 'pass';
      results.push(result);
      options.onResult?.(result);
    }
  } finally {
    session.close();
  }
  return reportOf({ session, results, decisions: options.decisions ?? false, startedAt, finishedAt: new Date() });
}

async function resultOf(check: Check, session: Session): Promise<Result> {
  const probe = new Probe(session);
  let finding: Finding;
  try {
    finding = await check.run(probe);
  } catch (error) {
    if (error instanceof Unsettled) finding = inconclusive(error.message);
    else if (error instanceof NoAnswer) finding = await withoutAnswer(error, session);
    else throw error;
  }
  const { id, level, clause, basis, sentence } = check;
  const { verdict, reason, evidence = probe.evidence } = finding;
  return { id, level, clause, clauseBasis: basis, sentence, verdict, reason, evidence };
}

/**
 * A server that hangs up on a request, or answers with what is no HTTP, has failed it. One that is gone, or that never
 * speaks to this SAE, has not been looked at.
 */
async function withoutAnswer({ message, party, garbled }: NoAnswer, session: Session): Promise<Finding> {
  if (garbled) return fail(message);
  const { master, slave } = session.parties;
  const speaksTo = async (caller: Party, other: Party): Promise<boolean> => {
    try {
      return (await new Probe(session).status(caller, other)).status > 0;
    } catch (error) {
      return error instanceof NoAnswer && error.garbled;
    }
  };
  if (!((await speaksTo(master, slave)) && (await speaksTo(slave, master)))) {
    return inconclusive(`${message}; the KME does not answer any more`);
  }
  const heard = party === master || party === slave || (await speaksTo(party, slave));
  return heard ? fail(message) : inconclusive(`${message}; the KME never speaks to ${party.saeId}`);
}

function unreached({ id, level, clause, basis, sentence }: Check): Result {
  const reason = 'the KMEs could not be reached over TLS';
  return { id, level, clause, clauseBasis: basis, sentence, verdict: 'inconclusive', reason, evidence: [] };
}
