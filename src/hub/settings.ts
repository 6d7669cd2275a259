import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { InvalidOptionError } from '../base/errors.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where models come from and where they are kept. */
export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** The directory that `models--org--name` are in. */
  readonly cache: string;
  readonly token?: string;
  readonly offline: boolean;
}

/**
 * The settings that every program of Hugging Face reads: HF_HOME, HF_HUB_CACHE, XDG_CACHE_HOME, HF_ENDPOINT, HF_TOKEN,
 * HF_TOKEN_PATH, HF_HUB_OFFLINE, with the older names of some.
 *
 * @throws InvalidOptionError  for an endpoint that is no address of a server, or a token that no header can carry
 */
export function hubSettings(env: Environment): HubSettings {
  const at = (path: string): string => resolve(path.replace(/^~(?=$|\/)/, env.HOME || homedir()));
  const caches = env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache');
  const home = at(env.HF_HOME || join(caches, 'huggingface'));
  const token = tokenOf(env, at(env.HF_TOKEN_PATH || join(home, 'token')));
  return {
    endpoint: endpointOf(env.HF_ENDPOINT || 'https://huggingface.co'),
    cache: at(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(home, 'hub')),
    ...(token && { token }),
    offline: isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE),
  };
}

function endpointOf(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash)
    throw new InvalidOptionError('HF_ENDPOINT', 'must be an address like https://huggingface.co', address);
  return url.href.replace(/\/+$/, '');
}

function tokenOf(env: Environment, path: string): string | undefined {
  const token = (env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN || fileText(path)).trim();
  // the token itself is in no message
  if (!/^[\x21-\x7e]*$/.test(token))
    throw new InvalidOptionError('HF_TOKEN', 'must be printable characters without spaces', 'others');
  return token || undefined;
}

function fileText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // without a token what is public can be had
  }
}

const isTrue = (value = ''): boolean => ['1', 'on', 'yes', 'true'].includes(value.toLowerCase());
