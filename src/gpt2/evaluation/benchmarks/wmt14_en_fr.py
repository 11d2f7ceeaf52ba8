"""WMT14 English to French: see `gpt2.evaluation.translations`."""

from gpt2.evaluation.benchmark import File
from gpt2.evaluation.translations import translation

BENCHMARK = translation(
    "wmt14-en-fr",
    "WMT14 English to French",
    "en",
    "fr",
    (
        File(
            "newstest2014.fr-en.en",
            "9a12cb6e8efb3509ebede627e4a9c83ee64935509d561ff70f4b7bd5f93f6096",
        ),
        File(
            "newstest2014.fr-en.fr",
            "2bd07dc204f965bf88e90adb6223a8cb850f9bf9840df6af1f4945195936656e",
        ),
    ),
    published="https://www.statmt.org/wmt14/",
    licence="research use",
    get="newstest2014 of WMT14, fr-en, as plain text; sacrebleu -t wmt14 -l en-fr --echo gives it.",
    paper="5 BLEU of the 1558M model (section 3.7)",
)
