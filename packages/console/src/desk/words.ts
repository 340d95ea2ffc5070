/**
 * Every sentence the desk's page says itself, typed by use; numbers and times come in already formatted. Reasons come
 * from the desk in whole sentences. A second language is a second object of the type `DeskWords`.
 */
export const words = {
  product: 'Skykey',
  page: 'Skykey desk',
  skipLink: 'Skip to the message box',
  loading: 'Connecting to the desk …',
  close: 'Close',
  copy: 'Copy',
  copied: 'Copied',
  utc: (time: string) => `${time} UTC`,

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

  signIn: {
    title: 'Sign in',
    lead: 'This desk knows you by a passkey: the fingerprint, face or PIN with which you unlock your device, or a security key. There is no password.',
    act: 'Sign in with a passkey',
    acting: 'Waiting for your passkey …',
    help: 'If that does not work',
    helpNone:
      'No passkey yet? Ask an operator of this desk for an enrolment link. The very first one is printed in the terminal where the desk was started.',
    helpOther:
      'A passkey stays on the device where it was made, or in the account that device keeps it in. Use that device, or choose “another device” in the browser’s window.',
    helpLost: 'Device lost? An operator removes the old passkey and gives you a new link.',
    ended: 'Your session has ended. Sign in to go on; nothing was lost.',
    out: 'You are signed out.',
    enrolled: 'Your passkey is ready. Sign in with it.',
  },

  enrolment: {
    title: 'Enrol at this desk',
    lead: 'You were given this link once, to prove here who you are. Now your device makes a passkey that only it can use.',
    steps: [
      'Press the button. Your browser asks for fingerprint, face or PIN.',
      'From then on you sign in the same way. There is no password to remember or to lose.',
      'The link ends with its first use.',
    ],
    act: 'Make my passkey',
    acting: 'Waiting for your device …',
    instead: 'Sign in with a passkey I have',
    help: 'If that does not work',
    helpExpired:
      'A link holds for one person and a short time. If it is used or expired, ask an operator of this desk for another. The first one of all is printed when the desk is started with nobody enrolled.',
    helpShared: 'Do not make your passkey on a device that others unlock too.',
  },

  obstacle: {
    title: 'Passkeys do not work here',
    insecure:
      'This page was not opened over a secure connection. Open the desk at localhost on its own machine, or by https.',
    address: 'Passkeys belong to a name, and this address is a number. Open the desk by its name.',
    named: 'Open this page under the name localhost',
    browser:
      'This browser lacks the interfaces for passkeys. Use Chromium, Chrome or Edge 129 or newer, Firefox 119 or newer, or Safari 18.4 or newer.',
  },

  passkey: {
    cancelled: 'Nothing was done: the browser’s window was closed, or nobody answered it in time. Try again.',
    known: 'This device already has a passkey for this desk. Sign in with it instead.',
    address: 'The browser refuses passkeys at this address. Open the desk at the address it was started with.',
    unsupported:
      'This device cannot make the kind of passkey the desk asks for. Set up a screen lock, or use a security key or another device.',
    failed: 'The browser could not use a passkey. Load the page again, or use another browser.',
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
      operator: 'also enrols people and settles policy',
      approver: 'also opens the line again after an alarm',
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
    speech: 'Speech',
    messages: 'Messages',
    speechTitle: 'Speech that the key in stock is good for, keys renewed once a minute',
    messagesTitle: 'Texts of 250 bytes that the key in stock is good for, by one-time pad',
  },

  reserve: {
    title: 'In reserve',
    lead: 'What the key in stock is good for from this desk. The key that authenticates the line is kept apart and never spent.',
    speech: 'Speech, keys renewed each minute',
    padSpeech: 'Speech by one-time pad',
    messages: 'Texts by one-time pad',
    key: 'Key in stock',
    lasts: 'Lasts at this pace',
  },

  phrase: {
    title: 'Safety phrase',
    lead: (peer: string) =>
      `Read these words to ${peer} and hear them read back, by voice. If they differ, somebody stands between you: raise the alarm.`,
    none: 'There is none before the first agreement with the other desk.',
    compared: 'They match',
    comparedMark: 'Compared',
    notCompared: 'Not compared yet',
    changedMark: 'Changed since you compared',
    changed: 'The safety phrase has changed. Read it to each other again.',
  },

  protection: {
    title: 'What protects this',
    lead: 'Your words are secret as long as one of these holds.',
    input: {
      qkd: 'Quantum key',
      kem: 'ML-KEM-1024',
      ecdh: 'X25519',
      courier: 'Couriered secret',
    },
    inputMeaning: {
      qkd: 'delivered by satellite; a listener shows',
      kem: 'holds against quantum computers, by what is known',
      ecdh: 'holds against today’s computers',
      courier: 'carried from hand to hand beforehand',
    },
    present: 'in the keys',
    absent: 'missing',
    renewed: 'Keys renewed',
    never: 'not yet',
    ago: (duration: string) => `${duration} ago`,
    provenance: 'Quantum key came',
    keyIds: (count: number) => (count === 1 ? 'Id of its quantum key' : 'Ids of its quantum keys'),
    trusted: 'The satellite relays the key and could know it: it is a trusted node.',
    simulated:
      'The photons are simulated, and simulated photons give simulated secrecy. Everything after them is real.',
    simulatedBadge: 'Simulated',
    simulatedWhat: 'photons',
  },

  alarm: {
    label: 'Alarm',
    title: 'The line is shut',
    headline: {
      tap: 'Somebody listened on the line.',
      jam: 'The light was disturbed: this is jamming.',
      fault: 'A device failed.',
      time: 'The clocks disagree.',
      'source-gate': 'The photon source left its limits.',
      kms: 'The key manager raised an alarm.',
      operator: 'A person shut the line.',
    },
    className: {
      tap: 'Tapping',
      jam: 'Jamming, not tapping',
      fault: 'Device fault',
      time: 'Clock fault',
      'source-gate': 'Photon source',
      kms: 'Key manager',
      operator: 'By hand',
    },
    found: 'Found by',
    link: 'On the link',
    kind: 'Kind',
    at: 'At',
    evidence: 'Why',
    done: 'What was done',
    doneList: [
      'Calls were ended, and nothing leaves this desk.',
      'Key not yet handed out on this link is quarantined. It will never be used.',
      'What was delivered before stays delivered and readable; what had not left waits or is marked as not sent.',
    ],
    onward: 'How to go on',
    onwardList: {
      tap: 'Have the way of the light searched for whoever measured it.',
      jam: 'Find what disturbs the light, or wait until it is gone. Jamming stops keys; it reads nothing.',
      fault: 'Have the device named above looked at.',
      time: 'Compare the clocks of both sites with a source you trust.',
      'source-gate': 'Have the photon source measured before it is used again.',
      kms: 'Have the operator of the key manager look at its journal.',
      operator: 'Hear from the person who did it, and why.',
    },
    otherWay: (peer: string) =>
      `Speak with ${peer} by another way: telephone or courier. Compare what both screens say.`,
    reopen: (needed: string) =>
      `When the cause is gone, ${needed} approvers at each desk open the line again. Fresh keys are agreed on first.`,
    approvals: 'Who wants the line open again',
    ofNeeded: (have: number, needed: number) => `${have} of ${needed}`,
    vacant: 'still wanted',
    approve: 'I approve: open it again',
    withdraw: 'Withdraw my approval',
    onlyApprovers: 'Only approvers can open the line again. You are not one of them.',
    waitingFor: (own: number, peer: number, site: string, peerName: string) =>
      [own > 0 ? `${own} more at ${site}` : '', peer > 0 ? `${peer} more in ${peerName}` : '']
        .filter(Boolean)
        .join(' and '),
    wanted: (who: string) => `Wanted: ${who}.`,
    complete: 'Both sides have approved. The desks agree on fresh keys now.',
    read: 'Read the conversation',
    back: 'Back to the alarm',
    noAlarm: 'The other desk shut the line. Its reason arrives when it answers.',
  },

  raise: {
    open: 'Shut the line …',
    title: 'Shut the line?',
    lead: (peer: string) =>
      `Both desks go black at once: calls end, nothing more is sent to ${peer}, and key not yet used is quarantined. Two approvers at each desk are needed to open it again. This cannot be undone.`,
    reason: 'Why? Both sides will read this.',
    placeholder: 'The safety phrase differs',
    act: 'Shut the line',
    keep: 'Keep it open',
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
    day: (date: string) => `${date}, times in UTC`,
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

  side: {
    label: 'Details of the line',
    tab: { line: 'Line', files: 'Files', desk: 'Desk' },
  },

  retention: {
    title: 'Keeping',
    lead: 'How long this desk keeps messages and files. Older ones are overwritten.',
    current: (what: string) => `Kept: ${what}.`,
    forever: 'until somebody changes this',
    days: (days: number) => (days === 1 ? '1 day' : `${days} days`),
    choose: 'Keep for',
    everything: 'Everything',
    act: 'Change',
    warn: (what: string) => `Everything older than ${what} is overwritten at once. Nobody can bring it back.`,
    sure: 'Overwrite and change',
    keep: 'Leave it',
    onlyOperators: 'An operator of this desk can change it.',
  },

  persons: {
    title: 'People',
    lead: 'Who may use this desk. Each has a passkey of their own.',
    loading: 'Asking who may use this desk …',
    you: 'you',
    remove: 'Remove',
    removeOf: (name: string) => `Remove ${name}`,
    sure: (name: string) => `${name} is signed out everywhere and cannot come back without a new link.`,
    keep: 'Keep',
    invite: 'Invite somebody',
    name: 'Name, as the other side will see it',
    roles: 'May',
    act: 'Make an enrolment link',
    link: (name: string) => `Enrolment link for ${name}`,
    linkHint: 'It works once. Hand it over yourself, not over a channel that others read. It is not shown again.',
    nameMissing: 'Write the name of the person first.',
    roleMissing: 'Choose at least one role.',
    finished: 'Done',
  },
};

export type DeskWords = typeof words;
