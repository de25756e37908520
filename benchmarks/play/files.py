"""Descriptors: a thousand connections take more than most shells allow."""

import resource


def allow_many_files() -> None:
    """Let this process, and its children, have as many files as the system allows at all."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def too_few_files(needed: int) -> str | None:
    """Why a process cannot have so many files here, and what to do; None if it can."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY or most >= needed:
        return None
    return f"a process may have only {most} files: allow {needed} with ulimit -Hn"
