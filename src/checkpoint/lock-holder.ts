import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { show } from '../base/errors.ts';

/** A process that holds a lock, as its file says it. */
export interface LockHolder {
  /** Chance: tells two holders apart whatever else they have in common. */
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  /**
   * Where process numbers mean the same: one boot of one machine, and on Linux one namespace of processes, which a
   * container has of its own.
   */
  readonly place: string;
  /** When the process began, in ticks since the boot; absent where the system doesn't tell. Numbers of processes come again. */
  readonly began?: string;
}

/** This process as a holder. */
export function ownHolder(): LockHolder {
  return {
    id: randomBytes(16).toString('hex'),
    pid: process.pid,
    host: hostname(),
    place: ownPlace(),
    began: statOf(process.pid)?.began,
  };
}

/** The holder that a file names; undefined where it is none, as while it is being written. */
export function holderIn(text: string): LockHolder | undefined {
  try {
    const value = JSON.parse(text) as Partial<LockHolder>;
    const isWhole =
      typeof value.id === 'string' &&
      Number.isSafeInteger(value.pid) &&
      Number(value.pid) > 0 &&
      typeof value.host === 'string' &&
      typeof value.place === 'string';
    return isWhole ? (value as LockHolder) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a holder still runs; undefined where that can't be told from here, as of another machine or container. */
export function isProcessRunning({ pid, place, began }: LockHolder): boolean | undefined {
  if (place !== ownPlace()) return undefined;
  const now = statOf(pid);
  if (began !== undefined && now) return now.began === began && !/[ZX]/.test(now.state);
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
  }
  return undefined; // a process, but perhaps another one of that number
}

/** A holder as a message names it. */
export const showHolder = (holder: LockHolder | undefined): string =>
  holder === undefined ? 'another process' : `process ${holder.pid} on ${show(holder.host)}`;

function ownPlace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/** The third and the 22nd field of /proc/PID/stat; the second, a name in brackets, may hold blanks. */
function statOf(pid: number): { readonly state: string; readonly began: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0], began: fields[19] };
  } catch {
    return undefined;
  }
}
