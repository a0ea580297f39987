"""Hyperparameter tuning jobs of SageMaker's API: training jobs of the local pool, each with other parameters."""
