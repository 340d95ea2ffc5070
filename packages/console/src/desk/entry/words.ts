/** Signing in and enrolling. A part of the desk's words (`../words.ts`). */
export const entryWords = {
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
    helpAllLost:
      'Every operator’s device lost? Whoever runs the site’s machine stops the site and makes a new link there: skykey desk new-operator.',
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
    as: 'This link is for',
    name: 'Your name, as both sides will see it',
    nameMissing: 'Write your name first: both sides will see it beside what you say.',
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
};
