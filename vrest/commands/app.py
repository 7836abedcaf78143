"""`vrest app`: the same analysis by hand and eye, in a browser on one's own machine."""

import argparse
from pathlib import Path

from ..flags import whole
from ..models.errors import ConfigurationError

FOLDER = "vrest-app"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", type=whole(1, 65535), default=0, metavar="N", help="of 127.0.0.1 (default: a free one)"
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address, and open nothing")
    parser.add_argument(
        "--folder", default=FOLDER, metavar="DIR", help=f"where all tables and results are kept (default: {FOLDER})"
    )


def run(options: argparse.Namespace) -> int:
    try:
        from ..app.serve import serve
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        raise ConfigurationError(f"it needs {error.name}: pip install 'vrest[app]'.") from None
    serve(Path(options.folder), options.port, not options.no_browser)
    return 0
