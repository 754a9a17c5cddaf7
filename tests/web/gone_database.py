"""A program whose database can go and come back: as a disk does, or as a server that is stopped."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from planner.app import create_app
from planner.storage.database import Database


class GoneDatabase:
    """The program of a test, whose way to the database leads through a folder that can be taken away."""

    def __init__(self, runtime, config):
        # Its name is short, because the name of a socket must be.
        self._around = Path(tempfile.mkdtemp(prefix="gone-"))
        self._way = self._around / "data"
        runtime.database.close()
        self.runtime = replace(runtime, database=Database(self._lead(runtime.database.url), wait_seconds=0.2))
        self.app = create_app(self.runtime, config)

    def _lead(self, url):
        """The address that leads through the folder: a copy in it, or a link to where the server's socket is."""
        if url.get_backend_name() == "sqlite":
            self._way.mkdir()
            return url.set(database=shutil.copy(url.database, self._way))
        self._way.symlink_to(url.query["host"])
        return url.update_query_dict({"host": str(self._way)})

    def go(self):
        """It can't be opened any more."""
        self.runtime.database.close()
        self._way.rename(self._around / "elsewhere")

    def come_back(self):
        """With all that was in it."""
        (self._around / "elsewhere").rename(self._way)

    def end(self):
        """Nothing of it is left."""
        self.runtime.database.close()
        shutil.rmtree(self._around)
