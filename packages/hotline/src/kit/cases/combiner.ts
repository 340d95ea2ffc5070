import { beginAgreement } from '../../secret/agreement.ts';
import { bytesOf, hexOf, secretOf } from '../hex.ts';
import { type CombinerInput, type PartyInput, partyOf } from '../operations/combiner.ts';
import { type Case, type Promised, seeded, seededUuid, vector } from '../vector.ts';
import { put } from './text.ts';

const SUITE = 'mlkem1024-x25519-hkdfsha512-aes256gcm';
const ZEROS = '00*32';

/** Every input and every part of the context is there. Long public values are made of one byte each, to be short here. */
const WHOLE: CombinerInput = {
  root: seeded('root'),
  inputs: { kem: seeded('kem'), ecdh: seeded('ecdh'), psk: seeded('psk'), qkd: [seeded('qkd 1'), seeded('qkd 2', 64)] },
  context: {
    suite: SUITE,
    suites: { initiator: [SUITE, 'older'], responder: [SUITE] },
    desks: { initiator: 'beijing', responder: 'moscow' },
    conversationId: seededUuid('conversation'),
    number: 8,
    kem: { publicKey: '5a*1568', ciphertext: 'a5*1568' },
    ecdh: { initiator: seeded('point 1'), responder: seeded('point 2') },
    qkd: [
      { keyId: seededUuid('key 1'), provenance: 'direct' },
      { keyId: seededUuid('key 2'), provenance: 'via micius' },
    ],
    policyHash: seeded('policy'),
    transcripts: { initiator: ZEROS, responder: seeded('transcript') },
    agreementHash: seeded('agreement', 64),
    removed: [],
  },
};

const CONSENT = seeded('consent');

function inputs(change: Partial<CombinerInput['inputs']>): CombinerInput {
  return { ...WHOLE, inputs: { ...WHOLE.inputs, ...change } };
}

function context(change: Partial<CombinerInput['context']>): CombinerInput {
  return { ...WHOLE, context: { ...WHOLE.context, ...change } };
}

const WITHOUT_QKD: CombinerInput = {
  ...inputs({ qkd: null }),
  context: { ...WHOLE.context, qkd: [], removed: [{ input: 'qkd', consentHash: CONSENT }] },
};

function gives(name: string, what: string, input: CombinerInput): Case {
  return vector('combiner/derive', name, what, input);
}

function refuses(name: string, what: string, input: CombinerInput, code: Promised = 'hotline/bad-argument'): Case {
  return vector('combiner/derive', name, what, input, code);
}

function changedInputs(): readonly Case[] {
  const { qkd } = WHOLE.inputs;
  const { kem, ecdh, transcripts } = WHOLE.context;
  const [first, second] = WHOLE.context.qkd;
  return [
    gives('whole', 'every input', WHOLE),
    gives('other-root', 'another root before', { ...WHOLE, root: seeded('another root') }),
    gives('other-kem', 'another secret of ML-KEM', inputs({ kem: seeded('another kem') })),
    gives('other-ecdh', 'another secret of X25519', inputs({ ecdh: seeded('another ecdh') })),
    gives('other-psk', 'another couriered secret', inputs({ psk: seeded('another psk') })),
    gives('longer-psk', 'a couriered secret of 64 bytes', inputs({ psk: seeded('psk', 64) })),
    gives('other-qkd', 'another first QKD key', inputs({ qkd: [seeded('another qkd'), qkd![1]!] })),
    gives(
      'swapped-qkd',
      'the QKD keys in the other order, their names as before',
      inputs({ qkd: [qkd![1]!, qkd![0]!] }),
    ),
    gives(
      'other-suite-list',
      'the initiator has one suite fewer',
      context({ suites: { initiator: [SUITE], responder: [SUITE] } }),
    ),
    gives('other-conversation', 'another conversation', context({ conversationId: seededUuid('another') })),
    gives('other-number', 'another number', context({ number: 9 })),
    gives(
      'other-roles',
      'roles the other way round',
      context({ desks: { initiator: 'moscow', responder: 'beijing' } }),
    ),
    gives('other-public-key', 'another ML-KEM public key', context({ kem: { ...kem!, publicKey: '5b*1568' } })),
    gives('other-ciphertext', 'another ML-KEM ciphertext', context({ kem: { ...kem!, ciphertext: 'a4*1568' } })),
    gives(
      'other-point-1',
      'another point of the initiator',
      context({ ecdh: { ...ecdh!, initiator: seeded('point 3') } }),
    ),
    gives(
      'other-point-2',
      'another point of the responder',
      context({ ecdh: { ...ecdh!, responder: seeded('point 3') } }),
    ),
    gives(
      'other-key-id',
      'a QKD key under another id',
      context({ qkd: [{ ...first!, keyId: seededUuid('key 3') }, second!] }),
    ),
    gives('swapped-key-ids', 'the names of the QKD keys in the other order', context({ qkd: [second!, first!] })),
    gives(
      'other-provenance',
      'a QKD key from elsewhere',
      context({ qkd: [{ ...first!, provenance: 'via micius' }, second!] }),
    ),
    gives('other-policy', 'another policy', context({ policyHash: seeded('another policy') })),
    gives(
      'other-transcript-1',
      'another transcript of the initiator',
      context({ transcripts: { ...transcripts, initiator: seeded('x') } }),
    ),
    gives(
      'other-transcript-2',
      'another transcript of the responder',
      context({ transcripts: { ...transcripts, responder: ZEROS } }),
    ),
    gives('other-agreement', 'other words in the agreement', context({ agreementHash: seeded('other agreement', 64) })),
    gives('without-qkd', 'without QKD key, by consent', WITHOUT_QKD),
    gives('without-qkd-other-consent', 'by another consent', {
      ...WITHOUT_QKD,
      context: { ...WITHOUT_QKD.context, removed: [{ input: 'qkd', consentHash: seeded('another consent') }] },
    }),
    gives('psk-alone', 'nothing but the couriered secret', {
      ...WHOLE,
      inputs: { kem: null, ecdh: null, psk: seeded('psk'), qkd: null },
      context: {
        ...WHOLE.context,
        ...{ kem: null, ecdh: null, qkd: [] },
        removed: (['kem', 'ecdh', 'qkd'] as const).map((input) => ({ input, consentHash: CONSENT })),
      },
    }),
  ];
}

