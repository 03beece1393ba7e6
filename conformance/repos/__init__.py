"""Git: servers with credentials and an access log, and what is pushed to them."""
