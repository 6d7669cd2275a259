import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { isInside } from '../../base/is-inside.ts';
import { hubSettings } from '../../hub/settings.ts';
import type { StartProgram } from '../../server/studio/tasks.ts';
import type { Command, Io } from '../command.ts';
import { runServer, serveOptions } from './serve.ts';

// an adapter belongs to one model, and the studio may load others
const options = serveOptions.omit({ adapter: true }).extend({
  runs: z
    .string()
    .min(1)
    .default('runs')
    .meta({ placeholder: 'directory' })
    .describe('the runs that are shown, and where new ones go'),
  open: z.boolean().default(true).describe('opens the page in a browser, where stdout is a terminal'),
});

const command: Command<typeof options> = {
  summary: 'Opens a page to write, fill, edit, chat and train, and serves what unmask serve does',
  options,
  positionals: ['model'],
  examples: [
    ['unmask studio', 'the models that ship, on this machine alone'],
    ['unmask studio runs/mine --no-open', 'a model of your own; prints the address'],
  ],
  async run({ runs, open, ...asked }, io) {
    const token = randomBytes(32).toString('base64url');
    const root = process.cwd();
    const studio = { token, root, runs: pathFrom(root, runs), hub: hubSettings(io.env), start: startProgram };
    const welcome = (url: string): string => {
      const address = `${url}/#token=${token}`;
      if (open && io.stdout.isTTY) openInBrowser(address, io);
      return `unmask studio is at ${address}\n\n`;
    };
    await runServer(asked, io, { studio, welcome });
  },
};

export default command;

/** A directory as programs take it that work in `root`: by its way from there, or where that would lead out by its whole path. */
function pathFrom(root: string, directory: string): string {
  const path = resolve(root, directory);
  return isInside(root, path) ? relative(root, path) || '.' : path;
}

/** This program once more. In a group of its own, so that Ctrl-C reaches it from the studio alone, and behind what is written. */
const startProgram: StartProgram = (args) => {
  const main = fileURLToPath(new URL('../main.js', import.meta.url));
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    windowsHide: true,
  });
  if (child.pid !== undefined) setPriority(child.pid, 10);
  // a studio that is ended at once leaves nothing at work
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('close', () => process.off('exit', kill));
  return child;
};

const openers: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

/**
 * Where there is no browser to be opened, the address that was printed is enough. Arguments of a program can be read by others
 * on the machine, and the address has the token in it: what is opened is a file that leads there, and that nobody else may read.
 */
function openInBrowser(address: string, { env }: Io): void {
  const [opener, ...args] = openers[process.platform] ?? ['xdg-open'];
  const folder = mkdtempSync(join(tmpdir(), 'unmask-studio-'));
  const page = join(folder, 'studio.html');
  const script = `location.replace(${JSON.stringify(address)})`;
  writeFileSync(page, `<!doctype html><title>unmask studio</title><script>${script}</script>\n`, {
    mode: 0o600,
  });
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const child = spawn(opener, [...args, page], { stdio: 'ignore', detached: true, env: { ...env } });
  child.once('error', () => {});
  child.unref();
}
