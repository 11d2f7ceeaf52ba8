"""Tatoeba English to Chinese: see `gpt2.evaluation.translations`."""

from gpt2.evaluation.benchmark import File
from gpt2.evaluation.translations import translation

BENCHMARK = translation(
    "tatoeba-en-zh",
    "Tatoeba English to Chinese",
    "en",
    "zh",
    (
        File(
            "tatoeba-test-v2021-08-07.eng-zho.eng",
            "75bb1a99ffa2410ae901f0c2aad376effc97fa116e5546b51e1a27793a7fc39e",
        ),
        File(
            "tatoeba-test-v2021-08-07.eng-zho.zho",
            "af2b796d041e916ced5191392bf20ecbeac71e918613079680da1f7646561fd4",
        ),
    ),
    published="https://github.com/Helsinki-NLP/Tatoeba-Challenge",
    licence="CC BY 2.0 FR",
    get="The test set eng-zho of the Tatoeba challenge, version v2021-08-07.",
)
