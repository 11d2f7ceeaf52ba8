"""WMT19 Chinese to English: see `gpt2.evaluation.translations`."""

from gpt2.evaluation.benchmark import File
from gpt2.evaluation.translations import translation

BENCHMARK = translation(
    "wmt19-zh-en",
    "WMT19 Chinese to English",
    "zh",
    "en",
    (
        File(
            "2019_zh-en_newstest2019.zh",
            "394db8239f1bd88d979293c8ce36573a2aaf6b21d5aa25771020f2c865590ffe",
        ),
        File(
            "2019_zh-en_newstest2019.en",
            "8c8ffef4353bf24a685208e8f3d2aa1597ea3b66e6e614d84c850a87303d3900",
        ),
    ),
    published="https://www.statmt.org/wmt19/",
    licence="research use",
    get="newstest2019 of WMT19, zh-en, as plain text; sacrebleu -t wmt19 -l zh-en --echo gives it.",
)
