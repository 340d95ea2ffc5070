/** A desk in words for a terminal. What the other side wrote is shown without what could steer a terminal. */
import { stripVTControlCharacters } from 'node:util';
import type { DeskFile, DeskMessage, DeskState } from '@skykey/telemetry';

const time = (utcMs: number): string => new Date(utcMs).toISOString().slice(11, 19);

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** What the other side wrote, without what could steer a terminal. */
export function shown(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROLS, '\ufffd');
}

export function messageLine({
  direction,
  author,
  text,
  utcMs,
  state,
  reason,
  sealing,
  missed,
  emergency,
}: DeskMessage): string {
  const way =
    direction === 'sent'
      ? `${author} (${state}${emergency ? ', emergency pad' : sealing === 'sealed' ? ', one-time pad' : ''})`
      : author;
  const gap = missed > 0 ? `[${missed} earlier message(s) never arrived] ` : '';
  return `${time(utcMs)} ${direction === 'sent' ? '→' : '←'} ${gap}${shown(way)}: ${shown(text)}${reason ? ` [${reason}]` : ''}`;
}

export function fileLine({ direction, name, bytes, doneBytes, state, reason }: DeskFile): string {
  const share = bytes === 0 ? 100 : Math.floor((100 * doneBytes) / bytes);
  return `${direction === 'sent' ? '→' : '←'} ${shown(name)} (${bytes.toLocaleString('en')} bytes): ${state}, ${share} %${reason ? ` [${reason}]` : ''}`;
}

export function lineOfState({ line }: DeskState): string {
  return `${line.level.toUpperCase()}: ${line.reason}`;
}

function recordLines({ record: { on, peerWants, signed, unsigned, fault }, peerName }: DeskState): readonly string[] {
  const asked = !on && peerWants ? [`${peerName} asks to go on the record.`] : [];
  if (!on && unsigned === 0 && !fault) return asked;
  const until = signed ? `both signed up to text ${signed.texts} at ${time(signed.utcMs)}` : 'nothing is signed yet';
  const rest = unsigned > 0 ? `; ${unsigned} more wait for signatures` : '';
  return [...asked, `${on ? 'On the record' : 'The record is over'}: ${until}${rest}`, ...(fault ? [fault] : [])];
}

export function stateReport(desk: DeskState): string {
  const { line, safety, reserve, may } = desk;
  const inputs = Object.entries({
    'quantum key': safety.inputs.qkd,
    'ML-KEM-1024': safety.inputs.kem,
    X25519: safety.inputs.ecdh,
    'couriered secret': safety.inputs.courier,
  });
  const lines = [
    `${desk.name} to ${desk.peerName}`,
    lineOfState(desk),
    ...line.banners,
    `Read aloud: ${safety.phrase ?? 'no words yet'}`,
    `In the keys: ${inputs.flatMap(([name, is]) => (is ? [name] : [])).join(', ') || 'nothing yet'}`,
    ...recordLines(desk),
    desk.emergency === null
      ? 'Emergency pad: none'
      : `Emergency pad: ${desk.emergency.texts} texts of up to ${desk.emergency.bytes} bytes with the name (${desk.emergency.provenance})`,
    `Left: ${reserve.keyBits.toLocaleString('en')} bits, ${reserve.hours.toFixed(0)} h; ${reserve.padMessages} texts by one-time pad, ${Math.floor(reserve.speechMinutes)} minutes of speech`,
  ];
  for (const [what, { allowed, reason }] of Object.entries({
    Texts: may.text,
    'One-time pad': may.sealedText,
    Files: may.file,
    Calls: may.call,
  })) {
    if (!allowed) lines.push(`${what}: ${reason}`);
  }
  return lines.join('\n');
}
