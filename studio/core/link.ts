/** Where the studio is: a page, and what it was asked to begin with. The address's fragment has it, so no server sees it. */
export interface Place {
  readonly page: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** `#/write?{"prompt":…}`, percent-encoded; anything else is the page `first` with no settings. */
export function placeOf(fragment: string, first: string): Place {
  const [, page = first, query = ''] = /^#\/([a-z]*)(?:\?(.*))?$/s.exec(fragment) ?? [];
  return { page: page === '' ? first : page, settings: settingsOf(query) };
}

function settingsOf(query: string): Place['settings'] {
  try {
    const settings: unknown = JSON.parse(decodeURIComponent(query));
    return typeof settings === 'object' && settings !== null && !Array.isArray(settings)
      ? (settings as Place['settings'])
      : {};
  } catch {
    return {};
  }
}

export function fragmentOf({ page, settings }: Place): string {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  const query = given.length === 0 ? '' : `?${encodeURIComponent(JSON.stringify(Object.fromEntries(given)))}`;
  return `#/${page}${query}`;
}
