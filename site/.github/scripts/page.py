"""What a visitor would stumble over: index.html, and what the published pages refer to.

Markup is read by Python's own parser: a runner has it, offline and unpinned. It
knows which end tags HTML lets one leave out, and reports only what no browser
would read as it was meant.
"""

import posixpath
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

INDEX = "index.html"
VOID = (
    *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track"),
    "wbr",
)
OMISSIBLE = (
    *("body", "caption", "colgroup", "dd", "dt", "head", "html", "li", "optgroup", "option", "p", "rp", "rt"),
    *("tbody", "td", "tfoot", "th", "thead", "tr"),
)
"""Elements whose end tag may be missing."""
IMPLIED = {"body", "colgroup", "head", "html", "tbody"}
"""Elements whose start tag may be missing too."""
FOREIGN = ("svg", "math")
RAW_TEXT = ("script", "style", "title", "textarea", "iframe", "noembed", "noframes", "xmp")
"""Elements in which nothing is markup."""
REFERRING = {"data", "href", "poster", "src", "xlink:href"}
ORIGIN = "http://site.invalid/"
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CSS_REFERENCE = re.compile(
    r"""(?:url\(\s*|@import\s+)(?:"([^"\\]*)"|'([^'\\]*)')|url\(\s*([^\s"'()\\]+)\s*\)""", re.IGNORECASE
)
_REFRESH = re.compile(r"""^\s*[\d.]+\s*[;,\s]\s*(?:url\s*=\s*)?["']?([^"']+)""", re.IGNORECASE)
_MARKUP = re.compile(r"</?[a-zA-Z]|<[!?]")
_CANDIDATE = re.compile(r"[\s,]*(\S*[^\s,])(?:\s+[^,(]*(?:\([^)]*\)[^,]*)?)?(?:,|$)")


