"""The report: a versioned document, and its renderings."""
