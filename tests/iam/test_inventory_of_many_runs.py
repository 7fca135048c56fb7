"""One account's inventory, when several runs begin at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local_cloud.testing.clouds import running
from tests.iam.pipeline import Pipeline

RUNS = 8


def test_runs_that_begin_at_once_read_the_same(tmp_path: Path) -> None:
    with running(tmp_path / "local_cloud") as cloud, ThreadPoolExecutor(RUNS) as pool:
        pipeline = Pipeline(cloud, tmp_path)

        def read(_: int) -> dict[str, str]:
            folder = pipeline.inventory(pipeline.root)
            return {str(path): path.read_text() for path in folder.rglob("*.yml")}

        first, *others = pool.map(read, range(RUNS))
    assert any(cloud.endpoint_url in text for text in first.values())
    assert others == [first] * (RUNS - 1)
