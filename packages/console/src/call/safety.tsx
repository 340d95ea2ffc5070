import type { DeskState, LineLevel } from '@skykey/telemetry';
import { duration } from '../format.ts';
import { type Shape, StateMark } from '../marks.tsx';
import { callWords } from './words.ts';

const SHAPE: Record<LineLevel, Shape> = { green: 'disc', amber: 'disc', red: 'ring', black: 'triangle' };
const INPUTS = ['qkd', 'kem', 'ecdh', 'courier'] as const;

/** What a call now would be worth, in words, before anybody speaks. */
export function Safety({ desk, connected }: { readonly desk: DeskState; readonly connected: boolean }) {
  const { title, text } = safetyWords(desk, connected);
  const level = connected ? desk.line.level : 'unknown';
  return (
    <div className="call-safety" data-level={level} data-testid="call-safety" id="call-safety">
      <p className="call-safety-title">
        <StateMark shape={connected ? SHAPE[desk.line.level] : 'ring'} />
        {title}
      </p>
      <p className="call-safety-text">{text}</p>
    </div>
  );
}

/** What it rests on. `rekeySeconds` once a call says how often keys are renewed. */
export function SafetyDetails({ desk, rekeySeconds }: { readonly desk: DeskState; readonly rekeySeconds?: number }) {
  const present = INPUTS.filter((input) => desk.safety.inputs[input]);
  if (desk.line.level === 'black') return null;
  return (
    <p className="call-hint" data-testid="call-safety-details">
      {rekeySeconds === undefined
        ? callWords.safety.renewed
        : callWords.safety.renewedEvery(duration(rekeySeconds * 1000))}{' '}
      {present.length > 0 && callWords.safety.inputs(present.map((input) => callWords.safety.input[input]).join(', '))}
    </p>
  );
}

/** The same in one breath. */
export function safetyWords(
  { line, reserve, may }: DeskState,
  connected: boolean,
): { readonly title: string; readonly text: string } {
  const { black, unknown } = callWords.safety;
  // A black line stays black until somebody says otherwise; that it was safe is worth nothing once nobody says so.
  if (!connected && line.level !== 'black') return unknown;
  if (line.level === 'black') return { title: black.title, text: may.call.reason || black.text };
  if (line.level !== 'amber') return callWords.safety[line.level];
  const { title, text } = callWords.safety.amber;
  return { title, text: text(duration(reserve.speechMinutes * 60_000)) };
}
