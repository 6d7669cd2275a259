/** A name of several parts as the path of an address: `org/name`, each part escaped. */
export const urlPath = (name: string): string => name.split('/').map(encodeURIComponent).join('/');
