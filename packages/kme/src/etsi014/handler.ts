import { type SecretPart, secretJson } from '../secret-json.ts';
import { type DeliveredKey, KeyRefusal, type KeyService, type PairStock, type RouteDemand } from '../service.ts';
import { type Limits, readKeyIds, readKeyRequest } from './request.ts';
import {
  badRequest,
  type KmeRequest,
  type KmeResponse,
  notFound,
  ok,
  okBytes,
  Refusal,
  TEXT,
  unauthorized,
  unavailable,
  wrongMethod,
} from './response.ts';

/**
 * ETSI GS QKD 014 V1.1.1 as a language in which the core is asked. Never rejects. A response with keys is given once; when
 * the caller loses it, its keys are gone [1]. Numbers in brackets are those of the decisions in PROTOCOL.md.
 */
export async function answer014(
  request: KmeRequest,
  options: { readonly keys: KeyService; readonly limits: Limits; readonly isLocal: (saeId: string) => boolean },
): Promise<KmeResponse> {
  try {
    return await route(request, options.keys, options.limits, options.isLocal);
  } catch (error) {
    if (error instanceof Refusal) return error.response;
    if (error instanceof KeyRefusal) return answerFor(error).response;
    return unavailable('the key manager has failed').response;
  }
}

/** Order of checks [11]: SAE, resource, pair, syntax, schema, limits, extensions, availability. */
async function route(
  request: KmeRequest,
  keys: KeyService,
  limits: Limits,
  isLocal: (saeId: string) => boolean,
): Promise<KmeResponse> {
  const caller = request.saeId;
  if (caller === null || !isLocal(caller)) throw unauthorized();
  const [, encodedId, resource] = /^\/api\/v1\/keys\/([^/]+)\/(status|enc_keys|dec_keys)$/.exec(request.path) ?? [];
  if (encodedId === undefined) throw notFound();
  const allowed = resource === 'status' ? ['GET'] : ['GET', 'POST'];
  if (!allowed.includes(request.method)) throw wrongMethod(allowed);
  const other = decodeSaeId(encodedId);
  keys.mayShare(caller, other);
  if (resource === 'status') return status(await keys.stock(caller, other, limits.keySize / 8), caller, other, limits);
  if (resource === 'enc_keys') return getKeys(request, keys, limits, caller, other);
  const keyIds = readKeyIds(request, limits);
  return container(await keys.getKeysWithIds({ caller, master: other, keyIds }), undefined);
}

/** Get status, clause 5.1. A link that is down or empty, or an alarm, is a status and not an error [26, 27]. */
function status(stock: PairStock, caller: string, slave: string, limits: Limits): KmeResponse {
  const { alarms, forecast } = stock;
  const extension = {
    ...(alarms.length > 0 && {
      skykey_state: 'alarm',
      skykey_links: alarms.map(({ link, reason }) => ({ skykey_link: link, skykey_reason: reason })),
    }),
    ...(forecast && {
      skykey_forecast: {
        skykey_ready_at: new Date(forecast.readyAtMs).toISOString(),
        skykey_bits: { p05: forecast.bits[0], p50: forecast.bits[1], p95: forecast.bits[2] },
      },
    }),
  };
  return ok({
    source_KME_ID: stock.sourceKmeId,
    target_KME_ID: stock.targetKmeId,
    master_SAE_ID: caller,
    slave_SAE_ID: slave,
    key_size: limits.keySize,
    stored_key_count: Math.min(stock.keysOf(limits.keySize / 8), limits.maxKeyCount),
    max_key_count: limits.maxKeyCount,
    max_key_per_request: limits.maxKeyPerRequest,
    max_key_size: limits.maxKeySize,
    min_key_size: limits.minKeySize,
    max_SAE_ID_count: limits.maxSaeIdCount,
    ...(Object.keys(extension).length > 0 && { status_extension: extension }),
  });
}

/** Get key, clause 5.2. All keys asked for or none [2]. */
async function getKeys(
  request: KmeRequest,
  keys: KeyService,
  limits: Limits,
  master: string,
  slave: string,
): Promise<KmeResponse> {
  const { number, size, additionalSlaves, mandatory, preferred } = readKeyRequest(request, limits);
  const common = { master, slaves: [slave, ...additionalSlaves], count: number, bytes: size / 8 };
  const ask = (demand: RouteDemand | undefined): Promise<DeliveredKey[]> =>
    keys.getKeys(demand ? { ...common, demand } : common);
  if (!preferred) return container(await ask(mandatory), mandatory);
  try {
    return container(await ask(preferred), preferred);
  } catch (error) {
    // What is only wished for may be passed over: then the keys come as they can.
    if (!(error instanceof KeyRefusal && (error.code === 'demand' || error.code === 'short'))) throw error;
    return container(await ask(mandatory), preferred);
  }
}

/**
 * Key container, clause 6.3: member `keys` as in the examples of the standard, padded base64. How a key came is told only
 * to those who asked about it [30].
 */
function container(keys: readonly DeliveredKey[], demand: RouteDemand | undefined): KmeResponse {
  const parts: SecretPart[] = ['{"keys":['];
  keys.forEach(({ keyId, key, labels }, i) => {
    const hops = Math.max(0, ...labels.routes.map((route) => route.length - 2));
    const extension = {
      skykey_route_type: hops > 0 ? 'relayed' : 'direct',
      skykey_hops: hops,
      skykey_paths: labels.routes.length,
    };
    const told = demand === undefined ? '' : `,"key_extension":${JSON.stringify(extension)}`;
    parts.push(`${i ? ',' : ''}{"key_ID":"${keyId}","key":"`, { base64: key }, `"${told}}`);
  });
  const body = secretJson([...parts, ']}']);
  for (const { key } of keys) key.wipe();
  return okBytes(body);
}

/** How a refusal of the core is said in this standard: 400, 401 and 503 are all there is. */
function answerFor({ code, message, retryAfterS }: KeyRefusal): Refusal {
  switch (code) {
    case 'unauthorized':
      return unauthorized();
    case 'unknown-sae':
    case 'argument':
      return badRequest(message);
    case 'not-found':
      return badRequest(TEXT.notFound);
    case 'demand':
      return badRequest(TEXT.unmetMandatory, [{ skykey_reason: message }]);
    default:
      return unavailable(message, retryAfterS);
  }
}

function decodeSaeId(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw badRequest('the SAE ID of the path is not correctly percent-encoded');
  }
}
