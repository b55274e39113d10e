"""Story shapes: each is a rule that tells one whole story about the bound characters."""

from __future__ import annotations

SHAPES: tuple[str, ...] = (
    # Something is lost and found.
    """{opening} / {h} had a {oadj} {obj} from {person}. / {when}, it was [gone|missing|lost]. /
    {h} {looked} {hiding_place} and {hiding_place}, but found only {items}. / {meet} / {offer} /
    {between} / {later}, {f} [found|saw|spotted] the {obj} {hiding_place}. / {ending}""",
    # The weather turns and someone gives shelter.
    """{opening} / {when}, {h} {moved} to the {qnoun} to [look for|draw|buy|find|fetch] {an_item}. /
    {between} / {later}, [heavy rain fell|a storm broke|the wind howled|the sky grew {colour}], and
    {h} was {afraid}. / <[come in|quick, come in], [or you will get wet|the fire is warm|I have a
    {food}|you look {sad}]!> {said} {a_friend}. / they [shared a {food}|played {game}|told stories
    about {a_sight}|dried {items}] until [the storm ended|{day}|the sun rose]. / {ending}""",
    # A trapped creature is freed and repays the kindness.
    """{opening} / {when}, {h} found a {rescued} in {trap} {there}. / <[please help me|help|I cannot
    get out|do not leave me here]!> it {begged}. / {h} [used {an_item}|pulled|lifted|dug|pushed]
    {adverb} until it was free. / {between} / {later}, {h} [lost {his} way|lost {his} {oadj} {obj}|
    fell into {trap}]. / the {rescued} came [at once|with {number} friends|with {items}] and [helped
    {him}|showed {him} what to do|brought help|fetched {person}]. / {deed} / {ending_alone}""",
    # Food is shared with a hungry stranger.
    """{opening} / {when}, {h} [made|baked|bought|was given|carried home|won|found] a {food}. /
    {between} / {meet} / <[that smells good,|may I have a little?|I am so hungry,|is that a {food}?|
    I would give you {an_item} for that,]> {f_said}. / then {he} [cut it in two|gave {fhim} half|
    shared it|gave {fhim} the bigger part|gave {fhim} a {snack} too]. / {later}, {f} came back with
    {items}. / {ending}""",
    # Something is built; the first attempt fails.
    """{opening} / {h} wanted to build a {project} for [{elder}|a {animal}|winter|{him_self}]. /
    {he} [found|bought|used|borrowed] {material_hard}, {material_soft} and {an_item}. / {between} /
    but it [fell down|broke|was too {bad_build}|fell apart|looked like a {thing}|looked like a
    {animal}]. / <[try again|use {an_item}|use {material}|do not hurry],> said {elder}. / so {f},
    a {character_adjective} {fkind}, brought {material} and {items}. / this time, it [stood|held|was
    strong|stayed dry], even [in the wind|in the rain|when a {animal} sat on it]. / {ending}""",
    # A strange noise in the night has a harmless cause.
    """{opening} / one {season} night, {h} heard a [strange|loud|soft|slow] {noise} sound [near|
    behind] the {place_adjective} {landmark}. / {between} / {h} was {afraid}. / {he} took {items}
    and {moved} [to the {landmark}|through the dark|past the {landmark}] {adverb}. / it was only
    [a {character_adjective} {animal} with {an_item}|a {colour} {insect} in a {container}|the wind
    in the {tree}|{elder}, eating a {food}|a {animal} on the roof|{f}, who was looking for {items}|
    {one_item} on a {thing}]. / {deed} / {ending_alone}""",
    # A journey meets an obstacle.
    """{opening} / {when}, {h} set out with {items} to visit {elder} {there}. / {between} / {he} had
    to stop, because {obstacle}. / {meet} / <[I know another way|follow me|take {an_item}|we can use
    {an_item}|climb on my back|turn left at the {landmark}],> {f_answered}. / they [went|ran|crept]
    [around|past|over|behind] the {place_adjective} {landmark}. / {later}, {elder} [laughed for joy|
    gave them a {food}|opened the door with {an_item}]. / {ending}""",
    # A boast is answered by a contest.
    """{opening} / {f} the {fkind} [always said|told {person}|told {person}], <I am [the best|the
    fastest|better than any {animal}|as {good_quality} as a {animal}]!> / {when}, {elder} held a
    {contest} {here}. / the prize was {items}. / {between} / {f} [was far ahead|did very well|made
    no mistakes], but then {fhe} [fell asleep|ate a {snack} and a {snack}|slipped on a {thing}|ran
    into a {landmark}|dropped {an_item}|chased a {insect}]. / {h} [went on|worked|tried again]
    {adverb} and won. / {thanks} / {ending}""",
    # A seed needs patience.
    """{opening} / {when}, {person} gave {him} a {thing_adjective} seed. / {h} filled a
    {thing_adjective} {container} with earth and planted it {adverb}. / every [morning|evening|
    {day}], {he} [watered it|sang to it|gave it a {snack}], but there was only [mud|earth|a {colour}
    {insect}|a {thing_adjective} {thing}]. / {between} / <[it will grow|wait until {day}|be
    {good_quality}|use {material} and {material}],> said {a_friend}. / by {season_next}, it was a
    {thing_adjective} {plant}. / {h} was {glad} and [shared it with {f}|gave it to {person}|made a
    {food}]. / {deed} / {ending}""",
    # A quarrel over one object is mended.
    """{opening} / {when}, {h} and {a_stranger} found a {oadj} {obj} {hiding_place}. / they [pulled|
    shouted|argued|fought] until it [broke|fell into the {landmark}|cracked|tore|hit a {animal}]. /
    for {number} [days|weeks|hours], both were {sad}. / {between} / {later}, {h} brought {items} and
    said, <[I am sorry|I was wrong|you may have this|let us be friends].> / they [mended it|bought a
    {thing}|gave it to {person}|made a {thing_adjective} {thing}] with {material} and {material}. /
    {ending}""",
    # A present is earned by exchange.
    """{opening} / on {day}, {h} wanted to give {elder} a {oadj} {obj}. / but {he} had only {items}.
    / {between} / {meet} / <I will give you my {obj} if you [carry this {thing}|sweep my {landmark}|
    bring me a {food}|feed my {animal}|teach me to {skill}|clean my {thing}],> {f_said}. / {h}
    worked {adverb} [until {day}|for {number} hours|in the heat|in the cold]. / {later}, {f} gave
    {him} the {obj} [and {items}|in a {container}|with a smile]. / {ending}""",
    # A skill is learned by practice.
    """{opening} / {h} wanted to learn to {skill}, but {he} was {afraid}. / {between} / {meet} /
    <[of course, you can do it|it is easy, if you take {an_item}|be {good_quality}|start with
    {an_item}],> {f_answered}. / at first, {h} [fell over|got wet|hit a {landmark}|broke {items}|
    scared a {animal}|gave up after {number} minutes]. / on {day}, {he} tried again with {items}. /
    {later}, {h} could do it [alone|with {his} eyes closed|better than {person}|as well as any
    {animal}]. / {ending}""",
    # A key or a map leads to a hidden box.
    """{opening} / {when}, {h} found [a {thing_adjective} key|a {thing_adjective} map|a letter from
    {person}] {hiding_place}. / {he} showed it to {a_friend}. / <it [belongs|leads|points] to a box
    near a {landmark} {qprep} the {qnoun},> {f_said}. / they took {items} and {moved} to the
    {qnoun}. / {between} / {hiding_place}, they [found|saw|dug up] a {thing_adjective} box. /
    inside, {f} found {treasure}. / {ending}""",
    # A sick friend is cheered up.
    """{opening} / {his} friend {f}, the {fkind}, had {illness} and could not [come out|play {game}|
    eat a {snack}]. / <[bring {fhim} a {food}|tell {fhim} a story|bring {fhim} {items}|make {fhim}
    laugh],> said {elder}. / so {h} took {items} and {moved} to a {thing_adjective} house {there}. /
    {between} / <[I feel {sad}|I am glad to see you|I dreamed of {an_item}|I want {an_item}],>
    {f_said}. / {h} [told {fhim} about {a_sight}|played {game}|
    sang about a {character_adjective} {animal}] until [{fhe} laughed|{fhe} fell asleep|{day}]. /
    {ending}""",
)

