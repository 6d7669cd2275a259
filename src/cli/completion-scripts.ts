import { type Flag, flagText } from './flags.ts';

/** What a shell is told of a command. */
export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
}

type Script = (commands: readonly CompletedCommand[]) => string;

const help = '--help';
/** The first clause of a description: a shell shows it in a line. */
const clause = ({ description }: Flag): string => description.split(/[;:[]/)[0].trim();
const takesValue = ({ kind }: Flag): boolean => kind !== 'boolean';
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Where nothing of unmask's fits, bash completes names of files. */
const bash: Script = (commands) => {
  const values = commands.flatMap(({ name, flags }) =>
    flags.flatMap((flag) =>
      flag.choices
        ? [`    ${quoted(`${name} ${flagText(flag)}`)}) words=${quoted(flag.choices.join(' '))} ;;`]
        : [],
    ),
  );
  const open = commands.flatMap(({ name, flags }) =>
    flags
      .filter((flag) => takesValue(flag) && !flag.choices)
      .map((flag) => quoted(`${name} ${flagText(flag)}`)),
  );
  const flags = commands.map(
    ({ name, flags: own }) => `      ${name}) words=${quoted([...own.map(flagText), help].join(' '))} ;;`,
  );
  return `# bash: eval "$(unmask completion bash)"
_unmask() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} words=
  # bash takes --name=value for three words
  if [[ $word == = ]]; then word=
  elif [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    words=${quoted([...commands.map(({ name }) => name), 'help', help, '--version'].join(' '))}
  else case "\${COMP_WORDS[1]} $before" in
${values.join('\n')}
    ${open.join('|')}) return ;;
    'help '*) words=${quoted(commands.map(({ name }) => name).join(' '))} ;;
    *) [[ $word == -* ]] || return
      case \${COMP_WORDS[1]} in
${flags.join('\n')}
      esac ;;
  esac fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _unmask unmask
`;
};

const zsh: Script = (commands) => {
  const plain = (text: string): string => text.replaceAll(/[[\]:\\]/g, String.raw`\$&`);
  const specs = ({ flags }: CompletedCommand): string[] => [
    ...flags.map((flag) => {
      const spec = `${flag.repeatable ? '*' : ''}${flagText(flag)}[${plain(clause(flag))}]`;
      const value = flag.choices ? `(${flag.choices.join(' ')})` : '_files';
      return quoted(takesValue(flag) ? `${spec}:${flag.placeholder}:${value}` : spec);
    }),
    quoted(`${help}[print this]`),
    quoted('*:file:_files'),
  ];
  return `#compdef unmask
# zsh: eval "$(unmask completion zsh)", below compinit
_unmask() {
  local -a commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${plain(summary)}`)}`).join('\n')}
  )
  if ((CURRENT == 2)); then _describe command commands; return; fi
  local command=$words[2]
  shift words; ((CURRENT--))
  case $command in
${commands.map((command) => `    ${command.name}) _arguments ${specs(command).join(' ')} ;;`).join('\n')}
  esac
}
compdef _unmask unmask
`;
};

const fish: Script = (commands) =>
  [
    '# fish: unmask completion fish > ~/.config/fish/completions/unmask.fish',
    ...commands.map(
      ({ name, summary }) =>
        `complete -c unmask -f -n __fish_use_subcommand -a ${name} -d ${fishQuoted(summary)}`,
    ),
    ...commands.flatMap(({ name, flags }) =>
      flags.map((flag) => {
        const value = flag.choices ? ` -x -a ${fishQuoted(flag.choices.join(' '))}` : ' -r';
        return `complete -c unmask -n '__fish_seen_subcommand_from ${name}' -l ${flagText(flag).slice(2)}${takesValue(flag) ? value : ''} -d ${fishQuoted(clause(flag))}`;
      }),
    ),
    '',
  ].join('\n');

const fishQuoted = (text: string): string => `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;

/** The scripts that complete command lines, by shell. */
export const completionScripts = { bash, zsh, fish } as const;
