"""Here and not beside the plugin's tests: pytest wants the name of a plugin in a conftest.py that it loads first."""

import signal

pytest_plugins = ("pytester",)


def pytest_configure() -> None:
    """Undo what `nohup` and background jobs hand down: the children of these tests must see SIGINT and SIGHUP."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
