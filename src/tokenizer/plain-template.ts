/** How conversations are written for a model that learns to answer and has no chat template of its own. */
export interface PlainTemplate {
  /** The text of chat_template.jinja. */
  readonly source: string;
  /** The special tokens that it needs beside those of the model. */
  readonly tokens: readonly string[];
}

/**
 * Each name is a special token:
 *
 *     <|system|>Be brief.<|end|><|user|>Who is Lily?<|end|><|assistant|>A girl.<|end|>
 */
export const taggedTemplate: PlainTemplate = {
  source: written({ before: `'<|' + message.role + '|>'`, behind: `'<|end|>'`, asking: `'<|assistant|>'` }),
  tokens: ['<|system|>', '<|user|>', '<|assistant|>', '<|end|>'],
};

/**
 * For an adapter, which adds no tokens. Who speaks stands on a line of its own, and an answer ends as a text does:
 *
 *     user:
 *     Who is Lily?
 *     assistant:
 *     A girl.<|endoftext|>
 *
 * A message may pretend to be two, as it may not with special tokens.
 *
 * @param end  the token for the end of a text
 */
export function linesTemplate(end: string): PlainTemplate {
  return {
    source: written({
      before: `message.role + ':\\n'`,
      behind: `(${JSON.stringify(end)} if message.role == 'assistant' else '') + '\\n'`,
      asking: `'assistant:\\n'`,
    }),
    tokens: [],
  };
}

/** A template of expressions: what stands before and behind a message, and what asks for an answer. */
function written({ before, behind, asking }: { before: string; behind: string; asking: string }): string {
  return `{%- for message in messages -%}
  {%- if message.role not in ['system', 'user', 'assistant'] -%}
    {{- raise_exception('roles are system, user and assistant') -}}
  {%- endif -%}
  {{- ${before} + message.content + ${behind} -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{- ${asking} -}}
{%- endif -%}
`;
}
