"""What the makers' command-line tools print of GPUs, and what nvidia_gpu_exporter makes of it."""
