"""What an experiment came to, and the table of all of them."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line. `seen` and `goal` are words; `faults` are what went wrong, `told` what else was seen."""

    experiment: str
    seen: str
    goal: str
    met: bool
    seconds: float = 0
    faults: tuple[str, ...] = ()
    told: tuple[str, ...] = ()

    def row(self) -> str:
        cells = (
            self.experiment,
            self.seen,
            self.goal,
            "yes" if self.met else "**no**",
            f"{self.seconds:.0f}",
        )
        return f"| {' | '.join(cells)} |"


def counted(
    experiment: str,
    good: int,
    of: int,
    *,
    share: float = 1,
    seconds: float = 0,
    faults: Iterable[str] = (),
    told: Iterable[str] = (),
) -> Figure:
    """So many of so many; at least `share` of them is the goal. None at all is no proof."""
    goal = "all" if share == 1 else f">= {share:.0%}"
    met = of > 0 and good >= share * of
    return Figure(experiment, f"{good} of {of}", goal, met, seconds, tuple(faults), tuple(told))


def bounded(experiment: str, value: float, most: float, unit: str, *, seconds: float = 0) -> Figure:
    """A value that must not be larger."""
    return Figure(experiment, f"{value:.1f} {unit}", f"<= {most:g} {unit}", value <= most, seconds)


def markdown(figures: Iterable[Figure]) -> str:
    """The table, and below it what went wrong, and what was told."""
    figures = list(figures)
    lines = ["| experiment | seen | goal | met | seconds |", "|---|---|---|---|---|"]
    lines += [figure.row() for figure in figures]
    wrong = [f"- {figure.experiment}: {fault}" for figure in figures for fault in figure.faults]
    told = [f"- {figure.experiment}: {each}" for figure in figures for each in figure.told]
    return "\n".join([*lines, *_below(wrong), *_below(told)])


def _below(lines: list[str]) -> list[str]:
    return ["", *lines] if lines else []
