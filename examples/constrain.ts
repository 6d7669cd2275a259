// What is written matches a regular expression, or is JSON that a schema admits, whatever the model would rather say.
import { load, shippedModel } from 'unmask';

const model = await load(shippedModel);
const { text } = await model.generate({
  prompt: 'The dog was',
  regex: ' (big|small|red)( and [a-z]+)?\\.',
  length: 12,
  seed: 1,
});
console.log(text);

const prompt = 'Tom: ';
const jsonSchema = {
  type: 'object',
  properties: {
    age: { type: 'integer', minimum: 1, maximum: 9 },
    likes: { enum: ['dogs', 'cats', 'the sun'] },
  },
  required: ['age', 'likes'],
};
const answer = await model.generate({ prompt, jsonSchema, length: 32, seed: 1 });
const tom = JSON.parse(answer.text.slice(prompt.length)) as { age: number; likes: string };
console.log(`Tom is ${tom.age} and likes ${tom.likes}`);
await model.close();
