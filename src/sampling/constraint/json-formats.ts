const MONTHS_AND_DAYS =
  '(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))';
const LEAP_YEAR = '(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)';
const DATE = `(?:\\d{4}-${MONTHS_AND_DAYS}|${LEAP_YEAR}-02-29)`;
const HOURS = '(?:[01]\\d|2[0-3]):[0-5]\\d';
const SECONDS = `${HOURS}:[0-5]\\d(?:\\.\\d{1,9})?`;
const ZONE = `(?:Z|[+\\-]${HOURS})`;
const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const LABEL = '[a-z0-9]{1,20}(?:-[a-z0-9]{1,20})?';
const HOST = `${LABEL}(?:\\.${LABEL}){0,2}\\.[a-z]{2,10}`;
const PATH = '(?:/[A-Za-z0-9_.~\\-]*)*';
const URL = `https?://${HOST}(?::[1-9]\\d{1,3})?${PATH}`;
const EMAIL = `[a-z0-9_]{1,20}(?:[.+\\-][a-z0-9_]{1,20}){0,2}@${HOST}`;
const HOSTNAME = `${LABEL}(?:\\.${LABEL}){0,3}`;
const GROUP = '[0-9a-f]{1,4}';
const POINTER = '(?:/[A-Za-z0-9_\\-]*)*';
const DIGITS = '\\d{1,4}';

/**
 * The formats of JSON Schema that are regular, as regular expressions. Their texts are valid, but not all valid texts are
 * theirs: no leap seconds, only plain addresses of lower-case letters. A format that isn't among them is an annotation,
 * as the standard has it (JSON Schema 2020-12, Validation, 7.2.1).
 */
export const formats: Readonly<Record<string, string>> = {
  date: `^${DATE}$`,
  time: `^${SECONDS}${ZONE}$`,
  'iso-time': `^${SECONDS}${ZONE}$`,
  'date-time': `^${DATE}T${SECONDS}${ZONE}$`,
  'iso-date-time': `^${DATE}T${SECONDS}${ZONE}$`,
  duration: `^P(?:${DIGITS}W|(?=\\d|T\\d)(?:${DIGITS}Y)?(?:${DIGITS}M)?(?:${DIGITS}D)?(?:T(?=\\d)(?:${DIGITS}H)?(?:${DIGITS}M)?(?:${DIGITS}S)?)?)$`,
  uuid: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  ipv4: `^${BYTE}(?:\\.${BYTE}){3}$`,
  ipv6: `^(?:(?:${GROUP}:){7}${GROUP}|(?:${GROUP}:){1,6}:${GROUP}|::${GROUP})$`,
  hostname: `^${HOSTNAME}$`,
  'idn-hostname': `^${HOSTNAME}$`,
  email: `^${EMAIL}$`,
  'idn-email': `^${EMAIL}$`,
  uri: `^${URL}$`,
  url: `^${URL}$`,
  iri: `^${URL}$`,
  'uri-reference': `^(?:${URL}|${PATH})$`,
  'iri-reference': `^(?:${URL}|${PATH})$`,
  'uri-template': `^${URL}$`,
  'json-pointer': `^${POINTER}$`,
  'json-pointer-uri-fragment': `^#${POINTER}$`,
  'relative-json-pointer': `^(?:0|[1-9]\\d{0,3})(?:#|${POINTER})$`,
  regex: '^[A-Za-z0-9_ ]*$',
  byte: '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$',
};

/** The formats of numbers that say more than that: integers within bounds. */
export const integerFormats: Readonly<Record<string, readonly [least: number, most: number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};
