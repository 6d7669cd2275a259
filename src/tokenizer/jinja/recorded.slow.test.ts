import { test } from 'node:test';
import { compareWithJinja2 } from '../../../test/jinja-templates.ts';

test('1,999 templates of every filter, test and method: what Jinja2 renders, or a failure', () =>
  compareWithJinja2(1));
