import { createHash } from 'node:crypto';
import { agreementHashOf, answerMac, commitmentTo, confirmMac, safetyBytes } from '../../secret/agreed.ts';
import { parseOffer } from '../../secret/agreement.ts';
import { combine, type EpochContext, type EpochInput, EpochSecrets, encodeContext } from '../../secret/combiner.ts';
import { DIRECTIONS, LANES } from '../../secret/lanes.ts';
import { offerKey, type Party, rootId, rootOfPsk } from '../../secret/party.ts';
import { offerIdOf } from '../../secret/pending.ts';
import { phraseOf } from '../../secret/phrase.ts';
import { bytesOf, type Hex, hexOf, secretOf, shown } from '../hex.ts';

export interface CombinerInput {
  readonly root: Hex;
  readonly inputs: {
    readonly kem: Hex | null;
    readonly ecdh: Hex | null;
    readonly psk: Hex | null;
    readonly qkd: readonly Hex[] | null;
  };
  readonly context: {
    readonly suite: string;
    readonly suites: EpochContext['suites'];
    readonly desks: EpochContext['desks'];
    readonly conversationId: string;
    readonly number: number;
    readonly kem: { readonly publicKey: Hex; readonly ciphertext: Hex } | null;
    readonly ecdh: { readonly initiator: Hex; readonly responder: Hex } | null;
    readonly qkd: EpochContext['qkd'];
    readonly policyHash: Hex;
    readonly transcripts: { readonly initiator: Hex; readonly responder: Hex };
    readonly agreementHash: Hex;
    readonly removed: readonly { readonly input: EpochInput; readonly consentHash: Hex }[];
  };
}

interface Desks {
  readonly psk: Hex;
  readonly conversationId: string;
  readonly initiator: string;
  readonly responder: string;
}

export interface PartyInput {
  readonly ownId: string;
  readonly peerId: string;
  readonly conversationId: string;
  readonly psk: Hex;
  readonly suites: Party['suites'];
  /** Of the hash of the policy, and of the consent to go on without QKD key. */
  readonly policyHash: Hex;
  readonly consentWithoutQkd: Hex | null;
}

/** A desk that never agreed before, and whose policy asks for no QKD key. */
export function partyOf({ psk, policyHash, consentWithoutQkd, ...names }: PartyInput): Party {
  return {
    ...names,
    psk: secretOf(psk),
    ...{ roots: [], policyHash: bytesOf(policyHash), transcriptHash: new Uint8Array(32), qkdRequired: false },
    ...(consentWithoutQkd === null ? {} : { consentWithoutQkd: bytesOf(consentWithoutQkd) }),
    ...{ accepted: { text: 7, control: 9 }, generation: 3, reason: 'start' },
  };
}

function contextOf(context: CombinerInput['context']): EpochContext {
  const { kem, ecdh, policyHash, transcripts, agreementHash, removed } = context;
  return {
    ...context,
    kem: kem && { publicKey: bytesOf(kem.publicKey), ciphertext: bytesOf(kem.ciphertext) },
    ecdh: ecdh && { initiator: bytesOf(ecdh.initiator), responder: bytesOf(ecdh.responder) },
    policyHash: bytesOf(policyHash),
    transcripts: { initiator: bytesOf(transcripts.initiator), responder: bytesOf(transcripts.responder) },
    agreementHash: bytesOf(agreementHash),
    removed: removed.map(({ input, consentHash }) => ({ input, consentHash: bytesOf(consentHash) })),
  };
}

function shownEpoch(secrets: EpochSecrets) {
  const chains = LANES.flatMap((lane) =>
    DIRECTIONS.map((way) => [`${lane} ${way}`, shown(secrets.chains[lane][way])] as const),
  );
  return {
    epochId: hexOf(secrets.id),
    root: shown(secrets.root),
    confirm: { initiator: shown(secrets.confirm.initiator), responder: shown(secrets.confirm.responder) },
    chains: Object.fromEntries(chains),
    media: { '1': shown(secrets.media[1]), '2': shown(secrets.media[2]) },
    safetyPhrase: shown(secrets.safety),
  };
}

export const COMBINER = {
  'combiner/derive'({ root, inputs, context }: CombinerInput) {
    const own = contextOf(context);
    const secret = (hex: Hex | null) => (hex === null ? null : secretOf(hex));
    const secrets = combine(
      secretOf(root),
      {
        kem: secret(inputs.kem),
        ecdh: secret(inputs.ecdh),
        psk: secret(inputs.psk),
        qkd: inputs.qkd?.map(secretOf) ?? null,
      },
      own,
    );
    return { contextSha256: createHash('sha256').update(encodeContext(own)).digest('hex'), ...shownEpoch(secrets) };
  },

  /** The epoch's 64 bytes taken apart. */
  'combiner/epoch'({ epoch }: { readonly epoch: Hex }) {
    return shownEpoch(new EpochSecrets(secretOf(epoch)));
  },

  'combiner/from-psk'({ psk, conversationId, initiator, responder }: Desks) {
    const root = rootOfPsk(secretOf(psk), conversationId, initiator, responder);
    const key = offerKey(secretOf(psk), conversationId, initiator, responder);
    return { root: shown(root), rootId: hexOf(rootId(root)), offerKey: shown(key) };
  },

  /** What is computed over the three messages of an agreement; here they may be any bytes. */
  'combiner/agreement'(said: {
    readonly epoch: Hex;
    readonly offer: Hex;
    readonly answerBody: Hex;
    readonly confirmBody: Hex;
    readonly initiatorNonce: Hex;
  }) {
    const secrets = new EpochSecrets(secretOf(said.epoch));
    const hash = agreementHashOf(bytesOf(said.offer), bytesOf(said.answerBody));
    const ofAnswer = answerMac(secrets, hash);
    const safety = safetyBytes(secrets, bytesOf(said.initiatorNonce));
    return {
      commitment: hexOf(commitmentTo(bytesOf(said.initiatorNonce))),
      offerId: hexOf(offerIdOf(bytesOf(said.offer))),
      agreementHash: hexOf(hash),
      answerMac: hexOf(ofAnswer),
      confirmMac: hexOf(confirmMac(secrets, hash, ofAnswer, bytesOf(said.confirmBody))),
      safety: hexOf(safety),
      phrase: phraseOf(safety),
    };
  },

  /** What the responder makes of an offer, before it fetches a key. */
  'combiner/offer'({ party, offer }: { readonly party: PartyInput; readonly offer: Hex }) {
    const { offerId, qkd, peer } = parseOffer(partyOf(party), bytesOf(offer));
    const { transcriptHash, roots, ...standing } = peer;
    const names = roots.map(({ number, id }) => ({ number, id: hexOf(id) }));
    return { offerId: hexOf(offerId), qkd, peer: { ...standing, transcriptHash: hexOf(transcriptHash), roots: names } };
  },
};
