# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Times as modules return them, and in words."""

from __future__ import annotations

from datetime import datetime, timedelta


def moment(told: str | None) -> datetime | None:
    """A time as modules return it, ISO 8601."""
    return datetime.fromisoformat(told) if told else None


def duration(seconds: float) -> str:
    """Seconds in words: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `3 d`."""
    if seconds < 10:  # noqa: PLR2004 - tenths matter up to there
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if days:
        return f"{days} d"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def ago(age: timedelta) -> str:
    """How long ago, in its largest unit alone: `12 s ago`, `3 min ago`, `2 h ago`, `3 d ago`."""
    seconds = max(age.total_seconds(), 0)
    size, unit = next(
        ((size, unit) for size, unit in ((86400, "d"), (3600, "h"), (60, "min")) if seconds >= size), (1, "s")
    )
    return f"{seconds // size:.0f} {unit} ago"
