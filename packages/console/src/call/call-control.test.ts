import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeskCall, DeskState } from '@skykey/telemetry';
import type { Answer } from './api.ts';
import { CallControl, type CallParts } from './call-control.ts';
import type { SessionOptions } from './call-session.ts';
import type { CallSignal } from './contract.ts';
import { DeviceError, SYSTEM_DEVICES } from './devices.ts';
import { CallEvents } from './events.ts';
import { phaseOf } from './phase.ts';

const RINGING: DeskCall = {
  ...{ id: 'c-1', direction: 'outgoing', kind: 'voice', sealing: 'hybrid', state: 'ringing' },
  ...{ reason: null, startedUtcMs: null, rekeySeconds: 60 },
};
const INCOMING: DeskCall = { ...RINGING, direction: 'incoming' };
const LINE: DeskState['line'] = {
  ...{ level: 'green', reason: 'Key for 31 hours.', sinceUtcMs: 0, peerReachable: true, banners: [], alarm: null },
};

function desk(call: DeskCall | null, line: Partial<DeskState['line']> = {}): DeskState {
  return { name: 'Beijing', call, line: { ...LINE, ...line } } as DeskState;
}

/** A track that remembers whether it was stopped. */
class PlayedTrack {
  readonly kind: string;
  enabled = true;
  stopped = false;
  onended: (() => void) | null = null;

  constructor(kind: string) {
    this.kind = kind;
  }

  stop(): void {
    this.stopped = true;
  }
}

