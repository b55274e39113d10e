"""Word lists of the story grammar, each a rule with one alternative per entry.

Nouns are singular and countable, so that ``a``, ``the`` and ``it`` always agree with them.
Words are short and lists are long, which keeps the entropy per token of the text high.
"""

from __future__ import annotations

GIRL_NAMES = (
    "Ada|Amy|Ann|Bea|Bess|Beth|Cara|Cleo|Cora|Dot|Edie|Ella|Elsa|Emma|Eva|Faye|Fern|Gail|Gina|"
    "Hope|Ida|Iris|Isla|Ivy|Jade|Jane|Jill|Joan|June|Kate|Kira|Lara|Lena|Lily|Lisa|Liv|Lola|Lucy|"
    "Luna|Mara|May|Meg|Mia|Mila|Mina|Nan|Nell|Nina|Nora|Olga|Opal|Pam|Peg|Pia|Rita|Rosa|Ruby|Ruth|"
    "Sara|Sue|Tess|Tina|Una|Vera|Zoe"
)
BOY_NAMES = (
    "Abel|Adam|Alan|Alf|Amos|Andy|Axel|Ben|Bill|Bob|Carl|Chad|Clem|Dan|Dave|Dirk|Don|Earl|Ed|Eli|"
    "Emil|Eric|Finn|Fred|Gil|Glen|Gus|Hal|Hank|Hans|Hugo|Ian|Ike|Ivan|Jack|Jake|Jim|Joe|John|Karl|"
    "Ken|Kip|Kurt|Lars|Leo|Levi|Luke|Mark|Max|Mick|Milo|Neil|Ned|Nick|Noah|Olaf|Otto|Paul|Pete|"
    "Pip|Ray|Rex|Rob|Rory|Sam|Saul|Seth|Sid|Ted|Theo|Tim|Toby|Tom|Vic|Walt|Will|Zack"
)
ANIMALS = (
    "ape|badger|bat|bear|beaver|bee|calf|camel|cat|cow|crab|crow|deer|dog|donkey|dove|duck|eagle|"
    "fox|frog|goat|goose|gull|hare|hawk|hedgehog|hen|heron|horse|jay|lamb|lark|lion|lizard|lynx|"
    "mole|moose|moth|mouse|newt|otter|owl|ox|parrot|pig|pony|pug|rabbit|rat|raven|robin|rook|seal|"
    "sheep|snail|snake|squirrel|stork|swan|tiger|toad|tortoise|turkey|weasel|wolf|wren|yak|zebra"
)
SEASONS = "spring|summer|autumn|winter"
PLACES = (
    "in the barn|in the bay|in the camp|in the cave|in the cellar|in the city|in the dale|"
    "in the desert|in the fen|in the forest|in the garden|in the glen|in the harbour|in the inn|"
    "in the jungle|in the market|in the marsh|in the meadow|in the mill|in the orchard|in the park|"
    "in the stable|in the swamp|in the town|in the valley|in the village|in the wood|in the yard|"
    "on the beach|on the cliff|on the farm|on the heath|on the hill|on the ice|on the island|"
    "on the moor|on the plain|on the ridge|on the shore|on the slope|by the bridge|by the brook|"
    "by the canal|by the church|by the creek|by the dam|by the dock|by the fort|by the fountain|"
    "by the lake|by the lighthouse|by the pier|by the pond|by the river|by the road|by the sea|"
    "by the stream|by the well|near the castle|near the chapel|near the forge|near the gate|"
    "near the mine|near the mountain|near the palace|near the quarry|near the school|"
    "near the station|near the tower|near the tunnel|near the wall|near the windmill"
)
THINGS = (
    "cup|pot|pan|jug|mug|bowl|fork|spoon|plate|tray|box|bag|sack|tin|jar|crate|chest|trunk|basket|"
    "bucket|tub|barrel|rope|chain|hook|nail|pin|needle|button|ribbon|bow|belt|boot|shoe|sock|glove|"
    "mitten|hat|cap|scarf|coat|cloak|shirt|vest|apron|shawl|ring|bead|gem|coin|crown|key|lock|bell|"
    "drum|flute|horn|harp|fiddle|whistle|ball|top|doll|kite|hoop|sledge|cart|wagon|wheel|boat|raft|"
    "oar|sail|net|rod|flag|tent|map|book|letter|card|stamp|pen|brush|slate|lamp|candle|torch|"
    "lantern|broom|mop|rake|spade|hoe|axe|saw|hammer|ladder|stool|bench|chair|table|bed|pillow|"
    "quilt|blanket|rug|mat|clock|watch|mirror|comb|fan|stick|stone|shell|feather|leaf|seed|nut|"
    "cone|twig|log|plank|brick|tile|bottle|cork|lid|cage|nest|mask|puppet|puzzle|marble|lens|"
    "compass|basin|kettle|teapot|sieve|ladle|vase|photo|painting|statue|saddle|bridle|poster"
)
PLAIN_ADJECTIVES = (
    "big|small|tiny|huge|long|short|thin|flat|round|square|old|new|clean|dirty|dusty|rusty|shiny|"
    "smooth|rough|soft|hard|warm|cold|wet|dry|heavy|light|thick|torn|bent|cracked|odd|plain|fine|"
    "pretty|ugly|lovely|grand|cheap|rare|empty|crooked|strange|magic|tall|wide|narrow"
)
THING_ADJECTIVES = (
    PLAIN_ADJECTIVES + "|red|blue|green|grey|white|black|brown|pink|golden|silver|pale|dark|bright|"
    "tin|brass|wooden|iron|glass|paper|clay|silk|leather|striped|spotted|painted|carved|purple|"
    "yellow|orange"
)
FOODS = (
    "apple pie|bean soup|beef stew|bun|carrot cake|cheese pie|cherry tart|corn cake|date loaf|"
    "egg pie|fig roll|fish pie|fish soup|ginger bun|honey cake|jam tart|leek soup|lemon cake|"
    "milk loaf|mint cake|nut loaf|oat cake|onion tart|pancake|pea soup|peach tart|pear cake|"
    "plum tart|potato pie|pumpkin pie|rice cake|rye loaf|sandwich|spice cake|stew|sugar bun"
)
SNACKS = (
    "plum|pear|apple|fig|nut|bun|roll|pie|tart|cake|egg|carrot|bean|peach|date|grape|melon|berry|"
    "cherry|lemon|biscuit|sausage|mushroom|radish|turnip|potato|tomato|sweet|cracker|pancake"
)
ELDERS = (
    "Grandmother|Grandfather|Mother|Father|Aunt Rose|Aunt May|Uncle Jim|Uncle Peter|the baker|"
    "the miller|the cook|the guard|the judge|the tailor|the sailor|the farmer|the hunter|"
    "the painter|the singer|the barber|the butcher|the grocer|the potter|the weaver|the smith|"
    "the mason|the nurse|the vet|the king|the queen|the duke|the giant|the wizard|the witch|"
    "the teacher|the doctor|the captain|the old owl|the wise toad|the gardener|the fisherman"
)
PROJECTS = (
    "raft|hut|swing|bridge|bench|crown|bookcase|scarecrow|castle|oven|hutch|ship|cart|tent|pot|"
    "tower|fence|gate|chair|bed|sledge|kennel|stable|shed|wall|dam|kite|lamp|clock|drum|ladder|"
    "table|cradle|statue|mask|flag|lantern|well|pump|rocket"
)


