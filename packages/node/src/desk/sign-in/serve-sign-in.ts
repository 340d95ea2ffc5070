/** Sign-in over HTTP: routes, cookies, and what every other route of a desk asks before it does anything. */

import { randomBytes } from 'node:crypto';
import type { DeskPerson, DeskRole } from '@skykey/telemetry';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DeviceAnswer } from './device.ts';
import { SignInRefusal } from './refusal.ts';
import type { Answer, SignedIn, SignIn } from './sign-in.ts';
import { isToken, newToken } from './token.ts';

const TICK_MS = 60_000;

/** What guards the other routes of a desk. */
export interface DeskDoor {
  /**
   * A hook (`onRequest`) that lets signed-in persons through, or those of them with a role; and nothing that another page
   * has sent. `server.post(path, { onRequest: door.require('operator') }, …)`.
   */
  require(role?: DeskRole): (request: FastifyRequest) => Promise<void>;
  /** Who that is, behind `require`; undefined as soon as the session is over, so that a stream can end with it. */
  personOf(request: FastifyRequest): DeskPerson | undefined;
}

/** Serves `PREFIX/api/enrol…`, `sign-in…`, `sign-out`, `me` and `persons…`. */
export function serveSignIn(
  server: FastifyInstance,
  { signIn, prefix = '' }: { signIn: SignIn; prefix?: string },
): DeskDoor {
  const { origin } = signIn;
  const tokens = new WeakMap<FastifyRequest, string>();
  const cookieOf = (request: FastifyRequest, what: 'session' | 'browser'): string | undefined =>
    cookies(request.headers.cookie).get(origin.cookieName(what));

  /** A page of another origin, a form, or a program that does not say where it stands, changes nothing and opens no socket. */
  const fromOwnPage = async (request: FastifyRequest): Promise<void> => {
    const { origin: from, upgrade, 'content-type': type, 'x-skykey': mark } = request.headers;
    // Cookies do not know of ports: what another page of this machine embeds comes with them (W3C Fetch Metadata).
    const site = request.headers['sec-fetch-site'];
    const isEmbedded = site !== undefined && site !== 'same-origin' && site !== 'none';
    const isReading = (request.method === 'GET' || request.method === 'HEAD') && upgrade === undefined;
    const isOwn = from === origin.text && (upgrade !== undefined || mark !== undefined || isJson(type));
    if (isEmbedded || (isReading ? from !== undefined && from !== origin.text : !isOwn))
      throw new SignInRefusal(
        'desk/forged',
        `this request does not come from the desk's own page: open ${origin.text} and do it there (a program says "origin: ${origin.text}" and sends JSON)`,
      );
  };

  const guard =
    (role?: DeskRole) =>
    async (request: FastifyRequest): Promise<void> => {
      await fromOwnPage(request);
      const token = cookieOf(request, 'session');
      const person = signIn.enter(token);
      if (!person)
        throw new SignInRefusal(
          'desk/not-signed-in',
          'you are not signed in, or were away for too long: sign in with your passkey',
        );
      if (role !== undefined && !person.roles.includes(role))
        throw new SignInRefusal(
          'desk/role',
          `this needs the role ${role}, and ${person.name} has ${person.roles.join(', ')}: ask somebody who has it, or an operator for it`,
        );
      tokens.set(request, token!);
    };

  const personOf = (request: FastifyRequest): DeskPerson | undefined => signIn.personOf(tokens.get(request));

  /** The browser's mark, given to it when it has none. */
  const browserOf = (request: FastifyRequest, reply: FastifyReply): string => {
    const there = cookieOf(request, 'browser');
    if (isToken(there)) return there;
    const mark = newToken(randomBytes);
    reply.header('set-cookie', origin.cookie('browser', mark));
    return mark;
  };

  const welcome = (reply: FastifyReply, { person, token }: SignedIn): DeskPerson => {
    reply.header('set-cookie', origin.cookie('session', token));
    return person;
  };

  const open = { onRequest: fromOwnPage };
  const stranger = {
    onRequest: async (request: FastifyRequest): Promise<void> => {
      await fromOwnPage(request);
      signIn.knock();
    },
  };
  const any = { onRequest: guard() };
  const operator = { onRequest: guard('operator') };

  server.register(async (routes) => {
    routes.addHook('onSend', async (_request, reply) => {
      reply.header('cache-control', 'no-store');
    });
    routes.post(`${prefix}/api/enrol/link`, stranger, async (request) => signIn.invited(bodyOf(request).token));
    routes.post(`${prefix}/api/enrol/options`, stranger, (request, reply) => {
      const { token, name } = bodyOf(request);
      return signIn.enrolmentOptions(browserOf(request, reply), token, name);
    });
    routes.post(`${prefix}/api/enrol`, stranger, async (request, reply) => {
      const { token, name } = bodyOf(request);
      return welcome(reply, await signIn.enrol(cookieOf(request, 'browser') ?? '', token, answerOf(request), name));
    });
    routes.post(`${prefix}/api/sign-in/options`, stranger, (request, reply) =>
      signIn.signInOptions(browserOf(request, reply)),
    );
    routes.post(`${prefix}/api/sign-in`, stranger, async (request, reply) => {
      const former = cookieOf(request, 'session');
      return welcome(reply, await signIn.signIn(cookieOf(request, 'browser') ?? '', answerOf(request), former));
    });
    routes.post(`${prefix}/api/sign-out`, open, async (request, reply) => {
      await signIn.signOut(cookieOf(request, 'session'));
      reply.header('set-cookie', origin.cookie('session', null));
      return {};
    });
    routes.get(`${prefix}/api/me`, any, async (request) => personOf(request));
    routes.get(`${prefix}/api/persons`, operator, async () => signIn.persons());
    routes.post(`${prefix}/api/persons/invite`, operator, (request) => {
      const { name, roles, id } = bodyOf(request);
      const by = personOf(request)!;
      return id === undefined ? signIn.invite(by, name, roles) : signIn.inviteKey(by, id);
    });
    routes.post(`${prefix}/api/persons/remove`, operator, async (request) => {
      await signIn.remove(personOf(request)!, bodyOf(request).id);
      return {};
    });
  });

  // What cannot be written down now is tried again with the next tick.
  const ticking = setInterval(() => void signIn.tick().catch(() => undefined), TICK_MS).unref();
  server.addHook('onClose', async () => clearInterval(ticking));

  return { require: guard, personOf };
}

const isJson = (type: string | undefined): boolean => /^application\/json\s*(;|$)/i.test(type ?? '');

function bodyOf(request: FastifyRequest): Record<string, unknown> {
  const { body } = request;
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
}

function answerOf(request: FastifyRequest): Answer {
  const { credential, device } = bodyOf(request);
  if (device === undefined) return { credential };
  const { publicKey, challenge, signature } = (device ?? {}) as Partial<DeviceAnswer>;
  if (typeof publicKey !== 'string' || typeof challenge !== 'string' || typeof signature !== 'string')
    throw new SignInRefusal(
      'desk/passkey',
      'a device answers with "publicKey", "challenge" and "signature": use this version of skykey desk',
    );
  return { device: { publicKey, challenge, signature } };
}

/** RFC 6265, 4.2.1; of several with one name the first. */
function cookies(header: string | undefined): Map<string, string> {
  const all = new Map<string, string>();
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at).trim();
    if (at > 0 && !all.has(name)) all.set(name, pair.slice(at + 1).trim());
  }
  return all;
}
