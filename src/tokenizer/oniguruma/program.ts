import { type CharacterSet, remembered } from './character-set.ts';
import { type Node, type Place, nodeWidth } from './nodes.ts';

/** What is done at a place in the text; what is done next is the instruction behind it, unless it says otherwise. */
export type Instruction =
  | { readonly does: 'take'; readonly set: CharacterSet }
  /** One way, and where that leads nowhere the other. @param number  which of the forks of the program it is */
  | { readonly does: 'fork'; first: number; second: number; readonly number: number }
  | { readonly does: 'jump'; to: number }
  | { readonly does: 'assert'; readonly place: Place }
  /** Goes on where the program at `start` ends with what is wanted. @param back  so many characters before */
  | {
      readonly does: 'look';
      readonly starts: readonly (readonly [start: number, back: number])[];
      readonly negative: boolean;
    }
  | { readonly does: 'once'; readonly start: number }
  | { readonly does: 'end' };

/** A compiled expression: its instructions, the first of them, and how many forks there are. */
export interface Program {
  readonly instructions: readonly Instruction[];
  readonly start: number;
  readonly forks: number;
}

const mostInstructions = 5000;

/** @throws Error  for what would be too large, or looks behind at what isn't of one width */
export function programOf(node: Node): Program {
  const compiler = new Compiler();
  const start = compiler.whole(node);
  return { instructions: compiler.instructions, start, forks: compiler.forks };
}

class Compiler {
  readonly instructions: Instruction[] = [];
  forks = 0;

  /** A program of its own. @returns where it starts */
  whole(node: Node): number {
    // programs that it asks are compiled first, and stand before it
    const jump = this.#push({ does: 'jump', to: 0 });
    const inner = this.#parts(node);
    jump.to = this.instructions.length;
    inner();
    this.#push({ does: 'end' });
    return jump.to;
  }

  #push<I extends Instruction>(instruction: I): I {
    if (this.instructions.push(instruction) > mostInstructions)
      throw new Error(`a regular expression needs more than ${mostInstructions} steps`);
    return instruction;
  }

  #fork(): Extract<Instruction, { does: 'fork' }> {
    return this.#push({ does: 'fork', first: 0, second: 0, number: this.forks++ });
  }

  get #here(): number {
    return this.instructions.length;
  }

  /** Compiles the programs within a node; what comes back compiles the node itself, as often as it is called. */
  #parts(node: Node): () => void {
    switch (node.kind) {
      case 'set': {
        const set = remembered(node.set);
        return () => void this.#push({ does: 'take', set });
      }
      case 'sequence': {
        const parts = node.parts.map((part) => this.#parts(part));
        return () => parts.forEach((part) => part());
      }
      case 'choice': {
        const options = node.options.map((option) => this.#parts(option));
        return () => this.#choice(options);
      }
      case 'repeat': {
        const part = this.#parts(node.part);
        return () => this.#repeat(part, node);
      }
      case 'assert':
        return () => void this.#push({ does: 'assert', place: node.place });
      case 'atomic': {
        const start = this.whole(node.part);
        return () => void this.#push({ does: 'once', start });
      }
      case 'look': {
        const options = node.behind && node.part.kind === 'choice' ? node.part.options : [node.part];
        const starts = options.map((option) => {
          const back = node.behind ? nodeWidth(option) : 0;
          if (back === undefined)
            throw new Error(
              'a regular expression that looks behind at what has no fixed width is not supported',
            );
          return [this.whole(option), back] as const;
        });
        return () => void this.#push({ does: 'look', starts, negative: node.negative });
      }
    }
  }

  #choice(options: readonly (() => void)[]): void {
    const ends: { to: number }[] = [];
    for (const [i, option] of options.entries()) {
      if (i === options.length - 1) option();
      else {
        const fork = this.#fork();
        fork.first = this.#here;
        option();
        ends.push(this.#push({ does: 'jump', to: 0 }));
        fork.second = this.#here;
      }
    }
    for (const end of ends) end.to = this.#here;
  }

  #repeat(part: () => void, { least, most, lazy }: { least: number; most: number; lazy: boolean }): void {
    for (let i = 0; i < least; i++) part();
    const forks: Extract<Instruction, { does: 'fork' }>[] = [];
    const inOrOut = (fork: (typeof forks)[number], inside: number, outside: number): void => {
      [fork.first, fork.second] = lazy ? [outside, inside] : [inside, outside];
    };
    if (most === Infinity) {
      const at = this.#here;
      const fork = this.#fork();
      part();
      this.#push({ does: 'jump', to: at });
      inOrOut(fork, at + 1, this.#here);
      return;
    }
    for (let i = least; i < most; i++) {
      forks.push(this.#fork());
      inOrOut(forks.at(-1)!, this.#here, 0);
      part();
    }
    for (const fork of forks) inOrOut(fork, lazy ? fork.second : fork.first, this.#here);
  }
}