def _regular_plurals(nouns: str) -> str:
    irregular = ("s", "x", "ch", "sh", "f", "y", "scarf")
    return "|".join(f"{noun}s" for noun in nouns.split("|") if not noun.endswith(irregular))


WORDS: dict[str, str] = {
    "thing": THINGS,
    "plain_adjective": PLAIN_ADJECTIVES,
    "thing_adjective": THING_ADJECTIVES,
    "things": _regular_plurals(THINGS),
    "count": "{digit}{any_digit}|{digit}{any_digit}|{digit}{any_digit}{any_digit}",
    "digit": "1|2|3|4|5|6|7|8|9",
    "any_digit": "0|{digit}|{digit}|{digit}|{digit}|{digit}|{digit}|{digit}|{digit}|{digit}",
    "snack": SNACKS,
    "animal": ANIMALS,
    "elder_any": ELDERS,
    "job": "baker|barber|boss|butcher|clerk|clown|cook|diver|drummer|duke|dwarf|elf|farmer|fiddler|"
    "ferryman|giant|goblin|grocer|groom|guard|guide|hermit|hunter|judge|juggler|king|knight|lord|"
    "maid|mason|mayor|miller|miner|monk|nurse|ogre|painter|pedlar|pilot|piper|pirate|poet|porter|"
    "potter|prince|queen|ranger|rider|sailor|scout|singer|smith|spy|tailor|teacher|thief|tinker|"
    "troll|tutor|vet|waiter|warden|weaver|witch|wizard",
    "person": "{elder_any}|the {character_adjective} {job}|the {job} of {town}|a {job} from {town}|"
    "the {character_adjective} {animal}|a {character_adjective} {job}",
    "town": "{town_start}{town_end}",
    "town_start": "Al|Ash|Bal|Ber|Bram|Brom|Can|Car|Clay|Col|Cor|Dal|Der|Dor|Dun|Ed|Elm|Fal|Fen|"
    "Gar|Gor|Hal|Har|Hol|Hor|In|Kel|Kin|Lan|Lin|Lud|Mal|Mar|Mel|Mor|Nor|Old|Or|Pen|Per|Ram|Red|"
    "Ros|Sal|Sel|Sher|Stan|Sut|Tam|Ten|Thor|Tor|Up|Ver|Wal|War|Wes|Win|Wol|Yar|Yel|Zan",
    "town_end": "berg|bury|by|cot|dale|den|don|fell|field|ford|gate|ham|hill|holm|land|ley|low|"
    "mere|mont|moor|mouth|ness|over|pool|port|ridge|side|stead|stock|thorpe|ton|vale|well|wick|"
    "win|wood|worth",
    "relative": "aunt|uncle|sister|brother|cousin|nephew|niece|mother|father|grandmother|neighbour|"
    "teacher|friend|boss",
    "character_adjective": "little|young|small|shy|brave|clever|kind|curious|quiet|cheerful|lazy|"
    "careful|proud|gentle|lively|merry|stubborn|busy|hungry|sleepy|poor|rich|friendly|"
    "playful|patient|tall|round|bold|dreamy|calm|clumsy|cross|eager|fair|fussy|greedy|happy|"
    "jolly|keen|loud|lonely|lucky|neat|nice|noisy|odd|old|plain|polite|quick|rude|sad|short|silly|"
    "slow|smart|strict|strong|sweet|tame|thin|tidy|tiny|tired|vain|weak|wild|wise|witty",
    "place_adjective": "quiet|wide|dark|sunny|windy|empty|green|misty|old|lovely|lonely|cold|busy|"
    "steep|narrow|bright|silent|muddy|warm|dry|wet|grey|white|wild|big|small|flat|grassy|sandy|"
    "rocky|shady|dusty|noisy|pretty|sleepy|strange|famous|far|long|hidden",
    "weather_adjective": "quiet|dark|sunny|windy|misty|cold|bright|warm|grey|wet|dry|mild|lovely|"
    "cool|foggy|golden|dull|still|gloomy|clear|calm|long|stormy|fine|hot",
    "glad": "happy|glad|proud|delighted|thankful|cheerful|full of joy|pleased|very happy|relieved|"
    "merry|warm inside|in high spirits|as happy as a {animal}",
    "sad": "sad|unhappy|worried|lonely|upset|gloomy|close to tears|very sad|troubled|tired|angry|"
    "cross|sorry|ashamed|weak|cold|lost|bored|jealous|hopeless",
    "afraid": "afraid|frightened|scared|nervous|uneasy|a little afraid|too scared to move|"
    "cold with fear|pale|as white as snow|alone|sure it was a {animal}",
    "adverb": "slowly|quickly|softly|gently|carefully|quietly|bravely|happily|sadly|eagerly|"
    "proudly|calmly|wisely|patiently|cheerfully|politely|nervously|kindly|firmly|merrily|loudly|"
    "shyly|boldly|neatly|sternly|sweetly|warmly|weakly|gladly|gravely|briskly|dreamily|hastily|"
    "lazily|again|in the end|with care|with a grin|with joy|without fear",
    "moved": "walked|ran|hurried|wandered|crept|marched|strolled|skipped|trotted|climbed|rushed|"
    "raced|set off|went|drove|rode|came|hiked|dashed|strode",
    "looked": "looked|searched|hunted|checked|rummaged",
    "said": "said|said|said|whispered|cried|called|shouted|murmured",
    "answered": "said|said|replied|answered|whispered|laughed",
    "manner": "{adverb}|{adverb}|{adverb}|with a [smile|nod|sigh|laugh|bow|wink|yawn|frown]|"
    "in a [low|soft|clear|kind|small|deep|sad|high|loud|sleepy] voice",
    "h_said": "{said} {h}|{he} said|{he} said {manner}",
    "f_said": "{said} {f}|{fhe} said|{fhe} said {manner}",
    "f_answered": "{answered} {f}|{fhe} said|{fhe} said {manner}",
    "good_quality": "wise|brave|clever|strong|quick|kind|gentle|patient",
    "gratitude": "thank you|how kind you are|how wonderful|what a lovely surprise|"
    "you have a good heart|thank you, {h}|this is the best day of the year|bless you|"
    "you are a true friend|I do not know what to say|take this {thing} as a gift|"
    "you are as {good_quality} as a {animal}",
    "when": "one {season} morning|one {season} evening|one {season} afternoon|one day|"
    "one {weather_adjective} morning|early one morning|late one evening|one {day}|at noon one day|"
    "on the first day of {season}|on the last day of {season}|after breakfast|before supper|"
    "one {day} in {season}|one night|at dawn|last {season}|that {season}",
    "day": "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday",
    "later": "after a while|soon|an hour later|at last|in the end|before long|a little later|"
    "after a long time|when the sun was low|by noon|by evening|the next day|{number} days later|"
    "after a rest|after {number} hours|at {number} o'clock|that evening|on {day}",
    "number": "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve",
    "tree": "oak|birch|willow|pine|elm|fir|beech|maple|ash|cedar|hazel bush|thorn bush|holly|"
    "palm|plum tree|pear tree|yew|lime tree|rose bush|fig tree",
    "insect": "bee|fly|beetle|bug|moth|wasp|cricket|snail|spider|worm|ant|flea|slug|gnat",
    "flower": "daisy|poppy|rose|tulip|violet|lily|iris|pansy|bluebell|orchid|thistle|clover|"
    "primrose|daffodil|sunflower|nettle",
    "colour": "red|blue|green|yellow|white|grey|golden|pink|orange|purple|silver|brown|pale|dark|"
    "black|bright",
    "landmark": "barn|mill|shed|inn|shop|church|tower|well|pump|gate|fence|wall|hedge|ditch|pond|"
    "stream|bridge|field|farm|hut|cabin|tent|cave|rock|cliff|hill|bog|dam|dock|ship|boat|cart|"
    "coach|train|signpost|statue|fountain|school|bakery|forge|chapel|castle|stable|kennel|hive|"
    "nest|haystack|scarecrow|stump|{tree}|{flower}|{animal}|{animal}",
    "animal_act": "sat|slept|hid|played|ran|waited|rested|danced|jumped|rolled|stood|lay|crept|"
    "hopped|yawned|stared|sneezed|dozed|sang|cried|ate a {snack}|watched|walked",
    "trap": "a thorn bush|a net|a ditch|a hollow log|a bucket|a fence|a deep hole|a rope|a drain|"
    "a crack in the wall|a heap of branches|a can|a {thing}|a {thing_adjective} {thing}|"
    "a {thing_adjective} {thing}",
    "hiding_place": "under the {thing}|under a {thing_adjective} {thing}|behind the {tree}|"
    "inside a {container}|in the {container}|behind a {thing_adjective} {thing}|in the mud|"
    "beside the {landmark}|near the {landmark}|under a {thing_adjective} stone|on the roof|"
    "in the [tall|wet|long|dry] grass|in a nest|between two rocks|behind the {landmark}",
    "container": "pot|bowl|bucket|cup|jar|teapot|box|boot|barrel|tub|chest|sack|basket|trunk|crate|"
    "drawer|jug|bag|tin|shoe|mug|basin",
    "noise": "tapping|scratching|rustling|knocking|humming|splashing|creaking|rattling|whistling|"
    "sniffing|thumping|squeaking|moaning|clicking|buzzing|ringing|growling|dripping|snoring",
    "material": "{material_hard}|{material_soft}",
    "material_hard": "sticks|planks|nails|stones|bark|wire|reeds|bricks|branches|poles|tiles|"
    "pipes|bolts|tin|logs|twigs|shells|bones|glass|iron",
    "material_soft": "rope|string|leather|straw|clay|paper|glue|cloth|moss|wool|sand|paint|silk|"
    "tape|mud|wax|felt|tar|hay|ribbon|thread|leaves",
    "skill": "swim|whistle|dance|skate|juggle|sing|climb|ride a {animal_ridden}|play the {music}|"
    "row a boat|bake a {food}|fly a kite|read|paint|draw a {animal}|count to a hundred|tie a knot|"
    "milk a cow|fish|knit a {garment}|dive|cook|sew a {garment}|ski|write|spell|drive a {vehicle}|"
    "mend a {thing}|mend a {thing}|carve a {animal}|jump over a {landmark}",
    "animal_ridden": "pony|horse|camel|donkey|bicycle|moose|yak",
    "music": "flute|drum|harp|horn|fiddle|piano|trumpet|bells",
    "garment": "sock|hat|scarf|glove|vest|shawl|coat|cap|shirt|mitten|cloak",
    "vehicle": "cart|train|coach|wagon|tram|tractor|bus",
    "plant": "pumpkin|bean|sunflower|apple tree|carrot|pea|tomato|melon|rose|cabbage|leek|turnip|"
    "onion|cherry tree|pear tree|lily|oak|fig tree|vine|cactus|palm|plum tree|tulip|radish",
    "contest": "race|swimming race|singing contest|cooking contest|kite contest|sledge race|"
    "boat race|dance|drawing contest|jumping contest|quiz|puzzle contest|chess game|feast|match",
    "treasure": "{number} coins|a letter from {person}|a {thing_adjective} {thing}|"
    "a {thing_adjective} {thing}|a {thing_adjective} {thing}|a {thing} and a {thing}|"
    "a map of the {landmark}|a note for {person}|a sleeping {animal}|nothing but dust|"
    "{number} marbles and a {thing}|a {thing} made of {material}|a picture of a {animal}",
    "illness": "a cold|a cough|a fever|a bad tooth|a sore foot|a sore neck|a sore ear|"
    "a broken toe|a rash|a stiff back",
    "game": "hide and seek|chess|cards|marbles|tag|ball|pirates|knights|leapfrog|kings|darts|"
    "shops|tennis|football|bowls",
}
