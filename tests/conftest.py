"""Here and not beside the plugin's tests: pytest wants the name of a plugin in a conftest.py that it loads first."""

pytest_plugins = ("pytester",)
