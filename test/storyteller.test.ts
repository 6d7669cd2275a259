import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askingFor } from '../recipes/talk/asking.ts';
import { conversationsOf } from '../recipes/talk/conversations.ts';
import { hasAll, keepsTo } from '../recipes/talk/fit.ts';
import { Choices } from '../recipes/talk/random.ts';
import { namesIn, partsOf, renamed, sentencesOf, subjectsOf } from '../recipes/talk/story-parts.ts';

const dog =
  'Once upon a time, there was a big dog named Spot. Spot liked to play with a red ball in the park. His friends were two birds.\n\n"Catch it!" said Lily. Spot ran. "Well done, Spot!" she said. They played until the sun was low.\n\nAt last Lily and Spot went home with the ball. Spot was happy.';
const bread =
  'One day, a girl named Mia made bread with her mom. The bread was warm, and Mia put honey on it. Tim came to the door with a cat.\n\nMia gave Tim some bread. "Thank you, Mia!" he said. The cat ate too. They were all happy.';

test('sentences: what somebody says stays with who says it, titles end none', () => {
  assert.deepEqual(sentencesOf('"Stop! Come here!" said Tom. Mr. Fox ran. "No." The end.'), [
    '"Stop! Come here!" said Tom.',
    'Mr. Fox ran.',
    '"No."',
    'The end.',
  ]);
});

test('parts are whole sentences, one after the other; a second story in the row is left out', () => {
  const { parts, ends } = partsOf(dog, () => 90);
  assert.ok(ends);
  assert.equal(parts.join(' '), dog.replaceAll('\n\n', ' '));
  for (const part of parts) assert.equal((part.match(/"/g)?.length ?? 0) % 2, 0, part);
  assert.deepEqual(partsOf(`${dog}\n\nOnce upon a time, there was a cat. It slept.`, () => 90).parts, parts);
  // somebody and something new: the row goes on with another story that doesn't say so
  const glued = partsOf(
    `${dog}\n\nMommy gave Bobby popcorn, and he ate it all. He liked the film.`,
    () => 90,
  );
  assert.deepEqual(glued.parts, parts);
});

test('subjects: names and listed nouns, one or many', () => {
  assert.deepEqual([...namesIn('Then Mia met Mom. Lily ran.')].sort(), ['Lily', 'Mia']);
  assert.deepEqual([...subjectsOf('The mice and Mia saw two boxes.')].sort(), ['Mia', 'box', 'mouse']);
  assert.ok(keepsTo('The ball was gone.', 'Spot had balls.'));
  assert.ok(!keepsTo('She was glad.', dog));
});

test('a person who is renamed has one name everywhere, that nobody else has', () => {
  const other = renamed(bread, (list, name) => list[(list.indexOf(name) + 1) % list.length]);
  assert.equal(other, bread.replaceAll('Mia', 'Milly').replaceAll('Tim', 'Timmy'));
  assert.equal(
    renamed(bread, () => 'Tim'),
    bread,
  );
});

test('what is asked for is in the part that answers, however it is asked', () => {
  const [part] = partsOf(dog, () => 120).parts;
  const texts = new Set<string>();
  for (let row = 0; row < 16; row++) {
    const { text, asked } = askingFor(part, new Choices(3, row))!;
    assert.ok(hasAll(part, asked), `${text}: ${asked.join(', ')}`);
    for (const word of asked) assert.match(text.toLowerCase(), new RegExp(`\\b${word.toLowerCase()}\\b`));
    texts.add(text);
  }
  assert.ok(texts.size > 10);
  assert.ok(!hasAll(part, ['cat']));
});

test('conversations are the same for the same seed, alternate, and begin where they say', () => {
  const stories = Array.from({ length: 8 }, (_, k) => (k % 2 === 0 ? dog : bread));
  const rows = [...conversationsOf(stories, 1)];
  assert.deepEqual([...conversationsOf(stories, 1)], rows);
  assert.ok(rows.length >= 8);
  for (const { turns, begins, asked } of rows) {
    assert.equal(turns.length % 2, 0);
    assert.ok(turns.every((turn) => turn.length > 0));
    if (begins >= 0) assert.ok(begins % 2 === 1 && hasAll(turns[begins], asked));
  }
});
