import { Transcript } from './authenticate.ts';
import { DistillError } from './error.ts';
import { PeerStopped, type Role } from './line.ts';
import { checkParameters } from './parameters.ts';
import { REASONS, type Reason, Refusal, reasonOf } from './refusal.ts';
import { type PartyOptions, Session } from './session.ts';
import type { SessionReport } from './types.ts';

/** Reasons of this side's own that are alarms in themselves; those of the error rate come with an alarm of their own. */
const ALARMING: readonly Reason[] = ['verification', 'authentication', 'protocol'];
/** Reasons of the peer's that people should hear of. */
const TELLING: readonly Reason[] = [...ALARMING, 'qber-monitor', 'qber-block'];
/** Errors that say what the peer did. */
const BREACHES: readonly string[] = ['distill/protocol', 'distill/version'];

/**
 * Runs one party's part from start to report. A hard alarm is raised for what this side finds by itself once both hellos say
 * the same, and for nothing else: whoever reaches the line can say that he stops, or speak another version, and hard alarms
 * destroy keys of other sessions. He can also say the hello back and then break the protocol, which is hard: nobody is
 * authenticated before the tags, and a peer that misbehaves is not to be told from a stranger. Whatever ends a session early is told to the peer, and no key leaves: a refusal on either
 * side becomes a report; a peer that breaks the protocol, a channel that is gone and a failure of this side's own devices or
 * stores reject.
 */
export async function conduct(
  role: Role,
  options: PartyOptions,
  run: (session: Session) => Promise<void>,
): Promise<SessionReport> {
  checkParameters(options.parameters);
  const point = await options.keys.hashKey();
  const transcript = new Transcript(point);
  point.wipe();
  const session = new Session(options, role, transcript);
  const abort = (reason: Reason): Promise<void> => session.line.abort(REASONS[reason].code);
  const refused = (sentence: string): SessionReport =>
    session.report(
      session.awaitsRelease ? `${sentence}; the block stays in quarantine until the next session settles it` : sentence,
    );
  try {
    await run(session);
    session.stage('done');
    return session.report();
  } catch (error) {
    if (error instanceof Refusal) {
      const { reason, message } = error;
      if (ALARMING.includes(reason)) session.raise({ severity: 'hard', kind: reason, message });
      await abort(reason);
      return refused(message);
    }
    if (error instanceof PeerStopped) {
      const [reason, { sentence }] = reasonOf(error.code);
      if (TELLING.includes(reason)) {
        const message = `the peer stopped the session, as it says for this reason: ${sentence}; nobody has authenticated that`;
        session.raise({ severity: 'soft', kind: 'peer', message });
      }
      return refused(sentence);
    }
    const breach = error instanceof DistillError && BREACHES.includes(error.code) ? error : undefined;
    if (breach) {
      const severity = session.agreed && breach.code !== 'distill/version' ? 'hard' : 'soft';
      session.raise({ severity, kind: 'protocol', message: breach.message });
    }
    if (!(error instanceof DistillError && error.code === 'distill/peer-gone'))
      await abort(breach ? 'protocol' : 'failure');
    throw error;
  } finally {
    session.wipe();
    transcript.wipe();
  }
}
