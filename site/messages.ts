/** Before the name of a run whose model is opened, where others have an address. */
export const keptPrefix = 'kept:';

/** What the page is told beside what becomes of jobs. */
export interface ToPage {
  readonly type: 'page';
  readonly device?: string;
  readonly note?: string;
  readonly progress?: { readonly name: string; readonly done: number; readonly total: number };
}
