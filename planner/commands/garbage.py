"""Python's collector of garbage: it shall not stop an answer to look at what is there for good."""

import gc
from typing import Final

# Answering a busy page makes some ten thousand objects, most of which end with it.
_YOUNG: Final = 10_000


def settle() -> None:
    """Count all that is there now as never to be thrown away.

    A full collection looks at every object of the program, which takes as long as drawing two pages, and comes in the
    middle of an answer. Called when much was loaded: before the first answer, and once the machine code is there. What
    comes later is collected as before.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
