"""Makes the pictures of the README: `python -m tests.screenshots`."""

import argparse
import tempfile
from pathlib import Path

from tests.browser.chromium import Thread, chromium
from tests.browser.pictures import PICTURES, STREETS, take
from tests.browser.street import street

KEPT = Path(__file__).parents[1] / "docs" / "screenshots"


def main() -> None:
    """Make all pictures anew."""
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=KEPT, help="default: %(default)s")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    thread = Thread()
    with tempfile.TemporaryDirectory() as scratch, thread.entered(chromium()) as browser:
        for name, pictures in PICTURES.items():
            with street(Path(scratch) / name, STREETS[name]) as made:
                thread.run(take(browser, made, pictures, folder))
            print(*(folder / picture.file for picture in pictures), sep="\n")
    thread.close()


if __name__ == "__main__":
    main()