/** A control among played parts; `done` has everything it did to them. */
function played(parts: Partial<CallParts> = {}) {
  const done: string[] = [];
  const tracks: PlayedTrack[] = [];
  const sessions: SessionOptions[] = [];
  const events = new CallEvents();
  const open = (kind: string) => async () => {
    const track = new PlayedTrack(kind);
    tracks.push(track);
    return track as unknown as MediaStreamTrack;
  };
  const say =
    <T>(what: string, body: T) =>
    async (...given: unknown[]): Promise<Answer<T>> => {
      done.push([what, ...given].join(' '));
      return { ok: true, body };
    };
  const control = new CallControl({
    api: {
      base: '',
      start: say('start', RINGING),
      accept: say('accept', {}),
      end: say('end', {}),
      signal: say('signal', {}),
      servers: async () => [],
    },
    events,
    devices: SYSTEM_DEVICES,
    remember: () => undefined,
    openMicrophone: open('audio'),
    openCamera: open('video'),
    openSession: (options) => {
      sessions.push(options);
      done.push('session opened');
      return {
        receive: (signal: CallSignal) => void done.push(`received ${JSON.stringify(signal)}`),
        setTrack: async () => undefined,
        setLoudspeaker: async () => undefined,
        close: () => void done.push('session closed'),
      };
    },
    tellWindows: (id) => void done.push(`taken ${id}`),
    now: () => 1000,
    ...parts,
  });
  control.observe(desk(null));
  return { control, done, tracks, sessions, events };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A call of this window, as far as its session. */
async function speaking(parts?: Partial<CallParts>) {
  const all = played(parts);
  await all.control.call('video');
  all.control.observe(desk({ ...RINGING, kind: 'video' }));
  all.control.observe(desk({ ...RINGING, kind: 'video', state: 'connecting' }));
  await settled();
  assert.equal(all.sessions.length, 1);
  all.done.length = 0;
  return all;
}

/** Nothing is sent, played or recorded any more. */
function silent({ done, tracks }: Pick<ReturnType<typeof played>, 'done' | 'tracks'>): void {
  assert.equal(done[0], 'session closed');
  assert.ok(tracks.every(({ stopped }) => stopped));
}

describe('whatever ends a call silences it first', () => {
  it('a stop of the site, with its reason', async () => {
    const all = await speaking();
    all.events.deliver('call-stop', { reason: 'Somebody is listening on micius-beijing.' });
    silent(all);
    assert.deepEqual(all.control.view().note, {
      ...{ kind: 'stopped', reason: 'Somebody is listening on micius-beijing.', lengthMs: null },
    });
  });

  it('a black line, also where the stop itself was lost', async () => {
    const all = await speaking();
    all.control.observe(desk({ ...RINGING, state: 'running' }, { level: 'black', reason: 'QBER 11 %' }));
    silent(all);
    assert.equal(all.control.view().note?.kind, 'stopped');
    assert.equal(all.control.view().note?.reason, 'QBER 11 %');
  });

  it('a lease that the site refuses, and the reason is mended when the alarm is told', async () => {
    const all = await speaking();
    all.sessions[0]!.onEnd('stop', 'the line is stopped');
    silent(all);
    assert.equal(all.control.view().note?.kind, 'ended');
    all.control.observe(desk(null, { level: 'black', reason: 'QBER 11 %' }));
    assert.equal(all.control.view().note?.kind, 'stopped');
    assert.equal(all.control.view().note?.reason, 'QBER 11 %');
  });

  it('a lease that is refused because the other side hung up, with its reason', async () => {
    const all = await speaking();
    all.sessions[0]!.onEnd('stop', 'there is no such call any more');
    silent(all);
    all.control.observe(desk({ ...RINGING, state: 'ended', reason: 'A browser failed.' }));
    assert.deepEqual(all.control.view().note, { kind: 'ended', reason: 'A browser failed.', lengthMs: null });
  });

  it('the other side, hanging up', async () => {
    const all = await speaking();
    all.control.observe(desk({ ...RINGING, state: 'ended', reason: 'The call was declined.' }));
    silent(all);
    assert.deepEqual(all.control.view().note, { kind: 'ended', reason: 'The call was declined.', lengthMs: null });
  });

  it('the person, before the site has heard of it', async () => {
    const all = await speaking();
    all.control.hangUp();
    silent(all);
    assert.deepEqual(all.done, ['session closed', 'end c-1 ']);
    assert.equal(phaseOf({ ...RINGING, state: 'running' }, all.control.view()), 'idle');
  });

  it('another window that takes it: it goes on there, and nobody hangs up', async () => {
    const all = await speaking();
    all.control.taken('c-1');
    silent(all);
    assert.deepEqual(all.done, ['session closed']);
    assert.equal(phaseOf({ ...RINGING, state: 'running' }, all.control.view()), 'elsewhere');
  });

  it('an alarm while devices are still being opened: what opens late is shut again', async () => {
    const late = new PlayedTrack('audio');
    let give: (track: MediaStreamTrack) => void = () => undefined;
    const { control, done, events } = played({ openMicrophone: () => new Promise((resolve) => (give = resolve)) });
    const calling = control.call('voice');
    events.deliver('call-stop', { reason: 'tapped' });
    give(late as unknown as MediaStreamTrack);
    await calling;
    assert.equal(late.stopped, true);
    assert.deepEqual(done, []);
    assert.equal(control.view().note?.kind, 'stopped');
  });
});

describe('a call', () => {
  it('disturbs nobody before the microphone is open', async () => {
    const refused = async () => Promise.reject(new DeviceError('Allow the microphone.'));
    const { control, done } = played({ openMicrophone: refused });
    await control.call('voice');
    assert.deepEqual(done, []);
    assert.deepEqual(control.view().note, { kind: 'problem', reason: 'Allow the microphone.', lengthMs: null });
  });

  it('with a camera that does not open is still a call', async () => {
    const { control, done } = played({ openCamera: async () => Promise.reject(new DeviceError('No camera.')) });
    await control.call('video');
    assert.deepEqual(done, ['start video hybrid']);
    assert.equal(control.view().deviceNote, 'No camera.');
    assert.equal(control.view().camera, null);
  });

  it('that is cancelled while the site is asked is ended there too', async () => {
    let answer: (given: Answer<DeskCall>) => void = () => undefined;
    const all = played();
    const { control, done } = played({
      api: {
        ...{ base: '', accept: async () => ({ ok: true, body: {} }), signal: async () => ({ ok: true, body: {} }) },
        servers: async () => [],
        start: () => new Promise((resolve) => (answer = resolve)),
        end: async (id) => {
          done.push(`end ${id}`);
          return { ok: true, body: {} };
        },
      },
    });
    const calling = control.call('voice');
    await settled();
    control.hangUp();
    answer({ ok: true, body: RINGING });
    await calling;
    assert.deepEqual(done, ['end c-1']);
    assert.equal(control.view().note, null);
    assert.equal(all.sessions.length, 0);
  });

  it('speaks only once the other side has answered, and once', async () => {
    const { control, done, sessions } = played();
    await control.call('voice');
    control.observe(desk(RINGING));
    await settled();
    assert.deepEqual(done, ['start voice hybrid']);
    for (const state of ['connecting', 'connecting', 'running'] as const) control.observe(desk({ ...RINGING, state }));
    await settled();
    assert.equal(sessions.length, 1);
    assert.equal(sessions[0]!.polite, false);
    assert.equal(sessions[0]!.takenOver, false);
  });

  it('keeps signals that come before its session is there', async () => {
    const { control, done, events, sessions } = played();
    control.observe(desk(INCOMING));
    await control.answer(false);
    events.deliver('call-signal', { id: 'c-1', signal: { candidate: {} } });
    events.deliver('call-signal', { id: 'another', signal: { candidate: {} } });
    control.observe(desk({ ...INCOMING, state: 'connecting' }));
    await settled();
    assert.equal(sessions[0]!.polite, true);
    assert.deepEqual(done.slice(-2), ['session opened', 'received {"candidate":{}}']);
  });

  it('that an old word of the site does not know yet goes on', async () => {
    const { control } = played();
    await control.call('voice');
    control.observe(desk(null));
    assert.equal(control.view().ownId, 'c-1');
    control.observe(desk(RINGING));
    control.observe(desk(null));
    assert.equal(control.view().ownId, null);
    assert.equal(control.view().note?.kind, 'ended');
  });

  it('that nobody answered here was missed; one that was declined was not', () => {
    const missed = played().control;
    missed.observe(desk(INCOMING));
    missed.observe(desk(null));
    assert.equal(missed.view().note?.kind, 'missed');
    const { control: declined, done } = played();
    declined.observe(desk(INCOMING));
    declined.decline();
    declined.observe(desk({ ...INCOMING, state: 'ended' }));
    assert.equal(declined.view().note, null);
    assert.deepEqual(done, ['end c-1 The call was declined.']);
  });

  it('of another window may be taken, and the others are told', async () => {
    const { control, done, sessions } = played();
    control.observe(desk({ ...RINGING, state: 'running' }));
    assert.equal(phaseOf({ ...RINGING, state: 'running' }, control.view()), 'elsewhere');
    await control.take();
    await settled();
    assert.deepEqual(done, ['taken c-1', 'session opened']);
    assert.equal(sessions[0]!.takenOver, true);
  });
});

describe('devices in a call', () => {
  it('muting stops the samples, and a new microphone stays muted', async () => {
    const { control, tracks } = await speaking();
    control.setMuted(true);
    assert.equal(tracks[0]!.enabled, false);
    await control.choose({ ...SYSTEM_DEVICES, microphone: 'another' });
    const microphone = tracks.at(-1)!;
    assert.equal(microphone.kind, 'audio');
    assert.equal(microphone.enabled, false);
    assert.equal(tracks[0]!.stopped, true);
    control.setMuted(false);
    assert.equal(microphone.enabled, true);
  });

  it('a camera that is off is shut, and opened again on demand', async () => {
    const { control, tracks } = await speaking();
    await control.setCamera(false);
    assert.equal(tracks.find(({ kind }) => kind === 'video')?.stopped, true);
    assert.equal(control.view().camera, null);
    await control.setCamera(true);
    assert.notEqual(control.view().camera, null);
  });

  it('a microphone that is pulled out gives way to another', async () => {
    const { control, tracks } = await speaking();
    tracks[0]!.onended?.();
    await settled();
    assert.notEqual(control.view().microphone, tracks[0] as unknown);
    assert.equal(control.view().microphone?.enabled, true);
  });
});
