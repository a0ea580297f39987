"""CloudWatch Application Signals: objectives of service levels, and the services that spans tell of."""
