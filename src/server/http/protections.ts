import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { HttpError } from './http-error.ts';
import type { Limits } from './limits.ts';

/** Who may ask. */
export interface Admission {
  /** The port that is listened on. */
  readonly port: number;
  /** Names in the Host header beside those of this machine itself. */
  readonly allowedHosts: readonly string[];
  /** Pages of other origins whose scripts may ask: `https://example.org`. */
  readonly allowedOrigins: readonly string[];
  /** SHA-256 of each key; none: whoever reaches the port may ask. */
  readonly keys: readonly Buffer[];
  /** SHA-256 of the studio's token, where there is a studio: the one key to its routes, and as good as any to the others. */
  readonly studioKey?: Buffer;
}

const ownNames = ['localhost', '127.0.0.1', '[::1]'];

/** The SHA-256 of a key: 32 bytes, whatever its length, so that keys can be compared in constant time. */
export const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();

/**
 * @param rawHeaders  names and values in turn
 * @throws HttpError 431  for more headers than are read: what is not read might have been refused; 400 for two Hosts
 */
export function checkHeaders(rawHeaders: readonly string[], { headers }: Pick<Limits, 'headers'>): void {
  if (rawHeaders.length > 2 * headers)
    throw new HttpError(431, `a request must have at most ${headers} headers`);
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length;
  if (hosts > 1) throw new HttpError(400, 'a request must have one Host');
}

/**
 * Against DNS rebinding: a page can make a browser ask this server under the page's own name. So only names that are known
 * are answered; an address is, where the request came in on it, since no name was looked up. No Host is right in HTTP/1.0,
 * which no browser speaks.
 *
 * @param client  the address of this end of the connection, and the version of HTTP that the other end speaks
 * @throws HttpError 400 or 403
 */
export function checkHost(
  host: string | undefined,
  admission: Admission,
  { localAddress, version }: { readonly localAddress?: string; readonly version?: string },
): void {
  if (host === undefined && version === '1.0') return;
  if (host === undefined) throw new HttpError(400, 'a request must have a Host');
  const { port } = admission;
  // names of hosts have no case
  const allowedHosts = admission.allowedHosts.map((allowed) => allowed.toLowerCase());
  const [, name, digits] =
    /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(\d{1,5}))?$/.exec(host?.toLowerCase() ?? '') ?? [];
  const known = name !== undefined && [...ownNames, ...allowedHosts].includes(name);
  const bare = name?.replace(/^\[|\]$/g, '') ?? '';
  const isOwnAddress = isIP(bare) !== 0 && bare === localAddress?.replace(/^::ffff:/, '');
  // behind a proxy the name that was allowed may come with any port
  const fits = Number(digits ?? 80) === port || allowedHosts.includes(name ?? '');
  if (!(known || isOwnAddress) || !fits)
    throw new HttpError(403, 'this Host is not served; --allowed-host NAME allows one', { code: 'host' });
}

/**
 * Against other pages in the same browser: what a script of another origin sends is refused, whether it could read the
 * answer or not. Programs send no Origin.
 *
 * @param isPage  whether a person may get here by a link
 * @returns       the origin that is allowed by name, if it is one
 * @throws HttpError 403
 */
export function checkOrigin(
  headers: { readonly host?: string; readonly origin?: string; readonly site?: string },
  { allowedOrigins }: Admission,
  isPage: boolean,
): string | undefined {
  const { host, origin, site } = headers;
  if (origin !== undefined) {
    if (allowedOrigins.some((allowed) => plainOrigin(allowed) === plainOrigin(origin))) return origin;
    if (origin === `http://${host}` || origin === `https://${host}`) return undefined;
    throw new HttpError(403, 'this Origin is not served; --allowed-origin ORIGIN allows one', {
      code: 'origin',
    });
  }
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isPage)
    throw new HttpError(403, 'requests of other sites are not served', { code: 'origin' });
  return undefined;
}

/** An origin as it is compared: hosts have no case, and a slash behind it says nothing. */
const plainOrigin = (origin: string): string => origin.toLowerCase().replace(/\/$/, '');

/**
 * @param authorization  the header; OpenAI's clients send `Bearer KEY`
 * @param isStudios      whether a route of the studio is asked for
 * @returns              who it is, for the queue; undefined where no key is needed
 * @throws HttpError 401  with the same body whatever is wrong
 */
export function checkKey(
  authorization: string | undefined,
  { keys, studioKey }: Admission,
  isStudios: boolean,
): string | undefined {
  const accepted = studioKey === undefined ? keys : isStudios ? [studioKey] : [...keys, studioKey];
  if (keys.length === 0 && !(isStudios && studioKey)) return undefined;
  const given = hashOf(/^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '');
  let who: Buffer | undefined;
  // every key is compared, and every comparison takes the same time
  for (const key of accepted) if (timingSafeEqual(key, given)) who = key;
  if (!who)
    throw new HttpError(
      401,
      isStudios && studioKey
        ? 'the token of the studio is needed; it is in the address that unmask studio printed'
        : 'a key is needed: Authorization: Bearer KEY',
      { code: 'invalid_api_key' },
    );
  return who.toString('base64url').slice(0, 8);
}
