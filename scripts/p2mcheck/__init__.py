# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands of scripts/. Each script there is about five lines that call cli.run()."""
