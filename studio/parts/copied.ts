/** Puts a text on the clipboard. Returns whether it is there: a browser may refuse, or have none outside of https. */
export async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
