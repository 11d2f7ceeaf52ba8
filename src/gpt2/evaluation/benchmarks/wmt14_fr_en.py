"""WMT14 French to English: see `gpt2.evaluation.translations`."""

from gpt2.evaluation.benchmark import File
from gpt2.evaluation.translations import translation

BENCHMARK = translation(
    "wmt14-fr-en",
    "WMT14 French to English",
    "fr",
    "en",
    (
        File(
            "newstest2014.fr-en.fr",
            "2bd07dc204f965bf88e90adb6223a8cb850f9bf9840df6af1f4945195936656e",
        ),
        File(
            "newstest2014.fr-en.en",
            "9a12cb6e8efb3509ebede627e4a9c83ee64935509d561ff70f4b7bd5f93f6096",
        ),
    ),
    published="https://www.statmt.org/wmt14/",
    licence="research use",
    get="newstest2014 of WMT14, fr-en, as plain text; sacrebleu -t wmt14 -l fr-en --echo gives it.",
    paper="11.5 BLEU of the 1558M model (section 3.7)",
)
