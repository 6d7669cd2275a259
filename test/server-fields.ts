// The lists of fields in docs/server.md, made from the schemas that requests are checked by: `npm run docs:server` writes them.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { samplingSchema } from '../src/sampling/options.ts';
import { routes } from '../src/server/http/routes.ts';

const path = fileURLToPath(new URL('../../docs/server.md', import.meta.url));
const [begin, end] = ['<!-- fields: npm run docs:server writes them -->', '<!-- end of fields -->'];

/** Paths that other servers have, too, and what a body may hold there. */
const bodies = routes.flatMap((route) =>
  route.method !== 'GET' && !route.isStrict && route.access !== 'studio'
    ? [{ path: route.path, shape: route.body.shape as Readonly<Record<string, z.ZodType>> }]
    : [],
);

const isWithoutEffect = (field: z.ZodType): boolean => field.description === 'has no effect';

/** The fields of all paths that say something of themselves, options of sampling apart; and those without effect. */
function fieldLists(): string {
  const rows = new Map<string, { name: string; says: string; paths: string[] }>();
  const silent = new Set<string>();
  for (const { path: at, shape } of bodies) {
    for (const [name, field] of Object.entries(shape)) {
      if (isWithoutEffect(field)) silent.add(name);
      const says = field.description ?? '';
      if (says === '' || isWithoutEffect(field) || name in samplingSchema.shape) continue;
      const row = rows.get(`${name} ${says}`) ?? { name, says, paths: [] };
      row.paths.push(at);
      rows.set(`${name} ${says}`, row);
    }
  }
  const many = bodies.length / 3;
  const lines = [...rows.values()]
    .sort((a, b) => b.paths.length - a.paths.length || (a.name < b.name ? -1 : 1))
    .map(({ name, says, paths }) => {
      const where = paths.length > many ? 'most' : paths.map((one) => `\`${one}\``).join(', ');
      return `| \`${name}\` | ${says.replaceAll('|', '\\|')} | ${where} |`;
    });
  const names = [...silent].sort().map((name) => `\`${name}\``);
  return [
    '| field | what it says | at |',
    '| --- | --- | --- |',
    ...lines,
    '',
    `Without effect: ${names.join(', ')}.`,
  ].join('\n');
}

/** docs/server.md as it should be, its table not yet formatted. */
export function serverDocument(): { readonly found: string; readonly wanted: string } {
  const found = readFileSync(path, 'utf8');
  const [from, to] = [found.indexOf(begin) + begin.length, found.indexOf(end)];
  return { found, wanted: `${found.slice(0, from)}\n\n${fieldLists()}\n\n${found.slice(to)}` };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(path, serverDocument().wanted);
