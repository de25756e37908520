"""Speeds that users feel, each as a ratio measured in one run."""
