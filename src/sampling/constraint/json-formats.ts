const MONTHS_AND_DAYS =
  '(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))';
const DATE = `\\d{4}-${MONTHS_AND_DAYS}`;
const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?(?:Z|[+\\-](?:[01]\\d|2[0-3]):[0-5]\\d)';
const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const LABEL = '[a-z0-9](?:[a-z0-9\\-]{0,20}[a-z0-9])?';

/**
 * The formats of JSON Schema that are regular, as regular expressions. Their texts are valid, but not all valid texts are
 * theirs: no leap days and leap seconds, only plain addresses of lower-case letters.
 */
export const formats: Readonly<Record<string, string>> = {
  date: `^${DATE}$`,
  time: `^${TIME}$`,
  'date-time': `^${DATE}T${TIME}$`,
  uuid: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  ipv4: `^${BYTE}(?:\\.${BYTE}){3}$`,
  hostname: `^${LABEL}(?:\\.${LABEL}){0,3}$`,
  email: `^[a-z0-9_]{1,20}(?:[.+\\-][a-z0-9_]{1,20}){0,2}@${LABEL}(?:\\.${LABEL}){1,2}$`,
};
