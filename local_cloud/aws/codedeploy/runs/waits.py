# ruff: noqa: ANN401 - AWS's answers are what they are
"""Steps of a deployment that wait: for time to pass, for what another service answers."""

from collections.abc import Callable, Generator
from typing import Any, TypeVar

from local_cloud.aws.autoscaling.options import options as scaling_options
from local_cloud.aws.codedeploy.runs.service import Errand, Service, ServiceError

T = TypeVar("T")
Steps = Generator[None, None, T]
"""What is done under the run's lock, up to each `yield`: there nothing more can be done before something
changes. Whoever goes on with it does so after each change."""


class Waits:
    """Of one run. `ask` takes calls of other services."""

    def __init__(self, ask: Callable[[Errand], None]) -> None:
        self._ask = ask
        self.until: float | None = None
        """The moment that is waited for, on Auto Scaling's clock, which tests move."""

    @property
    def seconds(self) -> float | None:
        """How long it takes until then; None where no moment is waited for."""
        if self.until is None:
            return None
        return (self.until - scaling_options.clock.now()) / scaling_options.clock.speed

    def wait(self, seconds: float, unless: Callable[[], bool] = lambda: False) -> Steps[bool]:
        """Until the time is over, or something else is the case; whether that was it."""
        self.until = scaling_options.clock.now() + seconds
        try:
            while not unless() and scaling_options.clock.now() < self.until:
                yield
            return unless()
        finally:
            self.until = None

    def answer(self, call: Callable[..., Any], *arguments: object) -> Steps[Any]:
        """What other services answer: `call` gets the Service, and the arguments. Raises ServiceError."""
        answers: list[tuple[Any, ServiceError | None]] = []

        def made(service: Service) -> Any:
            return call(service, *arguments)

        self._ask(Errand(made, lambda answer, error: answers.append((answer, error))))
        while not answers:
            yield
        answer, error = answers[0]
        if error:
            raise error
        return answer
