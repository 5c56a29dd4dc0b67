"""The HTTP API: programs submit, watch, cancel and retry jobs. docs/api.md, openapi.yaml."""
