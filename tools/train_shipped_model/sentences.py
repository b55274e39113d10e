"""Sentence rules shared by all story shapes.

Names bound for each story by :mod:`.cast`: ``h`` and ``f`` are the names of the two characters,
``he him his`` and ``fhe fhim fhis`` their pronouns, ``kind`` and ``fkind`` what they are,
``prep pnoun`` and ``qprep qnoun`` two places, ``oadj obj`` an object, ``food``, ``elder``,
``project``, ``rescued``, ``season``, and ``season_scene``, a sentence rule that fits the season.
"""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    "here": "{prep} the [|{place_adjective} ]{pnoun}",
    "there": "{qprep} the [|{place_adjective} ]{qnoun}",
    "one_item": "a {thing_adjective} {thing}|a {plain_adjective} {colour} {thing}",
    "an_item": "{one_item}|{one_item}|{one_item}|{count} {things}|"
    "{count} {thing_adjective} {things}",
    "items": "{an_item}, {an_item} and {an_item}|{an_item} and {an_item}",
    "a_sight": "a {place_adjective} {landmark}|a {place_adjective} {landmark}|{one_item}|"
    "a {character_adjective} {animal}|a {colour} {landmark}",
    "a_friend": "{f}, a {character_adjective} {fkind}|{f} the {fkind}|a {fkind} called {f}|"
    "a {character_adjective} {fkind} named {f}",
    "a_stranger": "{f} the {fkind}|a {fkind} called {f}|a {character_adjective} {fkind} named {f}",
    "opening": (
        "[once upon a time|once upon a time|once upon a time|long ago|many years ago|once], "
        "{lived} a {character_adjective}[| and {character_adjective}] {kind} named {h}"
        "[.|{detail}] |"
        "{h} was a {character_adjective} {kind}{detail} |"
        "there was once a {character_adjective} {kind} called {h}[.|{detail}] |"
        "{h} the {kind} lived in {town} with [{person}|a {character_adjective} {animal}]. |"
        "{h} the {kind} had {items}. |"
        "{here}, in a {thing_adjective} [house|hut|box|boat|tent], lived {h} the {kind}. "
    ),
    "lived": "there lived|there was|there lived {prep} the {pnoun}|{here} lived",
    "detail": (
        " who loved {likes}.| who was afraid of {dislikes}.| who had {items}.|"
        " who worked for {person}.| who came from {town}.| who owned {items}.|"
        " who liked {likes} more than {dislikes}.| who hated {dislikes}."
    ),
    "likes": (
        "{game}|music|the {colour} {landmark}|long walks|warm [soup|milk|bread|socks]|"
        "the smell of [rain|grass|smoke|bread|the sea]|the sound of the {music_source}|"
        "{season} [mornings|evenings]|a good {snack}|a {thing_adjective} {thing}"
    ),
    "dislikes": (
        "the dark|thunder|deep water|loud noises|cold [feet|soup|baths]|high places|"
        "wet [grass|socks|weather]|long [words|walks|speeches]|the {colour} {landmark}|{person}|"
        "every {animal}|every {insect}"
    ),
    "music_source": "wind|rain|river|bells|{animal}|{thing}|drums|sea",
    "scene": (
        "{season_scene}|"
        "a {colour} {animal} and a {colour} {animal} {animal_act} near the {landmark}. |"
        "beside the {place_adjective} {landmark}, there was {a_sight}. |"
        "the air smelled of [rain|grass|smoke|bread|roses|mint|the sea|apples|wet {animal}|pine|"
        "fresh {material_soft}|paint|soap|hay]. |"
        "the {landmark} was {colour}, and the {landmark} was {place_adjective}. |"
        "[{number}|{count}] {colour} [clouds|birds|leaves|bees|stars] floated over "
        "the {landmark}. |"
        "{h} passed {a_sight}, {a_sight} and {a_sight}. |{he} passed {a_sight} and {a_sight}. |"
        "on the way, {he} saw {a_sight}, {a_sight} and {a_sight}. "
    ),
    "spring_scene": (
        "a {insect} sat on a {colour} {flower}. |the snow on the {landmark} had melted. |"
        "the first {flower} grew beside the {landmark}. |"
        "a {colour} {animal} had built a nest of {material_soft} near the {landmark}. "
    ),
    "summer_scene": (
        "it was so hot that even the {animal} {animal_act} in the shade. |"
        "the [grass|corn|hay|wheat] near the {landmark} was {thing_adjective}. |"
        "a {colour} {insect} flew around the {flower}. |"
        "thunder rolled over the {place_adjective} {landmark}. "
    ),
    "autumn_scene": (
        "{colour} leaves fell from the {tree} near the {landmark}. |"
        "the fog crept over the {place_adjective} {landmark}. |"
        "the [apples|pears|nuts|plums] were {colour}, "
        "and the [days|nights] were {weather_adjective}. "
    ),
    "winter_scene": (
        "[snow|frost|ice] covered the {place_adjective} {landmark}. |"
        "a cold wind blew from the {landmark}. |the {container} had frozen in the night. |"
        "{colour} smoke rose from the {landmark}. "
    ),
    "deed": (
        "{h} ate a {snack}, a {snack} and a {snack}. |"
        "{he} [packed|took|carried|brought|borrowed|counted|found|sold|bought] {items}. |"
        "{in_bag}, {he} had {items}. |"
        "{he} sang a song about a {character_adjective} {animal} and {an_item}. |"
        "{he} [fed|chased|greeted|drew|followed] a {colour} {animal} {adverb}. |"
        "{he} [hung|put|left|hid] {an_item} [near|behind] the {place_adjective} {landmark}. |"
        "{he} [washed|mended|cleaned|painted|moved] {items} for {person}. |"
        "{he} wore a {thing_adjective} {garment} and a {thing_adjective} {garment}. |"
        "{he} paid {person} {count} coins for {an_item}. |"
        "{he} [told|asked|wrote to] {person} about {a_sight} and {a_sight}. "
    ),
    "in_bag": "in {his} [bag|basket|pocket|sack|cart]",
    "between": "{scene} / {deed}|{chat} / {deed}|{deed} / {scene}|{scene} / {chat}|{deed} / {deed}",
    "chat": (
        "<{remark},> {h_said}. |<{remark},> {h} said to {person}. |{h} thought that {rumour}. |"
        "{person} said to {him}, <{remark}.> "
    ),
    "remark": (
        "{rumour}|{rumour}|[my {relative}|the {relative} of my {relative}] [has|wants|lost|sold|"
        "broke|likes|found|needs|hid|made|ate] {an_item}|"
        "[there is|I see|I hear|I can smell] {a_sight} [near|behind|beside] the {landmark}|"
        "[my {thing}|this {thing}] is {thing_adjective} and {thing_adjective}|"
        "[I was born in|my {relative} lives in|I once walked to] {town}"
    ),
    "rumour": (
        "[a {animal}|the {job}|the {job} of {town}] [had|wanted|lost|sold|"
        "broke|liked|found|needed|hid|made|ate] {an_item}|"
        "[every|no] {character_adjective} {animal} [liked|needed|feared|owned] a {likes_noun}|"
        "the {landmark} [in|near|of|behind] {town} was {place_adjective}|"
        "[it was {number} miles to|the road went to|nobody lived in] {town}"
    ),
    "likes_noun": "{snack}|{thing}|{thing_adjective} {thing}|{colour} {landmark}",
    "meet": (
        "{later}, {he} met {a_friend}. |"
        "{there}, {a_stranger} was [singing|eating a {snack} and a {snack}|washing {items}|"
        "drawing a {character_adjective} {animal}|mending {items}|counting {items}]. |"
        "just then, {f} the {fkind} came along with {items}. "
    ),
    "offer": (
        "<[let us|we can|we should] [go|look|try|do it] together,> {f_answered}. |"
        "<[do not cry|cheer up|have a {snack}|ask {person}],> {f_answered}. |"
        "<I have {an_item} that may help,> {f_answered}. |"
        "<{remark},> {f_answered}. "
    ),
    "ending": (
        "{h} and {f} [sat|rested|laughed|talked|sang|danced|ate a {snack} and a {snack}] together "
        "[until {day}|near the {place_adjective} {landmark}|beside a {thing_adjective} {thing}]. |"
        "from that day on, {h} and {f} [played {game} near the {landmark} every {day}|"
        "went to {town} every {day}|shared every {snack} and {snack}|kept {items}]. |"
        "{ending_alone}|{ending_alone}|"
        "then they [went|walked|ran|hurried] home [with {items}|past the {place_adjective} "
        "{landmark}|to {town}]. "
    ),
    "ending_alone": (
        "that night, {h} [slept {sleep}|dreamed of {dream}|dreamed of {dream} and {dream}]. |"
        "and {h} never forgot [that {weather_adjective} {season}|the {colour} {landmark}|"
        "{dream}]. |the next {day}, {h} [told {person} about|gave {person}|sold] {items}. |"
        "<what a {day_quality} and {day_quality} day!> {said} {h}. |"
        "{h} [went|walked|ran|hurried] home [with {items}|past the {place_adjective} {landmark}|"
        "to {town}]. |even in {town}, [everyone|{person}] spoke about it for {number} [days|weeks|"
        "years]. "
    ),
    "sleep": "under a {plain_adjective} {colour} blanket|like a {character_adjective} {animal}|"
    "beside {an_item}",
    "dream": "{an_item}|{a_sight}|a {character_adjective} {animal}|{colour} {material}|{person}|"
    "{town}",
    "day_quality": "strange|busy|lucky|funny|{weather_adjective}",
}
