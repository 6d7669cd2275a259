// Fills holes, whose lengths may be given, bounded, or left to the model. The text around them stays as it is.
import { load, shippedModel } from 'unmask';

const model = await load(shippedModel);
const { text, holes } = await model.infill({
  parts: ['Tom was sad.', { minimum: 4, maximum: 16 }, ' Then he was ', { length: 1 }, ' again.'],
  seed: 1,
});
console.log(text);
for (const hole of holes) console.log(`${hole.tokens.length} tokens: ${JSON.stringify(hole.text)}`);
await model.close();
