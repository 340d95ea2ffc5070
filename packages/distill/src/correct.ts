import type { Bits } from '@skykey/bits';
import { DistillError } from './error.ts';
import { chooseMethod } from './method.ts';
import { reconcileAlice, reconcileBob } from './reconcile.ts';
import { reconcileOneWayAlice, reconcileOneWayBob } from './reconcile-one-way.ts';
import { nothingToReconcile, type Reconciliation } from './report.ts';
import type { Session } from './session.ts';
import type { SessionParameters } from './types.ts';

/** Error correction in a session: by the method that the parameters name, or by the one that Alice chooses. */

/** Alice's side. Ends the session where one message was agreed on and cannot do it. */
export async function correctAlice(session: Session, key: Bits): Promise<void> {
  const { line, parameters, random } = session;
  if (!key.length) {
    session.reconciled(nothingOf(parameters));
    return;
  }
  const { rate, spread } = session.expectedErrors();
  const { roundTripMs } = line;
  const method =
    parameters.method === 'auto'
      ? chooseMethod({ keyBits: key.length, errorRate: rate, errorSpread: spread, roundTripMs })
      : parameters.method;
  session.reconciled(
    method === 'cascade'
      ? await reconcileAlice(line, key, rate, random)
      : await reconcileOneWayAlice(line, key, { errorRate: rate, spread, random }).catch(refuseReach(session)),
  );
}

/** Bob's side: the corrected key. With `auto` the first message tells which method it is. */
export async function correctBob(session: Session, key: Bits): Promise<Bits> {
  const { line, parameters } = session;
  if (!key.length) {
    session.reconciled(nothingOf(parameters));
    return key;
  }
  const { rate } = session.expectedErrors();
  const start = line.bytes;
  const { method } = parameters;
  const message =
    method === 'cascade'
      ? await line.receive('shuffle')
      : method === 'ldpc'
        ? await line.receive('syndromes')
        : await line.receive('shuffle', 'syndromes');
  const { key: corrected, ...found } =
    message.type === 'shuffle'
      ? await reconcileBob(line, key, rate, { message, start })
      : await reconcileOneWayBob(line, key, rate, { message, start }).catch(refuseReach(session));
  session.reconciled(found);
  return corrected;
}

/** Of an empty key nobody says a word, and there is no method to choose. */
function nothingOf({ method }: SessionParameters): Reconciliation {
  return nothingToReconcile(method === 'ldpc' ? 'ldpc' : 'cascade');
}

function refuseReach(session: Session): (error: unknown) => never {
  return (error) => {
    if (error instanceof DistillError && error.code === 'distill/bad-argument') session.refuse('reach');
    throw error;
  };
}
