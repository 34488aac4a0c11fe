# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmark: five ways for a guest to be migrated with its network. See ../README.md."""
