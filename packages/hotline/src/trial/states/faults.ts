/** Faults that are planted to show that the search finds them: some words of one shipped file, and others instead. */
export interface Fault {
  readonly name: string;
  /** Under `packages/hotline/src`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly replace: string;
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'an older answer is kept beside newer keys',
    file: 'session/renewal.ts',
    find: '!pending.over && pending.agreed.number <= number',
    replace: 'false as boolean',
  },
  {
    name: 'roots are never let go',
    file: 'session/renewal.ts',
    find: 'for (const { root } of this.#roots) if (root !== before?.root) root.wipe();',
    replace: '(this as any).old = [...((this as any).old ?? []), ...this.#roots];',
  },
  {
    name: 'roots are not written',
    file: 'session/renewal.ts',
    find: "this.#context.steps.put('session/roots', writeRoots(this.#roots));",
    replace: '',
  },
  {
    name: 'the MAC of an answer is not checked',
    file: 'secret/agreement.ts',
    find: 'if (!sameBytes(mac, answerMac(agreed.secrets, agreementHash))) {',
    replace: 'if (mac.length === 0) {',
  },
  {
    name: 'confirmation is skipped',
    file: 'secret/agreement.ts',
    find: "if (!right) throw forged('confirm', 'the other desk');",
    replace: '',
  },
  {
    name: 'the MAC of an offer is not checked',
    file: 'secret/agreement.ts',
    find: "if (!sameBytes(mac, offerMac(party, offer, body))) throw forged('offer', peerId);",
    replace: '',
  },
  {
    name: 'the key of an opened record is kept',
    file: 'secret/ratchet.ts',
    find: 'this.#ahead.get(counter)!.wipe();\n    this.#ahead.delete(counter);',
    replace: '',
  },
  {
    name: 'the keys of the epoch before are kept',
    file: 'session/renewal.ts',
    find: 'this.#before.epoch.wipe();\n      this.#before = null;',
    replace: '(this as any).old = this.#before;\n      this.#before = null;',
  },
  { name: 'the couriered secret is left out', file: 'secret/combiner.ts', find: "add('psk', psk);", replace: '' },
  { name: 'the quantum key is left out', file: 'secret/combiner.ts', find: "add('qkd', together);", replace: '' },
  {
    name: 'the root before is left out',
    file: 'secret/combiner.ts',
    find: 'extract(root, input)',
    replace: 'extract(input, input)',
  },
  {
    name: 'one approver is enough',
    file: 'state/approvals.ts',
    find: 'return persons.size >= policy.approvalsNeeded;',
    replace: 'return persons.size >= 1;',
  },
  {
    name: 'an alarm is forgotten at a start',
    file: 'state/line.ts',
    find: 'stock: null,\n    epoch: null,\n    peer:',
    replace: 'stock: null,\n    epoch: null,\n    standing: [],\n    peer:',
  },
  {
    name: 'an approval never lapses',
    file: 'state/approvals.ts',
    find: 'stands(approval) && nowMs < approval.lapsesMs',
    replace: 'stands(approval)',
  },
  {
    name: 'an approval outlives another alarm',
    file: 'state/line.ts',
    find: 'state = { ...state, request, approvals: [], decided: false };',
    replace: 'state = { ...state, request };',
  },
  {
    name: 'any agreement opens the line',
    file: 'state/line.ts',
    find: 'state.decided && reopens !== null && reopens === state.request && hasQkd(next)',
    replace: 'state.decided && hasQkd(next)',
  },
  {
    name: 'old key opens the line',
    file: 'state/joint.ts',
    find: 'epoch.qkdMadeAtMs > keysMadeAfterMs',
    replace: 'epoch.qkdMadeAtMs >= 0',
  },
];
