import { sep } from 'node:path';

/**
 * Leaves out of messages where on this machine something lies: a client may know the name of a file, not the way to it.
 *
 * @param places  directories
 */
export function placeHider(places: readonly string[]): (message: string) => string {
  const inner = [...new Set(places)].filter((place) => place.length > 1).sort((a, b) => b.length - a.length);
  return (message) => inner.reduce((text, place) => text.replaceAll(place + sep, ''), message);
}
