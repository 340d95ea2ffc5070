import type { SecretBytes } from '@skykey/bits';
import type { JournalEntry, Vault } from '@skykey/vault';
import type { Alarms } from './alarm.ts';
import { KmeError } from './error.ts';
import type { PeerMessage } from './message.ts';
import { PADS_KEPT, type Peer } from './peer.ts';
import type { Registry } from './registry.ts';
import { type Limits, MAX_SAE_ID_COUNT, readKeyIds, readKeyRequest } from './request.ts';
import {
  badRequest,
  type KmeRequest,
  type KmeResponse,
  notFound,
  ok,
  Refusal,
  TEXT,
  unauthorized,
  unavailable,
  wrongMethod,
} from './response.ts';

export interface DeliveryOptions {
  readonly kmeId: string;
  readonly vault: Vault;
  readonly limits: Limits;
  readonly registry: Registry;
  readonly peer: Peer;
  readonly alarms: Alarms;
  /** The vault's lane that keys for this site's applications come from. */
  readonly lane: string;
  readonly uuid: () => string;
  readonly note: (severity: JournalEntry['severity'], text: string) => void;
}

/**
 * ETSI GS QKD 014 V1.1.1 (2019-02) towards applications: Get status, Get key, Get key with key IDs. Numbers in brackets
 * are decisions on what the standard leaves open: packages/kme/PROTOCOL.md, section 6, lists them.
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #vault: Vault;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#vault = options.vault;
  }

  /** See Kme.handle. */
  async handle(request: KmeRequest): Promise<KmeResponse> {
    try {
      return await this.#route(request);
    } catch (error) {
      return (error instanceof Refusal ? error : this.#unavailable(error)).response;
    }
  }

  /** Order of checks [11]: SAE, resource, pair, syntax, schema, limits, extensions, availability. */
  async #route(request: KmeRequest): Promise<KmeResponse> {
    const { registry } = this.#options;
    const caller = request.saeId;
    if (caller === null || !registry.isLocal(caller)) throw unauthorized();
    const [, encodedId, resource] = /^\/api\/v1\/keys\/([^/]+)\/(status|enc_keys|dec_keys)$/.exec(request.path) ?? [];
    if (encodedId === undefined) throw notFound();
    const allowed = resource === 'status' ? ['GET'] : ['GET', 'POST'];
    if (!allowed.includes(request.method)) throw wrongMethod(allowed);
    const other = decodeSaeId(encodedId);
    if (!registry.isKnown(other)) throw badRequest('the SAE ID of the path is not known in this network');
    if (!registry.mayShare(caller, other)) throw unauthorized();
    if (resource === 'status') return this.#status(caller, other);
    if (resource === 'enc_keys') return await this.#getKeys(request, caller, other);
    return this.#getKeysWithIds(request, caller, other);
  }

  /** Get status, clause 5.1. A link that is down or empty, or an alarm, is a status and not an error [26, 27]. */
  #status(caller: string, slave: string): KmeResponse {
    const { alarms, limits, registry, kmeId } = this.#options;
    const raised = alarms.list();
    return ok({
      source_KME_ID: kmeId,
      target_KME_ID: registry.kmeOf(slave)!,
      master_SAE_ID: caller,
      slave_SAE_ID: slave,
      key_size: limits.keySize,
      stored_key_count: Math.min(this.#deliverable(), limits.maxKeyCount),
      max_key_count: limits.maxKeyCount,
      max_key_per_request: limits.maxKeyPerRequest,
      max_key_size: limits.maxKeySize,
      min_key_size: limits.minKeySize,
      max_SAE_ID_count: MAX_SAE_ID_COUNT,
      ...(raised.length > 0 && {
        status_extension: {
          skykey_state: 'alarm',
          skykey_links: raised.map(({ link, reason }) => ({ skykey_link: link, skykey_reason: reason })),
        },
      }),
    });
  }

  /** Keys of the default size that the next requests can have [25]. Without a pad to assign them there are none. */
  #deliverable(): number {
    const { alarms, peer, lane, limits } = this.#options;
    if (alarms.list().length > 0 || peer.padsLeft() <= PADS_KEPT) return 0;
    return this.#vault.fits(lane, limits.keySize / 8);
  }

  /** Get key, clause 5.2. All keys asked for or none [2]. */
  async #getKeys(request: KmeRequest, caller: string, slave: string): Promise<KmeResponse> {
    const { limits, lane, peer, uuid } = this.#options;
    const { number, size } = readKeyRequest(request, limits);
    const keyIds = Array.from({ length: number }, () => uuid().toLowerCase());
    let reserved = false;
    try {
      const reserve = (): PeerMessage => {
        this.#checkNoAlarm();
        const wanted = { lane, bytes: size / 8, keyIds, masterSae: caller, slaveSae: slave };
        const keys = this.#vault.keys.reserve(wanted).map(({ keyId, offset }) => ({ keyId, offset }));
        reserved = true;
        return { kind: 'assign', batch: { ...wanted, keys } };
      };
      const secrets = await peer.request(reserve, PADS_KEPT, (answer) => {
        if (!answer.accepted) throw new KmeError('kme/unreachable', `the peer refused the keys: ${answer.reason}`);
        this.#checkNoAlarm();
        this.#vault.keys.assign(keyIds);
        return this.#vault.keys.deliver(keyIds);
      });
      return container(keyIds, secrets);
    } catch (error) {
      // Nobody can know what the peer has taken in: burned here, and the next flush has the peer burn them, too [35].
      if (reserved) this.#vault.keys.void(keyIds);
      throw this.#unavailable(error);
    }
  }

  /** Get key with key IDs, clause 5.3. All or nothing, in the order asked [24]. */
  #getKeysWithIds(request: KmeRequest, caller: string, master: string): KmeResponse {
    const keyIds = readKeyIds(request, this.#options.limits);
    const records = keyIds.map((keyId) => this.#vault.keys.find(keyId));
    // The standard demands 401 if the caller was not named in every Get key call that made any of the keys: this tells
    // that a key exists, and is meant to [12].
    if (records.some((record) => record && record.slaveSae !== caller)) throw unauthorized();
    const there = records.every((record) => record?.state === 'ASSIGNED' && record.masterSae === master);
    if (!there) throw badRequest(TEXT.notFound);
    this.#checkNoAlarm();
    return container(keyIds, this.#vault.keys.deliver(keyIds));
  }

  #checkNoAlarm(): void {
    const [alarm] = this.#options.alarms.list();
    if (alarm) throw new KmeError('kme/alarm', `the link ${alarm.link} is under alarm: ${alarm.reason}`);
  }

  /** What the application is told. What it cannot help and need not know stands in the journal. */
  #unavailable(error: unknown): Refusal {
    const code = (error as { code?: string }).code ?? '';
    if (code === 'vault/short') return unavailable('not enough keys are available');
    if (error instanceof KmeError) return unavailable(error.message);
    this.#options.note('alarm', `a key request failed: ${error instanceof Error ? error.message : String(error)}`);
    return unavailable('the key store is not available');
  }
}

/** Key container, clause 6.3: member `keys` as in the examples of the standard, padded base64. */
function container(keyIds: readonly string[], secrets: readonly SecretBytes[]): KmeResponse {
  const keys = secrets.map((secret, i) => {
    const key = secret.open((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64'));
    secret.wipe();
    return { key_ID: keyIds[i]!, key };
  });
  return ok({ keys });
}

function decodeSaeId(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw badRequest('the SAE ID of the path is not correctly percent-encoded');
  }
}
