import { InvalidOptionError } from '../base/errors.ts';

/** What a person calls a model of the hub: `org/name`, `org/name@revision`, `org/name:file.gguf`, or all of it. */
export interface HubName {
  /** `org/name` */
  readonly repository: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** One .gguf file of the repository; absent for the model that its config.json describes. */
  readonly file?: string;
}

/** As the hub allows it: letters, digits, `.`, `_`, `-`; neither begins nor ends with `.` or `-`. */
const part = /^(?![.-])(?!.*(?:--|\.\.))[\w.-]{1,96}(?<![.-])$/;

/** A name as a model of the hub, or undefined where it can't be one: an absolute path, one that begins with a dot, … */
export function parseHubName(name: string): HubName | undefined {
  const found = /^([^@:/]+\/[^@:/]+)(?:@([^:]+))?(?::(.+))?$/.exec(name);
  if (!found) return undefined;
  const [, repository, revision = 'main', file] = found;
  if (!repository.split('/').every((word) => part.test(word))) return undefined;
  if (!isInnerPath(revision) || /[\s~^?*[]/.test(revision)) return undefined;
  if (file !== undefined && (!isInnerPath(file) || !/\.gguf$/i.test(file))) return undefined;
  return { repository, revision, ...(file !== undefined && { file }) };
}

/** The same, where nothing else will do. @throws InvalidOptionError */
export function requireHubName(name: string): HubName {
  const parsed = parseHubName(name);
  if (parsed) return parsed;
  throw new InvalidOptionError('model', 'must be org/name, org/name@revision or org/name:file.gguf', name);
}

/** As a person would write it. */
export function showHubName({ repository, revision, file }: HubName): string {
  return `${repository}${revision === 'main' ? '' : `@${revision}`}${file === undefined ? '' : `:${file}`}`;
}

/**
 * Whether a name from elsewhere stays inside the directory that it's joined to: parts between `/`, none of them empty,
 * `.` or `..`, nothing that a system or a terminal would take for something else.
 */
export function isInnerPath(name: string): boolean {
  // eslint-disable-next-line no-control-regex
  if (name.length > 512 || /[\u0000-\u001f\u007f\\:]/.test(name)) return false;
  return name.split('/').every((word) => word !== '' && word !== '.' && word !== '..');
}
