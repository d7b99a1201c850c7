//! The words of the imdb grammar.

pub(super) const GENRES: [&str; 12] = [
    "horror",
    "comedy",
    "drama",
    "crime",
    "war",
    "science fiction",
    "romance",
    "fantasy",
    "family",
    "mystery",
    "western",
    "sports",
];
pub(super) const SUBJECTS: [&str; 16] = [
    "a lost ship",
    "two brothers",
    "a talking dog",
    "an old detective",
    "a small village",
    "a bank robbery",
    "a young singer",
    "a haunted hotel",
    "a secret agent",
    "a chess player",
    "a broken family",
    "a road trip",
    "a strange planet",
    "a famous painter",
    "a high school band",
    "an angry ghost",
];
pub(super) const COMPANY: [&str; 9] = [
    "my wife",
    "my husband",
    "my kids",
    "two friends",
    "my brother",
    "my mother",
    "a colleague",
    "my roommate",
    "nobody else",
];
pub(super) const TIMES: [&str; 10] = [
    "last night",
    "on sunday",
    "yesterday",
    "last week",
    "on a long flight",
    "at the cinema",
    "on television",
    "during the holidays",
    "at a festival",
    "on a rainy day",
];
pub(super) const OPENINGS: [&str; 6] = [
    "i watched this {g} film about {s} with {w} {t}.",
    "we saw the {g} movie about {s} {t}.",
    "{t} i saw a {g} film with {w}. it is about {s}.",
    "this {g} movie tells the story of {s}. i saw it {t}.",
    "i rented a {g} movie about {s} and watched it with {w}.",
    "so this is a {g} film about {s}. i watched it {t}.",
];

pub(super) const ASPECTS: [&str; 12] = [
    "acting",
    "story",
    "music",
    "camera work",
    "ending",
    "dialogue",
    "pacing",
    "lead actor",
    "humor",
    "costume design",
    "first half",
    "final scene",
];
pub(super) const GOOD: [&str; 10] = [
    "great",
    "wonderful",
    "beautiful",
    "moving",
    "clever",
    "charming",
    "brilliant",
    "fresh",
    "memorable",
    "superb",
];
pub(super) const BAD: [&str; 10] = [
    "bad",
    "awful",
    "boring",
    "weak",
    "terrible",
    "stupid",
    "dull",
    "cheap",
    "forgettable",
    "lifeless",
];
pub(super) const STRONG: [&str; 5] = ["absolutely", "truly", "incredibly", "so", "really"];
pub(super) const MILD: [&str; 4] = ["quite", "rather", "fairly", ""];

pub(super) const LIKED: [&str; 4] = [
    "it was good.",
    "i liked it.",
    "it was a nice {g} film.",
    "we had a good time.",
];
pub(super) const DISLIKED: [&str; 4] = [
    "it was bad.",
    "i did not like it.",
    "it was a poor {g} film.",
    "we were disappointed.",
];
pub(super) const RECOMMENDS: [&str; 4] = [
    "i would recommend it to anyone.",
    "you should watch it.",
    "do not miss this one.",
    "go and see it with your friends.",
];
pub(super) const URGES: [&str; 3] = [
    "i strongly recommend it to everyone!",
    "you have to watch it right now!",
    "please do not miss this gem!",
];
pub(super) const WARNS: [&str; 4] = [
    "i would not recommend it.",
    "skip this one.",
    "save your money.",
    "stay away from it.",
];
pub(super) const WARNS_LOUDLY: [&str; 3] = [
    "please stay away from this mess!",
    "do not waste your time on this!",
    "avoid it at all costs!",
];
pub(super) const CHEERS: [&str; 3] = [
    "i loved every minute!",
    "wow, what a film!",
    "i could watch it again and again!",
];
pub(super) const GROANS: [&str; 3] = [
    "i hated every minute!",
    "wow, what a mess!",
    "i wanted to leave the room!",
];
