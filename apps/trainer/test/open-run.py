"""Opens every Arrow file of a run with every reader, again and again until standard input ends, and once more then."""

import json
import sys
import threading
from pathlib import Path

import pandas
import polars
import pyarrow.dataset
import pyarrow.ipc

try:
    import duckdb
except ImportError:
    duckdb = None

run = Path(sys.argv[1])


def readers(path):
    yield "polars", lambda: polars.read_ipc(path).height
    yield "polars, lazy", lambda: polars.scan_ipc(path).select(polars.len()).collect().item()
    yield "pandas", lambda: len(pandas.read_feather(path))
    yield "pyarrow", lambda: pyarrow.ipc.open_file(path).read_all().num_rows
    yield "pyarrow.dataset", lambda: pyarrow.dataset.dataset(path, format="ipc").to_table().num_rows
    if duckdb is not None:
        table = pyarrow.dataset.dataset(path, format="ipc")  # noqa: F841: DuckDB finds it by its name
        yield "duckdb", lambda: duckdb.sql("select count(*) from table").fetchone()[0]


ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
opened, least = 0, {}
while True:
    last = ended.is_set()
    for path in sorted(run.glob("*.arrow")) + sorted(run.glob("checkpoints/*.arrow")):
        for name, rows in readers(str(path)):
            count = rows()
            opened += 1
            if count < least.get(path.name, 0):
                raise SystemExit(f"{path} by {name}: {count} rows, there were {least[path.name]}")
            least[path.name] = count
    if last:
        break
schema = pyarrow.ipc.open_file(str(run / "tensors.arrow")).schema
metadata = {key.decode(): value.decode() for key, value in schema.metadata.items()}
print(json.dumps({"opened": opened, "rows": least, "types": {f.name: str(f.type) for f in schema}, "metadata": metadata}))
