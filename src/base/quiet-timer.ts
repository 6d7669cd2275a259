/** A timer that keeps no program alive, where timers do that: not in a page. */
export const quietTimer = (work: () => void, ms: number): ReturnType<typeof setTimeout> =>
  quiet(setTimeout(work, ms));

/** The same of one that was started. */
export function quiet(timer: ReturnType<typeof setTimeout>): ReturnType<typeof setTimeout> {
  if (typeof timer === 'object') timer.unref();
  return timer;
}
