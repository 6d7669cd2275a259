// Runs in the namespaces of test/image.many.ts, as nobody, on a file system of which nothing but /tmp can be written: starts the
// server as the image does, waits until the image's health check is content, asks for a text, and prints what it found as JSON.
//   node read-only.js COMMAND-OF-THE-SERVER HEALTH-CHECK   (both as JSON)
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const [command, check] = process.argv.slice(-2).map((json) => JSON.parse(json) as string[]);
const server = spawn(command[0], command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
let log = '';
server.stderr.on('data', (said) => (log += said));
const isHealthy = (): boolean => spawnSync(check[0], check.slice(1)).status === 0;
const wasHealthy = isHealthy(); // before it listens
try {
  for (let i = 0; !isHealthy(); i++) {
    if (i > 300 || server.exitCode !== null) throw new Error(`the server is not healthy: ${log}`);
    await wait(100);
  }
  const asked = await fetch('http://127.0.0.1:8080/v1/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${process.env['UNMASK_API_KEY']}` },
    body: JSON.stringify({ prompt: 'The dog', max_tokens: 8 }),
  });
  const writable = ['/', '/unmask', '/unmask/models', '/var', '/var/tmp', '/tmp'].filter((folder) => {
    try {
      writeFileSync(`${folder}/written`, '');
      return true;
    } catch (error) {
      return !['EROFS', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '');
    }
  });
  const found = {
    user: process.getuid!(),
    wasHealthy,
    status: asked.status,
    text: await asked.text(),
    writable,
  };
  process.stdout.write(JSON.stringify(found));
} finally {
  server.kill('SIGTERM');
}
