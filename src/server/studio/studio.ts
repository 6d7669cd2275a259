import { resolve } from 'node:path';
import type { HubSettings } from '../../hub/settings.ts';
import { hashOf } from '../http/protections.ts';
import { Inspector } from './inspector.ts';
import { type StartProgram, Tasks } from './tasks.ts';

/** Where a studio works, and how it starts the commands that it is asked for. */
export interface StudioOptions {
  /** What every request to the studio's routes must bring. */
  readonly token: string;
  /** What a path in a request is inside of. */
  readonly root: string;
  /** The directory of the runs, as the program takes it from within `root`; it may lie elsewhere. */
  readonly runs: string;
  readonly hub: Pick<HubSettings, 'cache' | 'offline'>;
  readonly start: StartProgram;
}

/** What the studio's routes work with. */
export interface Studio extends Omit<StudioOptions, 'token' | 'start'> {
  /** SHA-256 of the token. */
  readonly key: Buffer;
  readonly tasks: Tasks;
  /** Names of runs that are about to begin. */
  readonly claimed: Set<string>;
  readonly inspector: Inspector;
  /** By the name of a file that is sent in parts: how many of them are here. */
  readonly uploads: Map<string, number>;
}

/** Where the runs lie. */
export const runsFolder = ({ root, runs }: Pick<Studio, 'root' | 'runs'>): string => resolve(root, runs);

/** The state of a studio: its tasks, and what it has looked at. */
export const makeStudio = ({ token, start, ...places }: StudioOptions, now: () => Date): Studio => ({
  ...places,
  key: hashOf(token),
  tasks: new Tasks(start, now),
  claimed: new Set(),
  inspector: new Inspector(),
  uploads: new Map(),
});
