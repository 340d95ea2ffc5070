/** Every sentence of the call, in one place, like those of the rest of the page (`../words.ts`). */
export const callWords = {
  label: (peer: string) => `Call to ${peer}`,
  title: 'Call',

  safety: {
    more: 'About calls, devices',
    green: {
      title: 'Safe to call',
      text: 'Voice and picture are sealed on this screen and opened on the other. Nobody between can hear or see them.',
    },
    amber: {
      title: 'Safe to call, key is short',
      text: (length: string) =>
        `Voice and picture are sealed on this screen and opened on the other. There is key for about ${length} of speech.`,
    },
    red: {
      title: 'No fresh quantum key',
      text: 'A call now is protected by computation alone, not by physics. Say nothing that must stay secret for decades.',
    },
    black: {
      title: 'No calls: the line is stopped',
      text: 'Voice and picture stay off until two persons on each side have reopened the line.',
    },
    unknown: {
      title: 'Not known whether a call is safe',
      text: 'This window has lost its connection to the desk. You can call when it is back.',
    },
    inputs: (names: string) => `In the keys now: ${names}.`,
    input: {
      qkd: 'quantum key',
      kem: 'ML-KEM-1024',
      ecdh: 'X25519',
      courier: 'secret brought by courier',
    },
    renewed: 'Keys are renewed while you speak. If the line is tapped, the call goes silent at once and says so.',
    renewedEvery: (seconds: string) =>
      `Keys are renewed every ${seconds} while you speak. If the line is tapped, the call goes silent at once and says so.`,
  },

  idle: {
    voice: 'Call by voice',
    video: 'Call with picture',
    pad: 'Call by one-time pad',
    padLeft: (length: string) =>
      `Voice alone, which no computer of any time can open. There is pad for ${length} of it today; then the call ends.`,
    padNot: (reason: string) => `No call by one-time pad now. ${reason}`,
    asking: 'Opening microphone …',
    askingVideo: 'Opening microphone and camera …',
    notAllowed: 'You may not speak at this desk. An operator can give you the role of speaker.',
  },

  unsupported: {
    title: 'This browser cannot make sealed calls',
    https:
      'A browser opens microphone and camera only for pages it can trust. Open this desk by its https:// address, or on localhost. Messages and files work as they are.',
    missing: (names: string) =>
      `It lacks ${names}. Open this desk with a current Chromium, Chrome, Edge, Firefox or Safari to call. Messages and files work as they are.`,
  },

  ringing: {
    out: (peer: string) => `Calling ${peer} …`,
    outHint: 'It rings at the other desk. Nothing you say leaves this room before they answer.',
    in: { voice: (peer: string) => `${peer} calls`, video: (peer: string) => `${peer} calls, with picture` },
    inPad: (peer: string) => `${peer} calls, voice by one-time pad`,
    padHint: 'It ends when the pad of the day is spent. ',
    inHint: 'Microphone and camera stay off until you answer.',
    accept: 'Answer',
    acceptVoice: 'Answer without picture',
    decline: 'Decline',
    cancel: 'Cancel call',
  },

  running: {
    connecting: 'Connecting …',
    connectingHint: 'The two screens are looking for a way to each other.',
    running: 'In call',
    sealed: 'Sealed end to end',
    sealedByPad: (left: string) => `Sealed by one-time pad; ${left} left today`,
    sealedNoQuantum: 'Sealed by computation alone',
    reconnecting: 'Reconnecting …',
    reconnectingHint: 'The way to the other desk is lost. A new one is being looked for; the call goes on by itself.',
    paused: 'Paused',
    pausedHint: (name: string) =>
      `${name} does not confirm that the line is safe. Nothing is sent or heard until it does; after 30 seconds the call ends.`,
    peerSilent: (peer: string) => `Nothing arrives from ${peer} at the moment.`,
    wrongKey: (peer: string) =>
      `What arrives cannot be opened: it was not sealed by ${peer} with the keys of this call. It is not played.`,
    noPicture: 'No picture',
    voiceCall: 'Voice only',
    you: 'You',
    remote: (peer: string) => `Picture from ${peer}`,
    own: 'Your picture',
    ownLevel: 'Your voice',
    otherLevel: (peer: string) => `Voice of ${peer}`,
    mutedState: 'muted',
    duration: 'Length of the call',
    elsewhere: 'The call is on in another window',
    elsewhereHint:
      'Another window of this desk holds this call, or did before it was closed. Take it here if you want to speak from this one.',
    take: 'Take the call here',
  },

  controls: {
    label: 'Call controls',
    mute: 'Mute',
    unmute: 'Unmute',
    cameraOff: 'Stop camera',
    cameraOn: 'Start camera',
    devices: 'Devices',
    smaller: 'Smaller',
    larger: 'Larger',
    hangUp: 'Hang up',
  },

  devices: {
    title: 'Devices',
    microphone: 'Microphone',
    camera: 'Camera',
    loudspeaker: 'Loudspeaker',
    picture: 'Picture size',
    large: 'Large (720p)',
    small: 'Small (360p), for thin lines',
    system: 'System default',
    unnamed: (what: string, number: number) => `${what} ${number}`,
    try: 'Try microphone and camera',
    tryStop: 'Stop trying',
    tryNote: 'Only you see and hear this. Nothing leaves this screen.',
    names: 'Names of devices appear once you have allowed them.',
    loudspeakerFixed: 'This browser plays where the system says.',
  },

  deviceErrors: {
    microphone: {
      refused:
        'The browser was not allowed to use the microphone. Allow it beside the address of this page, then try again.',
      missing: 'No microphone was found. Plug one in, then try again.',
      busy: 'Another program holds the microphone. Close that program, then try again.',
      other: 'The microphone could not be opened. Check that it is plugged in, then try again.',
    },
    camera: {
      refused: 'The browser was not allowed to use the camera: you are heard, not seen. Allow it beside the address.',
      missing: 'No camera was found: you are heard, not seen.',
      busy: 'Another program holds the camera: you are heard, not seen. Close that program, then start the camera.',
      other: 'The camera could not be opened: you are heard, not seen.',
    },
  },

  /** Sent to the site as the reason of an end, and shown at both desks: they must be true at both. */
  reasons: {
    declined: 'The call was declined.',
    cancelled: 'The caller gave up.',
    lost: 'The two screens found no way to each other for 30 seconds.',
    lapsed: 'A site did not confirm for 30 seconds that the line is safe.',
    failed: 'The call could not be built up by one of the browsers. Load the page again and call again.',
    unsealed:
      'One of the browsers led voice or picture past the sealing, so the call was ended at once. Use a current version of it, or another browser.',
  },

  ended: {
    title: 'Call ended',
    missed: (peer: string) => `Missed call from ${peer}`,
    stopped: 'The call was stopped',
    stoppedHint: 'It went silent at that moment. Nothing of it is sent or played any more.',
    unmade: 'No call',
    length: (length: string) => `It lasted ${length}.`,
    dismiss: 'Close',
    taken: 'It goes on in another window.',
    siteGone: (name: string) => `${name} did not answer any more, so the call went silent and ended.`,
  },

  quality: {
    title: 'What is measured',
    pictureReceived: 'Picture frames received',
    pictureDecoded: 'Picture frames decoded',
    pictureOpened: 'Picture frames opened',
    voiceOpened: 'Voice frames opened',
    refused: 'Frames that could not be opened',
    held: 'Frames held back while paused',
    epoch: 'Number of the keys in use',
    lost: 'Packets lost',
    roundTrip: 'Round trip',
  },

  announce: {
    ringing: (peer: string, safety: string) => `${peer} calls. ${safety}`,
    state: (state: string, hint: string) => (hint === '' ? state : `${state}. ${hint}`),
  },

  errors: {
    unreachable: 'This desk’s site did not answer. Nothing was changed; try again.',
    status: (status: number) => `This desk’s site answered with status ${status}. Nothing was changed.`,
  },
};
