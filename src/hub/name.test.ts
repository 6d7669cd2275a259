import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHubName, requireHubName, showHubName } from './name.ts';

test('names of models of the hub', () => {
  const names: [string, [string, string, string?]][] = [
    ['org/name', ['org/name', 'main']],
    ['GSAI-ML/LLaDA-8B-Instruct', ['GSAI-ML/LLaDA-8B-Instruct', 'main']],
    ['a/b_1.5@v1.0', ['a/b_1.5', 'v1.0']],
    ['a/b@refs/pr/3', ['a/b', 'refs/pr/3']],
    ['a/b:c.gguf', ['a/b', 'main', 'c.gguf']],
    ['a/b@dev:q4/c.GGUF', ['a/b', 'dev', 'q4/c.GGUF']],
  ];
  for (const [text, [repository, revision, file]] of names) {
    const name = parseHubName(text);
    assert.deepEqual(name, { repository, revision, ...(file && { file }) }, text);
    assert.equal(showHubName(name!), text);
  }
});

test('what can be no name of a model of the hub', () => {
  const repositories =
    ' |name|/org/name|./name|../name|org/..|org/|org/name/more|~/models|.org/name|org/na me|org/na\nme|C:/name|org\\name|https://huggingface.co/org/name|org/a--b|org/a..b';
  const others = [
    ...repositories.split('|'),
    `org/${'n'.repeat(97)}`,
    'org/name@',
    'org/name@../main',
    'org/name@a b',
    'org/name:',
    'org/name:../c.gguf',
    'org/name:/c.gguf',
    'org/name:config.json',
  ];
  for (const text of others) {
    assert.equal(parseHubName(text), undefined, JSON.stringify(text));
    assert.throws(() => requireHubName(text), {
      name: 'InvalidOptionError',
      message: /^model: must be org\/name/,
    });
  }
});
