/** What a person who does not look is told: changes politely, an alarm at once. */
import type { DeskFile, DeskMessage, DeskState } from '@skykey/telemetry';
import { shownName } from './files/file.ts';
import type { DeskView } from './view.ts';
import { words } from './words.ts';

/** More new messages than these at once are counted, not read. */
const READ_AT_ONCE = 3;

/** Sentences for what has changed, in the order of their weight. The first state shown is not a change. */
export function announcements(before: DeskView, after: DeskView): readonly string[] {
  if (after.desk === null) return [];
  const said: string[] = [];
  if (before.connection !== after.connection && before.connection !== 'connecting') {
    said.push(after.connection === 'lost' ? words.connection.lost : words.connection.back);
  }
  if (before.desk === null) return said;
  said.push(...ofLine(before.desk, after.desk));
  said.push(...ofMessages(before, after));
  said.push(...ofFiles(before.desk.files, after.desk.files));
  return said;
}

/** The sentence that interrupts: it stands as long as the line is black. */
export function alarmSentence({ line }: DeskState): string {
  if (line.level !== 'black') return '';
  const what = line.alarm === null ? '' : `${words.alarm.headline[line.alarm.class]} `;
  return `${words.level.word.black}. ${what}${line.reason}`;
}

function ofLine(before: DeskState, after: DeskState): readonly string[] {
  const said: string[] = [];
  if (before.line.level !== after.line.level && after.line.level !== 'black') {
    said.push(`${words.level.word[after.line.level]}. ${after.line.reason}`);
  } else if (before.line.peerReachable !== after.line.peerReachable) {
    const { peerName } = after;
    said.push(after.line.peerReachable ? words.line.answers(peerName) : words.line.silent(peerName));
  }
  said.push(...after.line.banners.filter((banner) => !before.line.banners.includes(banner)));
  if (before.record.on !== after.record.on) said.push(after.record.on ? words.record.begun : words.record.ended);
  else if (after.record.peerWants && !before.record.peerWants && !after.record.on) {
    said.push(words.record.asked(after.peerName));
  }
  if (before.safety.phrase !== null && before.safety.phrase !== after.safety.phrase) said.push(words.phrase.changed);
  return said;
}

function ofMessages(before: DeskView, after: DeskView): readonly string[] {
  if (before.thread === after.thread) return [];
  const known = new Map(before.thread.messages.map((message) => [message.id, message]));
  const newestMs = before.thread.messages.at(-1)?.utcMs ?? Number.NEGATIVE_INFINITY;
  const arrived: DeskMessage[] = [];
  const said: string[] = [];
  for (const message of after.thread.messages) {
    const held = known.get(message.id);
    if (message.state === 'refused' && held?.state !== 'refused' && (held !== undefined || message.utcMs >= newestMs)) {
      said.push(words.message.announceRefused(message.reason ?? ''));
    } else if (held === undefined && message.direction === 'received' && message.utcMs >= newestMs) {
      arrived.push(message);
    }
  }
  if (arrived.length > READ_AT_ONCE) said.push(words.message.announceMany(arrived.length));
  else said.push(...arrived.map(({ author, text }) => words.message.announce(author, text)));
  return said;
}

function ofFiles(before: readonly DeskFile[], after: readonly DeskFile[]): readonly string[] {
  if (before === after) return [];
  const known = new Map(before.map((file) => [file.id, file.state]));
  return after.flatMap((file) => {
    const held = known.get(file.id);
    if (held === file.state) return [];
    const name = shownName(file.name);
    if (held === undefined) return file.direction === 'received' ? [words.file.announceArriving(name)] : [];
    switch (file.state) {
      case 'done':
        return [words.file.announceDone[file.direction](name)];
      case 'refused':
      case 'changed':
        return [words.file.announceRefused(name, file.reason ?? '')];
      default:
        return [];
    }
  });
}
