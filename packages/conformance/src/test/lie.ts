/** What lies are made of. */
import { isObject, type JsonObject } from '../json.ts';
import type { Call, Lie, Reply } from './server.ts';

/** A lie, and the checks that must notice it: these and no others. */
export type Told = Readonly<Record<string, Lie & { readonly fails: readonly string[] }>>;

type Leaving = NonNullable<Lie['leaving']>;

/** Changes 200 answers of one resource. */
export function document(resource: string, change: (document: JsonObject, call: Call) => void): Leaving {
  return (reply, call) => {
    if (reply.status === 200 && call.resource === resource) change(reply.document as JsonObject, call);
  };
}

/** Changes key containers of both methods. */
export function container(change: (document: JsonObject, keys: JsonObject[]) => void): Leaving {
  return (reply, { resource }) => {
    if (reply.status !== 200 || resource === 'status') return;
    const whole = reply.document as JsonObject;
    change(whole, whole.keys as JsonObject[]);
  };
}

export function error(matching: RegExp, change: (reply: Reply) => void): Leaving {
  return (reply) => {
    const { document: told } = reply;
    if (isObject(told as JsonObject) && matching.test(String((told as JsonObject).message))) change(reply);
  };
}

export const reword = (matching: RegExp, message: string): Leaving =>
  error(matching, (reply) => {
    reply.document = { message };
  });

/** A request that the honest server takes, and this one refuses. */
export function refuses(when: (call: Call) => boolean, status = 400): Leaving {
  return (reply, call) => {
    if (reply.status !== 200 || !when(call)) return;
    reply.status = status;
    reply.document = { message: 'not this one' };
  };
}

export const bodyOf = ({ body }: Call): string => body.toString('utf8');
