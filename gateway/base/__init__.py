"""What every layer may use and that knows nothing of gateways: time, waiting, logging, tasks."""