def check(root: Path, copied: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What is wrong: pairs of file and words. `copied` maps what hosts get to where it comes from."""
    index = root / INDEX
    problem = _unreadable(index)
    if problem:
        yield INDEX, problem
        return
    yield from ((INDEX, words) for words in _markup(index))
    published = next((path for path, source in copied.items() if source == str(index)), None)
    if published is None:
        yield INDEX, "is not among the files of appspec.yml: visitors would not get it"
        return
    served = Served(posixpath.dirname(published), copied)
    for path, source in served.texts():
        name = Path(source).relative_to(root).as_posix() if Path(source).is_relative_to(root) else source
        yield from ((name, words) for words in _references(path, Path(source), served))


def _unreadable(index: Path) -> str:
    if not index.exists():
        return "does not exist: visitors would get 403"
    if not index.is_file():
        return "is no file: visitors would get 403 or 404"
    try:
        return "" if index.read_text(encoding="utf-8-sig").strip() else "is empty"
    except ValueError:
        return "is not UTF-8"


class Served:
    """What nginx serves: paths below the document root, and where they come from."""

    def __init__(self, root: str, copied: dict[str, str]) -> None:
        base = root.rstrip("/") + "/"
        self._copied = copied
        self._sources = {path[len(base) :]: path for path in copied if path.startswith(base)}

    def texts(self) -> Iterator[tuple[str, str]]:
        """Pages and style sheets: path and source."""
        for path, destination in self._sources.items():
            if path.lower().endswith((".html", ".htm", ".css")) and self._is_whole(destination):
                yield path, self._copied[destination]

    def problem(self, path: str) -> str:
        """Why a visitor would not get this path; nothing where one would."""
        wanted = posixpath.normpath(f"/{path}").strip("/")
        if wanted in self._sources and not path.endswith("/"):
            return "" if self._is_whole(self._sources[wanted]) else "which is a link to what is not published"
        folder = f"{wanted}/" if wanted else ""
        if folder + INDEX in self._sources:
            return ""
        if any(each.startswith(folder) for each in self._sources):
            return f"which has no {INDEX}"
        return "which is not published: it does not exist, or is not among the files of appspec.yml"

    def _is_whole(self, destination: str, followed: int = 0) -> bool:
        """A link to a file is copied as a link: what it leads to must be there too."""
        source = self._copied.get(destination)
        if source is None or not Path(source).is_symlink():
            return source is not None
        target = posixpath.normpath(
            posixpath.join(posixpath.dirname(destination), str(Path(source).readlink()))
        )
        return followed < 40 and self._is_whole(target, followed + 1)  # noqa: PLR2004 - as Linux


def _markup(index: Path) -> Iterator[str]:
    document = Document()
    try:
        document.feed(index.read_text(encoding="utf-8-sig"))
        document.close()
    except AssertionError as error:
        yield f"cannot be read: {error}"
        return
    if not document.doctype:
        yield "does not begin with <!DOCTYPE html>"
    yield from document.problems
    yield from (f"<{tag}> is not closed" for tag in document.open if tag not in OMISSIBLE)
    if not document.title.strip():
        yield "has no <title>, or an empty one"


def _references(path: str, source: Path, served: Served) -> Iterator[str]:
    try:
        text = source.read_text(encoding="utf-8-sig")
    except ValueError:
        yield "is not UTF-8"
        return
    base = urljoin(ORIGIN, path)
    if path.lower().endswith(".css"):
        references = list(_of_css(text))
    else:
        document = Document()
        try:
            document.feed(text)
            document.close()
        except AssertionError:
            return
        references, base = document.references, urljoin(base, document.base)
    for reference in dict.fromkeys(references):
        try:
            url = urlsplit(urljoin(base, reference.strip()))
        except ValueError:
            yield f"refers to {reference}, which is no URL"
            continue
        if f"{url.scheme}://{url.netloc}/" != ORIGIN:
            continue
        problem = served.problem(unquote(url.path, errors="surrogateescape"))
        if problem:
            yield f"refers to {reference}, {problem}"


def _of_css(text: str) -> Iterator[str]:
    for groups in _CSS_REFERENCE.findall(_CSS_COMMENT.sub("", text)):
        yield next(filter(None, groups), "")


class Document(HTMLParser):
    """Notes what is opened, closed and referred to."""

    CDATA_CONTENT_ELEMENTS = RAW_TEXT  # type: ignore[misc] # Final, but where it is read

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.problems: list[str] = []
        self.references: list[str] = []
        self.base = ""
        self.doctype = False
        self.title = ""
        self._begun = False

    def close(self) -> None:
        """Note a comment or a tag that does not end: no browser shows what is after its beginning."""
        if not self.cdata_elem and _MARKUP.match(self.rawdata):
            self._note(f"{self.rawdata.split()[0]} begins a comment or a tag that does not end")
        super().close()

    def handle_decl(self, decl: str) -> None:
        """The doctype, where nothing but comments is before it."""
        name = " ".join(decl.lower().replace("'", '"').split())
        if not self._begun and name in ("doctype html", 'doctype html system "about:legacy-compat"'):
            self.doctype = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember it, and the files that it needs."""
        self._begun = True
        given = {name: value or "" for name, value in reversed(attrs)}
        if tag == "img" and not given.keys() & {"alt", "title"} and "figure" not in self.open:
            self._note("an <img> has no alt")
        if tag == "base":
            self.base = self.base or given.get("href", "")
        else:
            self.references += [value for name, value in given.items() if name in REFERRING and value.strip()]
        for name in ("srcset", "imagesrcset"):
            self.references += _CANDIDATE.findall(given.get(name, ""))
        self.references += _of_css(given.get("style", ""))
        if tag == "meta" and given.get("http-equiv", "").lower() == "refresh":
            self.references += _REFRESH.findall(given.get("content", ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """As <br/>; in SVG and MathML every element may be closed so."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID and any(each in FOREIGN for each in self.open):
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """It closes what was opened last, and what needs no end tag."""
        if tag not in self.open:
            if tag not in IMPLIED:
                self._note(f"</{tag}> closes nothing that is open")
            return
        while (last := self.open.pop()) != tag:
            if last not in OMISSIBLE:
                self._note(f"<{last}> is not closed before </{tag}>")

    def handle_data(self, data: str) -> None:
        """Text: of a style sheet, of the title, or of the page."""
        self._begun = self._begun or bool(data.strip())
        inside = self.open[-1:]
        if inside == ["style"]:
            self.references += _of_css(data)
        elif inside == ["title"] and "svg" not in self.open:
            self.title += data

    def _note(self, words: str) -> None:
        self.problems.append(f"line {self.getpos()[0]}: {words}")
