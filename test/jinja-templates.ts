import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { goldenFile } from './reference.ts';
import { compileTemplate } from '../src/tokenizer/jinja/template.ts';

interface Recorded {
  readonly context: Readonly<Record<string, unknown>>;
  readonly cases: readonly {
    readonly template: string;
    /** The filter, test, method, or what else it is about. */
    readonly group: string;
    readonly text?: string;
    /** What Python raised. */
    readonly error?: string;
  }[];
}

/** Renders every so many of the recorded templates, which use every filter, test and method, as Jinja2 did or fails where it failed. */
export function compareWithJinja2(step: number): void {
  const { context, cases } = JSON.parse(readFileSync(goldenFile('templates/jinja.json'), 'utf8')) as Recorded;
  for (const kind of ['filter', 'test', 'method'])
    assert.ok(
      new Set(cases.filter(({ group }) => group.startsWith(kind)).map(({ group }) => group)).size > 30,
    );
  const refused: string[] = [];
  for (const { template, text, error } of cases.filter((_, i) => i % step === 0)) {
    const outcome = compileTemplate(template)(context, new Date(2026, 2, 5));
    if (text === undefined) {
      // Python can't look up the name of a filter that is a list or a dict; here there is none of that name
      if (outcome.kind === 'text') assert.match(template, /is (?:not )?(?:filter|test) }}$/, error);
    } else if (outcome.kind === 'text') assert.equal(outcome.text, text, template);
    else refused.push(`${template} ${outcome.reason}`);
  }
  // a part of a constant that has no parts, which Jinja2 computes when it compiles, and takes for undefined
  const isConstantPart = (one: string): boolean =>
    /\[[\d:-]+\] }} TypeError: .* object is not subscriptable/.test(one);
  assert.deepEqual(
    refused.filter((one) => !isConstantPart(one)),
    [],
  );
}
