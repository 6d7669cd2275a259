import assert from 'node:assert/strict';
import { test } from 'node:test';
import { referencePath } from '../../test/reference.ts';
import { chatTemplateOf } from './chat-template.ts';
import { readTokenizerFiles } from './from-directory.ts';
import { tokenizerOf } from './load.ts';
import { toolFormOf } from './tool-form.ts';

const hermes = {
  before: '<tool_call>\n{"name": "',
  between: '", "arguments": ',
  next: '}\n</tool_call>\n<tool_call>\n{"name": "',
  end: '}\n</tool_call>',
};

// as their chat_template.jinja writes the calls of an earlier answer; DiffusionGemma writes no JSON
const forms = {
  llada2: hermes,
  dream: hermes,
  a2d_qwen3: hermes,
  llada: undefined,
  diffusion_gemma: undefined,
};

for (const [family, form] of Object.entries(forms)) {
  test(`${family}: how its template writes calls is found`, async () => {
    const files = await readTokenizerFiles(referencePath(family));
    const tokenizer = tokenizerOf(files);
    assert.deepEqual(
      toolFormOf(
        chatTemplateOf(files, tokenizer, () => new Date())!,
        tokenizer,
      ),
      form,
    );
  });
}
