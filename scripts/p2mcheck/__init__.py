# SPDX-License-Identifier: GPL-2.0-or-later
"""What the commands in scripts/ do. Each of them is some five lines that call cli.run()."""