function refusedInputs(): readonly Case[] {
  const { qkd } = WHOLE.inputs;
  const [first, second] = WHOLE.context.qkd;
  return [
    refuses('zero-root', 'a root of zeros', { ...WHOLE, root: ZEROS }),
    refuses('short-root', 'a root of 31 bytes', { ...WHOLE, root: seeded('root', 31) }),
    refuses('zero-kem', 'a secret of ML-KEM of zeros', inputs({ kem: ZEROS })),
    refuses('zero-ecdh', 'a secret of X25519 of zeros', inputs({ ecdh: ZEROS })),
    refuses('zero-psk', 'a couriered secret of zeros', inputs({ psk: ZEROS })),
    refuses('zero-qkd', 'a QKD key of zeros', inputs({ qkd: [ZEROS, qkd![1]!] })),
    refuses('empty-kem', 'an empty secret is not an absent one', inputs({ kem: '' })),
    refuses('empty-qkd-list', 'an empty list is not an absent one', {
      ...inputs({ qkd: [] }),
      context: { ...WHOLE.context, qkd: [] },
    }),
    refuses('short-psk', 'a couriered secret of 31 bytes', inputs({ psk: seeded('psk', 31) })),
    refuses('short-qkd', 'a QKD key of 31 bytes', inputs({ qkd: [seeded('qkd 1', 31), qkd![1]!] })),
    refuses('absent-qkd', 'no QKD key and no consent', {
      ...inputs({ qkd: null }),
      context: { ...WHOLE.context, qkd: [] },
    }),
    refuses(
      'removed-but-there',
      'removed by consent and there',
      context({ removed: [{ input: 'psk', consentHash: CONSENT }] }),
    ),
    refuses('zero-consent', 'a consent of zeros', {
      ...WITHOUT_QKD,
      context: { ...WITHOUT_QKD.context, removed: [{ input: 'qkd', consentHash: ZEROS }] },
    }),
    refuses('name-missing', 'two QKD keys and one name', context({ qkd: [first!] })),
    refuses('name-twice', 'two QKD keys under one id', context({ qkd: [first!, { ...second!, keyId: first!.keyId }] })),
    refuses('zero-policy', 'a policy hash of zeros', context({ policyHash: ZEROS })),
    refuses('number-zero', 'an epoch of number 0', context({ number: 0 })),
    refuses('one-desk', 'a desk with itself', context({ desks: { initiator: 'moscow', responder: 'moscow' } })),
    refuses('suite-not-listed', 'a suite that one desk does not accept', context({ suite: 'older' })),
  ];
}

/** The responder of `offerOf`. */
const RESPONDER: PartyInput = {
  ...{ ownId: 'moscow', peerId: 'beijing', conversationId: seededUuid('conversation'), psk: seeded('psk') },
  ...{ suites: { own: [SUITE], peer: [SUITE, 'older'] }, policyHash: seeded('policy'), consentWithoutQkd: CONSENT },
};

