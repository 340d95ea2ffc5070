import type { Consequence, LineEvent } from './events.ts';
import type { LineOptions } from './joint.ts';
import type { LineState } from './line-state.ts';
import { permissionsOf } from './permissions.ts';
import type { Sentences } from './sentences.ts';
import { isDue, tellings } from './telling.ts';
import { freshAgreement, reasonOf } from './view.ts';

/** What the desk has to do when `before` has become `after`; and `after` with the time of telling in it. */
export function consequencesOf(
  options: LineOptions,
  policyHex: string,
  before: LineState,
  after: LineState,
  event: LineEvent,
  say: Sentences,
): { readonly state: LineState; readonly consequences: Consequence[] } {
  const consequences: Consequence[] = [...stops(options, before, after, say)];
  if (event.type === 'alarm' && after.standing !== before.standing) {
    const alarm = after.standing.find((each) => !before.standing.includes(each));
    if (alarm) consequences.push({ type: 'tell', message: { type: 'alarm', alarm } });
  }
  const tells =
    after.revision !== before.revision ||
    after.approvals !== before.approvals ||
    after.record !== before.record ||
    after.keysMadeAfterMs !== before.keysMadeAfterMs ||
    event.type === 'peer-heard' ||
    isDue(after);
  const messages = tells ? tellings(options, policyHex, after) : [];
  consequences.push(...messages.map((message) => ({ type: 'tell', message }) as const));
  const wanted = freshAgreement(options, after);
  if (wanted !== null && !sameWant(wanted, freshAgreement(options, before))) {
    const reason = wanted.reopens === null ? say.renewWithQkd() : reasonOf(options, after, say);
    consequences.push({ type: 'fresh-agreement', reason, ...wanted });
  }
  consequences.push(...news(options, before, after, say));
  const { clock } = after;
  const state = messages.length > 0 ? { ...after, clock: { ...clock, toldMs: clock.nowMs } } : after;
  return { state, consequences };
}

function sameWant(a: ReturnType<typeof freshAgreement>, b: ReturnType<typeof freshAgreement>): boolean {
  return a?.reopens === b?.reopens && a?.qkdMadeAfterMs === b?.qkdMadeAfterMs;
}

/** What takes something away; never waits for anything. */
function stops(options: LineOptions, before: LineState, after: LineState, say: Sentences): readonly Consequence[] {
  const fresh = after.standing.filter((alarm) => !before.standing.includes(alarm));
  const entered = after.joint.level === 'black' && before.joint.level !== 'black';
  if (!entered && fresh.length === 0) return mediaStops(options, before, after, say);
  const reason = reasonOf(options, after, say);
  return [
    { type: 'media-stop', reason },
    { type: 'lock', reason },
    ...fresh.map(
      ({ id, link, atMs }): Consequence => ({
        type: 'quarantine',
        alarmId: id,
        link,
        foundAtMs: atMs,
        keysMadeUpToMs: after.keysMadeAfterMs,
      }),
    ),
  ];
}

/** A call that was allowed and is no more, without an alarm. */
function mediaStops(options: LineOptions, before: LineState, after: LineState, say: Sentences): readonly Consequence[] {
  if (before.joint === after.joint && before.peer === after.peer && before.epoch === after.epoch) return [];
  const { allowed, reason } = permissionsOf(options, after, undefined, say).call;
  if (allowed || !permissionsOf(options, before, undefined, say).call.allowed) return [];
  // A peer that is silent may answer again; all else ends the call.
  const answered = { ...after, peer: { ...after.peer, reachable: true } };
  const held = permissionsOf(options, answered, undefined, say).call.allowed;
  return [{ type: held ? 'media-hold' : 'media-stop', reason }];
}

/** For the people at this desk. */
function news(options: LineOptions, before: LineState, after: LineState, say: Sentences): readonly Consequence[] {
  const level = after.joint.level;
  const left = before.joint.level === 'black' && level !== 'black';
  const changed = level !== before.joint.level;
  const added = level === 'black' && after.request !== before.request;
  if (!changed && !added) return [];
  const voided = added && before.request !== null && before.approvals.length > 0;
  const sentence = [
    ...(left ? [say.reopened()] : []),
    reasonOf(options, after, say),
    ...(voided ? [say.approvalsVoid()] : []),
  ];
  return [
    ...(left ? [{ type: 'unlock' } as const] : []),
    { type: 'announce', urgency: level === 'black' ? 'assertive' : 'polite', level, sentence: sentence.join(' ') },
  ];
}
