"""Service Quotas: quotas of AWS accounts that are read, and of teams on own clusters."""
