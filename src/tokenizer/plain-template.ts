/**
 * How conversations are written for a model that learns to answer and has no chat template of its own:
 *
 *     <|system|>Be brief.<|end|><|user|>Who is Lily?<|end|><|assistant|>A girl.<|end|>
 *
 * Each name is a special token.
 */
export const plainTemplate: { readonly source: string; readonly tokens: readonly string[] } = {
  source: `{%- for message in messages -%}
  {%- if message.role not in ['system', 'user', 'assistant'] -%}
    {{- raise_exception('roles are system, user and assistant') -}}
  {%- endif -%}
  {{- '<|' + message.role + '|>' + message.content + '<|end|>' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{- '<|assistant|>' -}}
{%- endif -%}
`,
  tokens: ['<|system|>', '<|user|>', '<|assistant|>', '<|end|>'],
};
