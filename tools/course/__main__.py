"""Rewrites the course: ``python -m tools.course [--translated] [PAGE...]``; pages by number."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.course import notebooks, pages


def rendered(page: Path) -> dict[Path, str]:
    """Every file generated from an English page, with its content."""
    found = pages.run(page)
    files = {page: found.text}
    for name, picture in found.pictures.items():
        files[pages.ENGLISH / "pictures" / f"{name}.svg"] = picture
    files[pages.ENGLISH / "notebooks" / f"{page.stem}.ipynb"] = notebooks.notebook(found.text)
    twin = pages.CHINESE / page.name
    if twin.exists():
        files[twin] = pages.translated(twin, found)
        for name, picture in found.pictures.items():
            file = pages.CHINESE / "pictures" / f"{name}.svg"
            files[file] = pages.words(picture, pages.terms())
        book = pages.CHINESE / "notebooks" / f"{page.stem}.ipynb"
        files[book] = notebooks.notebook(files[twin])
    return files


def main() -> None:
    """Write the files that changed; with --translated, first stamp the Chinese sections."""
    wanted = [word for word in sys.argv[1:] if not word.startswith("-")]

    def chosen(page: Path) -> bool:
        return not wanted or any(page.name.startswith(word) for word in wanted)

    for page in filter(chosen, pages.twins() if "--translated" in sys.argv else []):
        twin = pages.CHINESE / page.name
        twin.write_text(pages.stamped(page.read_text("utf-8"), twin.read_text("utf-8")), "utf-8")
    for page in filter(chosen, pages.english()):
        for path, text in rendered(page).items():
            if not path.exists() or path.read_text("utf-8") != text:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
                print("wrote", path.relative_to(pages.ROOT))


if __name__ == "__main__":
    main()
