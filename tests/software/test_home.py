"""What is finished, and what is not any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from software.home import Home, is_done, making


def test_a_part_that_was_broken_off_is_not_what_it_was(tmp_path: Path) -> None:
    """Another version was begun and stopped; then the first one is asked for again."""
    home = Home(tmp_path)
    with making(home, "runner", "one"):
        assert not is_done(home, "runner", "one")
    assert is_done(home, "runner", "one")
    with pytest.raises(KeyboardInterrupt), making(home, "runner", "two"):
        raise KeyboardInterrupt
    assert not is_done(home, "runner", "one")
    assert not is_done(home, "runner", "two")
    with making(home, "front", "three"):
        pass
    assert is_done(home, "front", "three")
