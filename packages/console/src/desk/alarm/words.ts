/** An alarm, and raising one. A part of the desk's words (`../words.ts`). */
export const alarmWords = {
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
      'Calls were ended, and nothing leaves this desk but short words by the couriered pad.',
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

  emergency: {
    title: 'Short words by the couriered pad',
    lead: (peer: string) =>
      `The line is stopped. What you write here leaves for ${peer} by the pad that a courier brought to both desks, and by nothing else. Each text uses up its part of the pad for good.`,
    left: (texts: string, bytes: string) => `${texts} texts left, ${bytes} bytes.`,
    provenance: (text: string) => `The pad: ${text}.`,
    none: 'No emergency pad is here. One is made while the line is open and carried to both desks by a courier.',
    label: 'Short words',
    room: (used: string, room: string) => `${used} of ${room} bytes`,
    send: 'Send by the pad',
    mark: 'Emergency pad',
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
};