SHAPE_NAMES: tuple[str, ...] = (
    "lost and found",
    "shelter from the weather",
    "a creature set free",
    "food for a stranger",
    "building something",
    "a noise in the night",
    "a journey",
    "a boast and a contest",
    "a seed that grows",
    "a quarrel",
    "a present earned",
    "a skill learned",
    "a hidden box",
    "a sick friend",
)
"""What the shapes are called, in their order."""

SHAPE_SENTENCES: dict[str, str] = {
    "begged": "said|whispered|cried|called|squeaked|begged",
    "bad_build": "small|big|heavy|weak|thin|narrow|wet|soft|crooked|tall|short|cold|ugly",
    "obstacle": "the [river|snow|mud|water|grass] was too [deep|cold|high]|the bridge was [broken|"
    "gone|closed]|a {tree} had fallen on the road|the gate was locked|a {colour} {animal} stood in "
    "the way|{person} had closed the road|the {landmark} was in the way|the fog was too thick|"
    "{he} had lost {an_item}|the wind was too strong|the map was wrong|the {landmark} had burned "
    "down",
    "thanks": "<{gratitude},> {f_answered}. |<take {items},> {f_answered}. |"
    "{f} gave {him} {items}. |<you are [better|kinder|wiser] than me,> {f_answered}. ",
}
