import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from './reference.ts';

const programs = ['/usr/bin/unshare', '/usr/sbin/chroot', '/sbin/ip'];
const missing = programs.find((program) => !existsSync(program));
const withNamespaces = {
  skip:
    missing !== undefined
      ? `${missing} isn't there: apt-get install util-linux coreutils iproute2`
      : process.getuid?.() === 0
        ? false
        : 'a root and a network of its own need root',
};

const dockerfile = readFileSync(join(repositoryRoot, 'deploy/Dockerfile'), 'utf8');
const serving = dockerfile.slice(dockerfile.indexOf(' AS serve'), dockerfile.indexOf(' AS train'));

/** The words of an instruction of the stage that serves, and what follows the instruction otherwise. */
const wordsOf = (instruction: RegExp): string[] => JSON.parse(instruction.exec(serving)![1]) as string[];

/** Where the image has what it copies, and where that is here. */
const copied = Array.from(dockerfile.matchAll(/cp -r ([^&]+?) \/image\/(\S*)/g)).flatMap(
  ([, names, folder]) =>
    names
      .split(' ')
      .map((name) => [`/unmask/${folder}${name.split('/').at(-1)}`, join(repositoryRoot, name)]),
);

/** A shell's commands: a root of the image's files, nothing but /tmp of which can be written. */
const makeRoot = (): string => {
  const bind = ([to, from]: string[]): string => {
    const make = statSync(from).isDirectory() ? 'mkdir -p' : 'touch';
    return `mkdir -p "$(dirname "$root${to}")"; ${make} "$root${to}"; mount --bind '${from}' "$root${to}"`;
  };
  const system = ['/usr', '/bin', '/lib', '/lib64', '/etc'].filter((path) => existsSync(path));
  const bound = [...system.map((path) => [path, path]), ['/node', process.execPath], ...copied];
  return `set -e
root=$(mktemp -d)
trap 'umount -R "$root" && rmdir "$root"' EXIT
ip link set lo up
mount -t tmpfs -o mode=755 tmpfs "$root"
${bound.map(bind).join('\n')}
mkdir "$root/proc" "$root/dev" "$root/tmp" "$root/var"
mkdir -m 1777 "$root/var/tmp"
${bound.map(([to]) => `mount -o remount,bind,ro "$root${to}"`).join('\n')}
mount --bind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -o remount,ro "$root"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
`;
};

test(
  'the image’s files, on a file system that can only be read, as nobody: the server is healthy and answers',
  withNamespaces,
  () => {
    const [, user] = /^USER (\d+:\d+)$/m.exec(serving)!;
    const [, home] = /^ENV HOME=(\S+)/m.exec(serving)!;
    const [, check] = /HEALTHCHECK [^\n]*\\\n +CMD (\[.*\])/.exec(serving)!;
    const command = [...wordsOf(/^ENTRYPOINT (.*)$/m), ...wordsOf(/^CMD (.*)$/m)];
    assert.equal(command[0], 'unmask');
    const program = readFileSync(new URL('read-only.js', import.meta.url), 'utf8');
    const script = `${makeRoot()}
chroot --userspec=${user} "$root" /usr/bin/env -C ${home} HOME=${home} NODE_ENV=production UNMASK_API_KEY=secret \\
  /node --input-type=module -e "$PROGRAM" "$COMMAND" "$CHECK"`;
    const env = {
      PATH: process.env['PATH'],
      PROGRAM: program,
      COMMAND: JSON.stringify(['/node', '/unmask/dist/src/cli/main.js', ...command.slice(1)]),
      CHECK: JSON.stringify(['/node', ...(JSON.parse(check) as string[]).slice(1)]),
    };
    const out = execFileSync('/usr/bin/unshare', ['--mount', '--net', 'bash', '-c', script], {
      env,
      encoding: 'utf8',
      timeout: 120_000,
    });
    const { text, ...found } = JSON.parse(out) as { text: string };
    assert.deepEqual(found, { user: 1000, wasHealthy: false, status: 200, writable: ['/tmp'] });
    assert.equal(JSON.parse(text).object, 'text_completion');
  },
);
