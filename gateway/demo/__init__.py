"""What `sallygate run --demo` adds: a folder of sample manifests, a development CA, and backends that answer."""
