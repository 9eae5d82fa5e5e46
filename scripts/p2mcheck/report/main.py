# SPDX-License-Identifier: GPL-2.0-or-later
"""Puts all measured figures on one page: build/report/index.html.

It reads the figures in the build folder, and the planted bugs. It measures nothing. The
page lists missing figures, each with the command that makes it. It is an error if there are no figures. The same
figures make the same page. The page loads nothing and runs no script.
"""

import os

from p2mcheck import cli, files, programs
from p2mcheck.report.data import Data


def main():
    parser = cli.Parser(__doc__)
    parser.setting("figures", "", cli.folder, "the folder with the figures, if not that of --build")
    args = parser.parse()
    programs.setup("python3-jinja2", "python3-matplotlib", "graphviz")
    from p2mcheck.report import page  # pylint: disable=import-outside-toplevel
    here, figures = programs.Programs(args.build), args.figures or args.build
    here.make(here.p2m_case())
    data, path = Data(figures, here), f"{figures}/report/index.html"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    text = page.of(data)
    files.write(path, text)
    print(f"report: {path}, {len(text.encode()) >> 10} KiB; " +
          (f"missing: {', '.join(source.what for source in data.missing)}" if data.missing else "no file is missing"))
    return 0
