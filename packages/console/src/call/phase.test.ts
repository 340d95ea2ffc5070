import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { DeskCall } from '@skykey/telemetry';
import { NO_STATUS, type SessionStatus } from './call-session.ts';
import { type OwnPart, phaseOf } from './phase.ts';

const CALL: DeskCall = {
  ...{ id: 'c', direction: 'outgoing', kind: 'voice', sealing: 'hybrid', state: 'running' },
  ...{ reason: null, startedUtcMs: null, rekeySeconds: 60 },
};
const STATUS: SessionStatus = { ...NO_STATUS, connection: 'connected', lease: 'valid', voiceArrives: true };
const OWN: OwnPart = { ownId: 'c', overIds: [], preparing: false, status: STATUS };
const NONE: OwnPart = { ...OWN, ownId: null, status: null };

it('says what is so, for the window that has the call and for the others', () => {
  const cases: readonly (readonly [string, DeskCall | null, OwnPart])[] = [
    ['idle', null, NONE],
    ['idle', { ...CALL, state: 'ended' }, OWN],
    ['preparing', null, { ...NONE, preparing: true }],
    ['calling', { ...CALL, state: 'ringing' }, OWN],
    ['elsewhere', { ...CALL, state: 'ringing' }, NONE],
    ['ringing', { ...CALL, state: 'ringing', direction: 'incoming' }, NONE],
    ['elsewhere', CALL, NONE],
    ['elsewhere', CALL, { ...OWN, ownId: 'another' }],
    ['connecting', { ...CALL, state: 'connecting' }, { ...OWN, status: null }],
    ['connecting', CALL, { ...OWN, status: { ...STATUS, connection: 'connecting' } }],
    ['connecting', CALL, { ...OWN, status: { ...STATUS, lease: 'waiting' } }],
    ['running', CALL, OWN],
    ['reconnecting', CALL, { ...OWN, status: { ...STATUS, connection: 'reconnecting' } }],
    ['paused', CALL, { ...OWN, status: { ...STATUS, lease: 'paused' } }],
    ['paused', CALL, { ...OWN, status: { ...STATUS, lease: 'paused', connection: 'reconnecting' } }],
    ['idle', CALL, { ...NONE, overIds: ['c'] }],
  ];
  for (const [phase, call, own] of cases) assert.equal(phaseOf(call, own), phase, JSON.stringify([call, own]));
});
