# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The status of a pipeline: from facts to words (`view`), and from words to lines and a page."""

from __future__ import annotations

from .glance import is_row, row
from .view import UNSHOWN, render, summary, view

__all__ = ["UNSHOWN", "is_row", "render", "row", "summary", "view"]