/** An offer to RESPONDER with so many QKD keys; its public keys grow from seeds. */
function offerOf(keys: number): string {
  const party = partyOf({
    ...RESPONDER,
    ...{ ownId: 'beijing', peerId: 'moscow', suites: { own: [SUITE, 'older'], peer: [SUITE] } },
  });
  const qkd = Array.from({ length: keys }, (_, i) => ({
    ...{ keyId: seededUuid(`key ${i}`), provenance: 'direct', key: secretOf(seeded(`qkd ${i}`)) },
  }));
  let drawn = 0;
  const { offer, pending } = beginAgreement(party, qkd, (count) => bytesOf(seeded(`offer ${drawn++}`, count)));
  pending.wipe();
  return hexOf(offer);
}

function offers(): readonly Case[] {
  const good = offerOf(2);
  const parses = (
    name: string,
    what: string,
    offer: string,
    change: Partial<PartyInput>,
    promised: Promised = 'succeeds',
  ) => vector('combiner/offer', `offer-${name}`, what, { party: { ...RESPONDER, ...change }, offer }, promised);
  const policyAt = 7 + 16 + 8 + 7 + 32 + (1 + 38 + 6) + (1 + 38);
  return [
    parses('read', 'an offer with two QKD keys', good, {}),
    parses('without-qkd', 'an offer without, by consent', offerOf(0), {}),
    parses('step', 'an answer in its place', put(good, 6, '02'), {}, 'hotline/malformed'),
    parses('longer', 'a byte at the end', `${good}00`, {}, 'hotline/malformed'),
    parses('cut', 'the last byte is missing', good.slice(0, -2), {}, 'hotline/malformed'),
    parses(
      'mac',
      'one bit of the MAC',
      put(good, good.length / 2 - 1, good.endsWith('00') ? '01' : '00'),
      {},
      'hotline/forged',
    ),
    parses('altered-policy', 'the policy hash was altered on the way', put(good, policyAt, '00'), {}, 'hotline/forged'),
    parses(
      'other-psk',
      'from somebody with another couriered secret',
      good,
      { psk: seeded('another psk') },
      'hotline/forged',
    ),
    parses(
      'other-conversation',
      'in another conversation',
      good,
      { conversationId: seededUuid('x') },
      'hotline/not-for-us',
    ),
    parses(
      'reflected',
      'our own offer thrown back',
      good,
      { ownId: 'beijing', peerId: 'moscow' },
      'hotline/not-for-us',
    ),
    parses('other-policy', 'the sites have other policies', good, { policyHash: seeded('x') }, 'hotline/policy'),
    parses(
      'shorter-list',
      'a list of suites was shortened here',
      good,
      { suites: { own: [SUITE], peer: [SUITE] } },
      'hotline/policy',
    ),
    parses(
      'other-consent',
      'without QKD key, by another consent',
      offerOf(0),
      { consentWithoutQkd: seeded('x') },
      'hotline/policy',
    ),
    parses(
      'no-consent',
      'without QKD key, and nobody here consented',
      offerOf(0),
      { consentWithoutQkd: null },
      'hotline/policy',
    ),
  ];
}

export function combinerCases(): readonly Case[] {
  const said = {
    epoch: seeded('epoch', 64),
    offer: seeded('offer', 200),
    answerBody: seeded('answer', 150),
    confirmBody: seeded('confirm', 87),
    initiatorNonce: seeded('nonce'),
  };
  const desks = {
    psk: seeded('psk'),
    conversationId: seededUuid('conversation'),
    initiator: 'beijing',
    responder: 'moscow',
  };
  return [
    ...changedInputs(),
    ...refusedInputs(),
    ...offers(),
    vector('combiner/epoch', 'epoch', 'every secret of an epoch', { epoch: said.epoch }),
    vector('combiner/from-psk', 'from-psk', 'what the couriered secret gives', desks),
    vector('combiner/from-psk', 'from-psk-roles', 'with the roles the other way round', {
      ...desks,
      initiator: 'moscow',
      responder: 'beijing',
    }),
    vector('combiner/agreement', 'agreement', 'ids, MACs and safety phrase of an agreement', said),
    vector('combiner/agreement', 'agreement-other-answer', 'one word of the answer is another', {
      ...said,
      answerBody: seeded('another answer', 150),
    }),
    vector('combiner/agreement', 'agreement-other-nonce', 'another nonce of the initiator', {
      ...said,
      initiatorNonce: seeded('another nonce'),
    }),
  ];
}
