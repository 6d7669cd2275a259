// The words that the storyteller's conversations are made with.

const listed = (words: string): readonly string[] => words.trim().split(/\s+/);

/** What is counted: a story is asked for about "a dog" or "dogs". */
export const counted = listed(`
  airplane alligator ant apple axe baby bag ball balloon banana barn basket bat bathtub bear bed bee bell bench bike bird boat
  bone book bottle bow bowl box boy bracelet branch bridge broom bucket bug bunny bus bush butterfly button cage cake camera candle
  candy car card carrot cart castle cat caterpillar cave chair cherry chicken chimney clock cloud clown coat coin cookie couch cow
  crab crayon crocodile crow crown cup deer desk diamond dinosaur dish doctor dog doll dolphin donkey door dragon drawer dress
  drum duck eagle egg elephant engine fairy farmer feather fence fire flag flower flute fly fork fountain fox frog fruit game
  garage garden gate ghost giant giraffe girl glove goat goose grape guitar hammer hat heart hedgehog helicopter hen hill hippo
  hole horn horse house instrument jacket jar jellyfish jewel key king kite kitten knife knight ladder lady lake lamb lamp
  leaf lemon leopard letter lion lizard log lollipop machine magnet man map mask melon mirror mole monkey monster mountain
  mouse muffin mushroom nail necklace needle nest net nurse nut octopus onion orange oven owl painting pancake panda parrot
  path pea peach pear pebble pen pencil penguin phone piano picture pie pig pillow pirate pizza plane plant plate pond pony pool
  pot potato present prince princess pumpkin puppet puppy purse puzzle queen rabbit raccoon rainbow rat ring river road robot
  rock rocket rope rose sailor sandcastle sandwich scarf seal seed shark sheep shell ship shirt shoe shop shovel slide snail
  snake snowman sock spider sponge spoon squirrel star statue stick stone store storm stove strawberry swan sweater swing sword table
  teacher tent tiger tomato tower towel toy tractor train tree triangle truck trumpet tunnel turtle umbrella van vase vegetable
  violin wagon wall wave whale wheel whistle window witch wizard wolf worm zebra`);

/** What is not counted: "snow". */
export const uncounted = listed(`
  bread cheese chocolate dirt glue grass honey ice jam juice mail milk money mud music paper rain sand sauce snow soup sugar
  thunder water wind wood wool yarn`);

/** What there is one of: "the moon". */
export const single = listed(
  'airport beach circus city desert farm forest jungle kitchen library moon ocean park playground sea sky sun zoo',
);

export const adjectives = listed(`
  angry big black blue brave bright broken brown careful cheerful clean clever cold colorful cozy curious dark delicious dirty fancy
  fast fat fluffy friendly funny furry gentle gray green grumpy happy heavy helpful hot huge hungry kind large lazy little lonely
  long loud lovely lucky magic magical naughty new nice old orange pink playful pretty proud purple quiet red rough rude sad
  scared scary selfish shiny shy silly sleepy slow small smart smooth soft special strange strong sweet tall thin tiny tired warm
  wet white wild wise yellow young yummy`);

export const verbs = listed(`
  bake bounce build catch chase clap clean climb cook count cry dance dig draw drive eat explore fight find fix float fly help
  hide hop hug jump kick knit laugh listen paint play pull push race read ride roll run sail share shout sing skip sleep slide
  smile splash swim swing throw visit walk wash wave whisper write`);

export const girls = listed(`
  Abby Abigail Alice Amy Anna Annie Bella Betsy Betty Chloe Cindy Claire Clara Daisy Ella Ellie Emily Emma Gigi Jane Jenny Jessica Jill
  Julia Julie Kate Katie Kim Kitty Lila Lily Linda Lisa Lizzy Lola Lucy Lulu Luna Maggie Mandy Maria Mary Maya Mia Milly Mimi Molly
  Nora Polly Rachel Rosie Ruby Sally Sandy Sara Sarah Sophie Sue Susie Tina Zara Zoe`);

export const boys = listed(`
  Adam Alex Andy Ben Benny Bill Billy Bob Bobby Brian Carl Charlie Dan Danny Dave David Fin Finn Frank Fred Freddy Gary George Harry
  Henry Jack Jake James Jerry Jim Jimmy Joe Joey John Johnny Josh Leo Luke Max Mike Nick Oliver Ollie Paul Pete Peter Rex Rob Robby
  Sam Sammy Steve Ted Teddy Tim Timmy Toby Tom Tommy Tony`);

const irregular: Readonly<Record<string, string>> = {
  deer: 'deer',
  goose: 'geese',
  jellyfish: 'jellyfish',
  knife: 'knives',
  leaf: 'leaves',
  man: 'men',
  mouse: 'mice',
  potato: 'potatoes',
  sheep: 'sheep',
  tomato: 'tomatoes',
  wolf: 'wolves',
};

export function plural(noun: string): string {
  if (irregular[noun] !== undefined) return irregular[noun];
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return /(?:s|x|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
}

export const withArticle = (phrase: string): string => `${/^[aeiou]/.test(phrase) ? 'an' : 'a'} ${phrase}`;
