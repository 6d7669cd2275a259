import { createRequire } from 'node:module';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

/** The repository, seen from a compiled test. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A Chromium of this machine: Debian's, or the one that CHROMIUM names. */
export const executable = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));

/** For `test(…, { skip })`: why there is nothing to run, or false. */
export const skip =
  executable === undefined && 'no Chromium here: install Debian’s package chromium, or set CHROMIUM=PATH';

/** A server with the models that ship, in an empty working directory, and a browser. */
interface Running {
  /** The address that the server printed, token included. */
  readonly url: string;
  /** The server's working directory. */
  readonly directory: string;
  readonly browser: Browser;
}

/** What a test has of it. */
export interface Studio extends Running {
  /** A page that fails the test when a script of it does, or when it asks another origin for anything. It ends with the test. */
  open(options?: Parameters<Browser['newPage']>[0]): Promise<Page>;
}

type Ending = Pick<TestContext, 'after'>;

/** A studio for all tests of a file: the first that asks starts it, and it ends with the last. */
export function sharedStudio(): (t: Ending) => Promise<Studio> {
  const ends: (() => Promise<void>)[] = [];
  // within a test it would be that of the test
  after(async () => {
    for (const end of ends) await end();
  });
  let running: Promise<Running> | undefined;
  return async (t) => studioFor(t, await (running ??= run({ after: (end) => void ends.push(end) })));
}

/** Starts a studio, which ends with the test. */
export const startStudio = async (t: Ending): Promise<Studio> => studioFor(t, await run(t));

async function run(t: { readonly after: (work: () => Promise<void>) => void }): Promise<Running> {
  const directory = mkdtempSync(join(tmpdir(), 'unmask-studio-'));
  const server = spawn(
    process.execPath,
    [join(root, 'dist/src/cli/main.js'), 'studio', '--port', '0', '--quiet'],
    { cwd: directory, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox'] });
  t.after(async () => {
    await browser.close();
    const exit = once(server, 'exit');
    server.kill('SIGTERM');
    await exit;
    rmSync(directory, { recursive: true, force: true });
  });
  return { url: await addressOf(server.stdout!), directory, browser };
}

function studioFor(t: Ending, running: Running): Studio {
  const { url, browser } = running;
  const problems: string[] = [];
  const pages: Page[] = [];
  t.after(async () => {
    await Promise.all(pages.map((page) => page.close()));
    if (problems.length > 0) throw new Error(problems.join('\n'));
  });
  return {
    ...running,
    async open(options) {
      const page = await browser.newPage(options);
      pages.push(page);
      page.on('pageerror', (error) => problems.push(String(error)));
      page.on('console', (message) => {
        // a refusal of the server is shown by the page, and logged by the browser
        if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
          problems.push(message.text());
      });
      page.on('request', (request) => {
        if (!request.url().startsWith(new URL(url).origin) && !/^(?:blob|data):/.test(request.url()))
          problems.push(`asked for ${request.url()}`);
      });
      await page.goto(url);
      return page;
    },
  };
}

async function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const [address] = /https?:\/\/\S+/.exec(line) ?? [];
    if (address !== undefined) {
      output.resume();
      return address;
    }
  }
  throw new Error('the server ended before it said where it listens');
}

/** Opens a group of options, by how its title begins. */
export const openGroup = (page: Page, title: string): Promise<void> =>
  page.locator('.group > summary', { hasText: title }).first().click();

/** Waits until something holds. */
export async function until(holds: () => Promise<boolean>, what: string, seconds = 30): Promise<void> {
  for (const deadline = Date.now() + 1000 * seconds; Date.now() < deadline; await wait(50))
    if (await holds()) return;
  throw new Error(`never came: ${what}`);
}

/** Waits until a page needs no scrolling sideways in a narrow window; the window has its size again afterwards. */
export async function fitsNarrow(page: Page): Promise<void> {
  const before = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 800 });
  const fits = 'document.scrollingElement.scrollWidth <= innerWidth';
  await until(() => page.evaluate<boolean>(fits), 'a page that fits into a narrow window');
  if (before) await page.setViewportSize(before);
}

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Serious violations of accessibility on a page as it stands, each with where it is. */
export async function violations(page: Page): Promise<string[]> {
  // by the protocol, since the content policy of the page forbids what is evaluated in it
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: readFileSync(axePath, 'utf8') });
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } };
    // of what passes nobody wants to know where it is
    const { violations } = await axe.run({ resultTypes: ['violations'], preload: false });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
  });
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly target: readonly string[] }[];
  }[];
}
