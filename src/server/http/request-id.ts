/** By which a request is found in the logs of all that it went through. */
export interface RequestTrace {
  /** The X-Request-Id that a balancer or client gave it, or one of our own. */
  readonly request: string;
  /** The trace of W3C's traceparent, where there is one. */
  readonly trace?: string;
}

/**
 * Reads what names a request. What isn't well-formed is not passed on: it would go into logs.
 *
 * @param newId  for one that has no name
 */
export function traceOf(header: (name: string) => string | undefined, newId: () => string): RequestTrace {
  const given = header('x-request-id') ?? '';
  const [, trace] =
    /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/.exec(header('traceparent') ?? '') ?? [];
  return {
    request: /^[\w.:+/=-]{1,128}$/.test(given) ? given : newId(),
    ...(trace !== undefined && !/^0+$/.test(trace) && { trace }),
  };
}
