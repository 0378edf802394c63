"""The process around the compiled data plane: control socket, log pump, health. Never on the path of a request."""
