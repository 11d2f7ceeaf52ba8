"""WMT19 English to Chinese: see `gpt2.evaluation.translations`."""

from gpt2.evaluation.benchmark import File
from gpt2.evaluation.translations import translation

BENCHMARK = translation(
    "wmt19-en-zh",
    "WMT19 English to Chinese",
    "en",
    "zh",
    (
        File(
            "2019_en-zh_newstest2019.en",
            "3a62f94f5c42a395d4452ec890ca45afc75866b5b4b1d493429433cfe8469fe9",
        ),
        File(
            "2019_en-zh_newstest2019.zh",
            "2d959e3c6ab3cfab2b8974ad739da45366fae157f24299d3b901c6869960c65b",
        ),
    ),
    published="https://www.statmt.org/wmt19/",
    licence="research use",
    get="newstest2019 of WMT19, en-zh, as plain text; sacrebleu -t wmt19 -l en-zh --echo gives it.",
)
