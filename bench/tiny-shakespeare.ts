// Trains on Tiny Shakespeare with the recipe of an independent implementation and compares the nats a character on the
// last tenth. Each row is one `unmask train`; a row that was stopped goes on where it was.
//
//     npm run bench:shakespeare                 every row
//     npm run bench:shakespeare -- causal       rows whose name contains a word

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What the rows share: 0.8M parameters, windows of 64 characters, cosine from 1e-3 to 1e-4. */
const recipe = `
  --data recipes/tinyshakespeare.txt.gz --tokenizer characters --packing stream
  --layers 4 --width 128 --heads 4 --hidden 344 --length 64 --init gpt2
  --learning-rate 1e-3 --minimum-rate 1e-4 --warmup 100 --schedule cosine --times low-discrepancy
  --beta2 0.99 --weight-decay 0.1 --clip 1 --random-length-share 0
  --validation-share 0.1 --validation-every 1000 --sample-every 1000
`;

/** `reference` is what the independent implementation reached, in nats a character. */
const rows = [
  {
    name: 'masked diffusion, short',
    objective: 'masked-diffusion',
    batch: 12,
    steps: 2000,
    reference: 2.389,
  },
  { name: 'causal', objective: 'autoregressive', batch: 12, steps: 2000, reference: 1.72 },
  { name: 'blocks of 4', objective: 'block-diffusion', block: 4, batch: 12, steps: 2000, reference: 2.226 },
  { name: 'blocks of 16', objective: 'block-diffusion', block: 16, batch: 12, steps: 2000, reference: 2.321 },
  { name: 'masked diffusion, long', objective: 'masked-diffusion', batch: 32, steps: 6000, reference: 2.025 },
];

const [wanted = '', ...more] = process.argv.slice(2);
const chosen = rows.filter(({ name }) => name.includes(wanted));
if (chosen.length === 0)
  throw new Error(`no row is named ${wanted}; there are ${rows.map(({ name }) => name).join('; ')}`);

const results = chosen.map(({ name, objective, block, batch, steps, reference }) => {
  const out = join(
    'runs',
    `shakespeare-${block === undefined ? objective : `block-${block}`}-${batch}-${steps}`,
  );
  process.stderr.write(`\n${name}\n`);
  const options = [
    '--objective',
    objective,
    // a draw masks in every block, so that few of them say as much as many of the whole window
    ...(block === undefined
      ? ['--validation-draws', '16']
      : ['--validation-draws', '4', '--block', `${block}`]),
    '--batch',
    `${batch}`,
    '--steps',
    `${steps}`,
    '--out',
    out,
    ...more,
  ];
  execFileSync(
    process.execPath,
    [join(root, 'dist/src/cli/main.js'), 'train', ...recipe.trim().split(/\s+/), ...options],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const { validation } = JSON.parse(readFileSync(join(root, out, 'model/training.json'), 'utf8'));
  return { name, batch, steps, ...validation, reference };
});

console.log('| Tiny Shakespeare, characters | batch × steps | nats a character | reference | difference |');
console.log('|---|---|---|---|---|');
for (const { name, batch, steps, natsPerToken, standardError, reference } of results) {
  const difference = natsPerToken - reference;
  console.log(
    `| ${name} | ${batch} × ${steps} | ${natsPerToken.toFixed(3)} ± ${standardError.toFixed(3)} | ${reference.toFixed(3)} | ${difference < 0 ? '' : '+'}${difference.toFixed(3)} |`,
  );
}
