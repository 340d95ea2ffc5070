import { alarmWords } from './alarm/words.ts';
import { entryWords } from './entry/words.ts';
import { sideWords } from './side/words.ts';

/**
 * Every sentence the desk's page says itself, typed by use; numbers and times come in already formatted. Reasons come
 * from the desk in whole sentences. A second language is a second object of the type `DeskWords`.
 */
export const words = {
  ...entryWords,
  ...alarmWords,
  ...sideWords,

  product: 'Skykey',
  page: 'Skykey desk',
  skipLink: 'Skip to the message box',
  loading: 'Connecting to the desk …',
  close: 'Close',
  copy: 'Copy',
  copied: 'Copied',
  utc: (time: string) => `${time} UTC`,
  clock:
    'By this desk’s own clock. The overview shows the clock of the mission, which may stand at another date and run faster.',

  errors: {
    unreachable: 'The desk does not answer. Nothing was changed; try again.',
    status: (status: number) => `The desk answered with status ${status}. Nothing was changed.`,
    unreadable: 'The desk answered something that this page does not understand. Load the page again.',
  },

  connection: {
    lost: 'Connection to this desk is lost. Trying again …',
    back: 'The connection to this desk is back.',
    asOf: (time: string) => `What you see is as of ${time} UTC.`,
    unreachableTitle: 'The desk does not answer',
    unreachable: 'Its process may be starting or stopped. This page tries again every few seconds.',
    again: 'Try again now',
  },

  head: {
    documentTitle: (site: string, peer: string) => `${site} to ${peer} · Skykey`,
    unread: (count: number, title: string) => `(${count}) ${title}`,
    blackTitle: (title: string) => `Black · ${title}`,
    title: (site: string) => `${site} desk`,
    to: (peer: string) => `Line to ${peer}`,
    person: (name: string) => `You: ${name}`,
    search: 'Search',
    details: 'Details',
    signOut: 'Sign out',
    roles: 'Roles',
    role: { speaker: 'Speaker', operator: 'Operator', approver: 'Approver' },
    roleMeaning: {
      speaker: 'writes and speaks',
      operator: 'enrols people and settles policy',
      approver: 'opens the line again after an alarm',
    },
  },

  level: {
    label: 'State of the line',
    word: { green: 'Green', amber: 'Amber', red: 'Red', black: 'Black' },
    meaning: {
      green: 'Key for more than a day. Everything goes.',
      amber: 'Key for less than a day. One-time pads are kept for texts, and keys are renewed less often.',
      red: 'No fresh key. Only what both sides’ policy allows without it.',
      black: 'An alarm. Nothing leaves until two persons on each side open the line again.',
    },
    legend: 'What the four states mean',
    since: (time: string) => `since ${time} UTC`,
  },

  line: {
    silent: (peer: string) => `${peer} does not answer.`,
    answers: (peer: string) => `${peer} answers again.`,
    banners: 'Lasting notices',
    restored:
      'Whoever was removed after the copy was made can come in again, and whoever came since cannot. Look through People, under Desk.',
    restoredOthers:
      'Whoever was removed after the copy was made can come in again: an operator has to look through the people.',
    noted: 'I have looked through them',
    speech: 'Speech',
    messages: 'Messages',
    speechTitle: 'Speech that the key in stock is good for, keys renewed once a minute',
    messagesTitle: 'Texts of 250 bytes that the key in stock is good for, by one-time pad',
  },

  conversation: {
    label: (peer: string) => `Conversation with ${peer}`,
    emptyTitle: (peer: string) => `Nothing said to ${peer} yet`,
    emptyOpen: 'Write the first words below. They are sealed here and opened there.',
    emptyLocked: 'You can write a draft already. It leaves when the line lets it.',
    earlier: 'Earlier messages',
    earlierLoading: 'Fetching …',
    later: 'Later messages',
    beginning: 'This is the beginning of what is kept.',
    newest: 'To the newest',
    newestCount: (count: number) => (count === 1 ? '1 new message' : `${count} new messages`),
    day: (date: string) => `${date}, UTC by this desk’s clock`,
    drop: (peer: string) => `Drop to send to ${peer}`,
    dropLocked: 'Files cannot be sent now',
  },

  message: {
    you: 'You',
    announce: (author: string, text: string) => `${author}: ${text}`,
    announceMany: (count: number) => `${count} new messages.`,
    announceRefused: (reason: string) => `Not sent. ${reason}`,
    delivery: { waiting: 'Waiting', sent: 'Sent', delivered: 'Delivered', refused: 'Not sent' },
    deliveryMeaning: {
      waiting: 'Kept here until the line lets it go',
      sent: 'On its way; the other desk has not confirmed it yet',
      delivered: 'The other desk keeps it',
      refused: 'It never left this desk',
    },
    receivedRefused: 'Refused',
    onRecord: 'On the record',
    missed: (count: number) =>
      count === 1 ? '1 message before this one never arrived' : `${count} messages before this one never arrived`,
    reuse: 'Write it again',
    seal: 'Seal',
    number: 'Number',
    sealing: 'Sealed with',
    sealingName: { sealed: 'One-time pad inside renewed keys', hybrid: 'Renewed keys' },
    keyIds: (count: number) => (count === 1 ? 'Key used' : 'Keys used'),
    ciphertext: 'On the wire',
  },

  search: {
    label: 'Search the conversation',
    placeholder: 'Words to look for',
    hint: 'Arrow keys move through what was found, Enter goes there, Escape closes.',
    none: 'Nothing found.',
    found: (count: number) => (count === 1 ? '1 message found' : `${count} messages found`),
    foundNewest: (count: number) => `The newest ${count} messages that hold it. A longer search finds fewer.`,
    searching: 'Searching …',
    begin: 'Everything this desk keeps is searched here; nothing of it leaves.',
    jumping: 'Fetching that part of the conversation …',
    gone: 'That message is no longer kept.',
  },

  composer: {
    label: (peer: string) => `Message to ${peer}`,
    placeholder: (peer: string) => `Write to ${peer}`,
    placeholderLocked: 'A draft; sending is locked',
    send: 'Send',
    sending: 'Sealing …',
    locked: 'Sending is locked',
    emergency: 'The line is shut. Texts leave by the emergency pad that both sides keep for this, and by nothing else.',
    kept: 'Your words are still in the box.',
    notSent: 'Not sent.',
    otherwise: {
      sealed: 'Renewed keys may carry it; only you can choose them.',
      hybrid: 'A one-time pad may carry it; only you can choose it.',
    },
    lost: 'This window has lost its connection to the desk.',
    hint: 'Enter sends, Shift + Enter starts a new line',
    tooLong: (bytes: string, limit: string) => `${bytes} of ${limit} bytes: too long for one message.`,
    bytes: (bytes: string, limit: string) => `${bytes} of ${limit} bytes`,
    sealing: 'Seal texts with',
    sealingName: { sealed: 'One-time pad', hybrid: 'Renewed keys' },
    sealingMeaning: {
      sealed:
        'Each bit is hidden by a bit of quantum key that is used once. No computer, today or later, can undo that.',
      hybrid: 'Keys renewed every few minutes from quantum key, ML-KEM-1024, X25519 and a couriered secret.',
    },
    attach: 'Attach files',
  },

  record: {
    label: 'On the record',
    meaning: 'Both desks sign what was said. Off the record nobody can prove it to a third.',
    asked: (peer: string) => `${peer} asks to go on the record.`,
    agree: 'Go on the record',
    waiting: (peer: string) => `Waiting for ${peer} to agree to go on the record.`,
    takeBack: 'Take it back',
    signed: (texts: number, time: string) =>
      texts === 0
        ? `Both desks signed the beginning at ${time} UTC.`
        : `Both desks signed up to text ${texts} of the record at ${time} UTC.`,
    unsigned: (texts: number) => (texts === 1 ? '1 text waits for signatures.' : `${texts} texts wait for signatures.`),
    begun: 'On the record: from now on both desks sign what is said.',
    ended: 'Off the record: nobody can prove to a third what is said from now on.',
  },

  file: {
    label: (name: string) => `File ${name}`,
    sent: 'You send',
    received: (peer: string) => `${peer} sends`,
    state: {
      offered: 'Waiting to begin',
      running: 'On its way',
      paused: 'Paused',
      done: 'Delivered',
      refused: 'Not sent',
      changed: 'Changed on the way',
      cancelled: 'Cancelled',
    },
    receivedDone: 'Received',
    receivedRefused: 'Not received',
    act: { pause: 'Pause', resume: 'Resume', cancel: 'Cancel' },
    actOn: (act: string, name: string) => `${act} ${name}`,
    download: 'Save',
    progress: (done: string, all: string) => `${done} of ${all}`,
    checksum: 'Checksum (SHA-256)',
    announceArriving: (name: string) => `File ${name} is arriving.`,
    announceDone: {
      sent: (name: string) => `File ${name} is delivered.`,
      received: (name: string) => `File ${name} has arrived.`,
    },
    announceRefused: (name: string, reason: string) => `File ${name} failed. ${reason}`,
    none: 'No file was sent or received.',
    noneHint: 'Drop files anywhere on this page, paste them, or use the paper clip.',
    handing: 'Handing over to the desk',
    queued: 'Waits for the one before',
    dismiss: 'Dismiss',
    folder: 'A folder cannot be sent. Put it into an archive (zip or tar) and send that.',
    changed: 'The file was changed, moved or locked while it was read. Choose it again.',
    aborted: 'Ended.',
  },
};

export type DeskWords = typeof words;
