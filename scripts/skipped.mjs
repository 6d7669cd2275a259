// A reporter of Node's test runner: at the end, the tests that were skipped, and why.
export default async function* skipped(events) {
  const lines = [];
  for await (const { type, data } of events)
    if ((type === 'test:pass' || type === 'test:fail') && data.skip !== undefined)
      lines.push(`skipped: ${data.name}\n         ${data.skip === true ? 'no reason given' : data.skip}\n`);
  yield* lines;
}
