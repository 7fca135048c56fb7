"""GitHub's expressions, as far as a workflow's jobs are decided by them: `vars.NAME != '' && !cancelled()`.

Known are literals, contexts, `! == != && ||`, parentheses, and the functions that ask how needed jobs ended.
"""

import re
from collections.abc import Callable, Mapping

from local_cloud.errors import WorkflowError

TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[A-Za-z_][\w-]*(?:\.[\w-]+)*|\d+|==|!=|&&|\|\||[!()])")
PLACE = re.compile(r"\$\{\{(.*?)\}\}")
LITERALS = {"true": True, "false": False, "null": None}

Value = object
"""Text, number, truth or nothing; a context where a name has something below it."""
Contexts = Mapping[str, Value]


def condition(text: str | None, contexts: Contexts) -> bool:
    """Whether a job with this `if` runs: one that does not ask how others ended needs their success."""
    said = str(text or "").strip()
    whole = PLACE.fullmatch(said)
    inner = (whole[1] if whole else said).strip() or "success()"
    if not re.search(r"\b(always|cancelled|failure|success)\(", inner):
        inner = f"success() && ({inner})"
    return bool(evaluate(inner, contexts))


def filled(text: str, contexts: Contexts) -> str:
    """The text with every `${{ }}` in it evaluated."""
    return PLACE.sub(lambda found: _text(evaluate(found[1], contexts)), text)


def evaluate(text: str, contexts: Contexts) -> Value:
    """The value of an expression. Raises WorkflowError for one that is not understood."""
    tokens, place = [], 0
    while place < len(text.rstrip()):
        found = TOKEN.match(text, place)
        if found is None:
            raise WorkflowError(
                f"the expression {text.strip()!r} is not understood at {text[place:].strip()!r}"
            )
        tokens.append(found[1])
        place = found.end()
    reader = _Reader(tokens, contexts, text.strip())
    value = reader.either()
    reader.end()
    return value


class _Reader:
    """Reads tokens from the left, `||` binding least."""

    def __init__(self, tokens: list[str], contexts: Contexts, text: str) -> None:
        self.tokens, self.contexts, self.text = tokens, contexts, text

    def either(self) -> Value:
        value = self.both()
        while self._next("||"):
            other = self.both()
            value = value or other
        return value

    def both(self) -> Value:
        value = self.same()
        while self._next("&&"):
            other = self.same()
            value = value and other
        return value

    def same(self) -> Value:
        value = self.one()
        for sign, wanted in (("==", True), ("!=", False)):
            if self._next(sign):
                return (_folded(value) == _folded(self.one())) is wanted
        return value

    def one(self) -> Value:
        if self._next("!"):
            return not self.one()
        if self._next("("):
            value = self.either()
            self._require(")")
            return value
        token = self._take()
        if self._next("("):
            self._require(")")
            return self._called(token)
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token.isdigit():
            return int(token)
        return LITERALS[token] if token in LITERALS else self._looked_up(token)

    def end(self) -> None:
        if self.tokens:
            raise self._error(self.tokens[0])

    def _called(self, name: str) -> bool:
        needs = self.contexts.get("needs")
        results = [each["result"] for each in needs.values()] if isinstance(needs, Mapping) else []
        functions: dict[str, Callable[[], bool]] = {
            "always": lambda: True,
            "cancelled": lambda: False,
            "failure": lambda: "failure" in results,
            "success": lambda: all(each == "success" for each in results),
        }
        if name not in functions:
            raise self._error(f"{name}()")
        return functions[name]()

    def _looked_up(self, path: str) -> Value:
        """What is not there is nothing, as at GitHub; a context that is not known here is an error."""
        first, *rest = path.split(".")
        if first not in self.contexts:
            raise self._error(path)
        value = self.contexts[first]
        for name in rest:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def _next(self, token: str) -> bool:
        if self.tokens[:1] == [token]:
            self.tokens.pop(0)
            return True
        return False

    def _take(self) -> str:
        if not self.tokens or self.tokens[0] in {"==", "!=", "&&", "||", ")"}:
            raise self._error(self.tokens[0] if self.tokens else "its end")
        return self.tokens.pop(0)

    def _require(self, token: str) -> None:
        if not self._next(token):
            raise self._error(self.tokens[0] if self.tokens else "its end")

    def _error(self, at: str) -> WorkflowError:
        return WorkflowError(f"the expression {self.text!r} is not understood at {at}")


def _folded(value: Value) -> Value:
    """Texts are equal in any case, and nothing is the empty text."""
    return "" if value is None else value.lower() if isinstance(value, str) else value


def _text(value: Value) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
