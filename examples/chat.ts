// Talks with a model that was made for it. The messages are the whole conversation; the model has no memory of its own.
import { type ChatMessage, load, shippedModels } from 'unmask';

const model = await load(shippedModels.talk);
const messages: ChatMessage[] = [];
for (const question of ['Do you like music?', 'What kind?']) {
  messages.push({ role: 'user', content: question });
  const { text } = await model.generate({ messages, seed: 1 });
  messages.push({ role: 'assistant', content: text });
  console.log(`> ${question}\n${text}`);
}
await model.close();
