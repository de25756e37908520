"""Descriptors: a thousand connections take more than most shells allow."""

import resource


def allow_many_files() -> None:
    """Let this process, and its children, have as many files as the system allows at all."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
