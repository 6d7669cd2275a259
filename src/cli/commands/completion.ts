import { z } from 'zod';
import type { Command } from '../command.ts';
import { completionScripts, type CompletedCommand } from '../completion-scripts.ts';
import { flagsOf } from '../flags.ts';
import type { CommandTable } from '../program.ts';

const options = z.strictObject({
  shell: z.enum(['bash', 'zsh', 'fish']).describe('the shell that the script is for'),
});

/** `unmask completion`, for the commands of a table: the flags and their values come from the schemas of their options. */
export const completionCommand = (commands: CommandTable): Command<typeof options> => ({
  summary: 'Prints a script by which a shell completes commands, flags and their values',
  options,
  positionals: ['shell'],
  examples: [
    ['eval "$(unmask completion bash)"', 'in ~/.bashrc; for zsh in ~/.zshrc, below compinit'],
    ['unmask completion fish > ~/.config/fish/completions/unmask.fish', 'for fish'],
  ],
  async run({ shell }, { stdout }) {
    const completed = await Promise.all(
      Object.entries(commands).map(async ([name, load]): Promise<CompletedCommand> => {
        const { default: command } = await load();
        return { name, summary: command.summary, flags: flagsOf(command.options) };
      }),
    );
    stdout.write(completionScripts[shell](completed));
  },
});
