"""`mbmd completion`: the script with which a shell completes `mbmd`, and the answers that it asks for."""

import argparse

SHELLS = ("bash", "zsh", "fish")

_EPILOG = """\
to install it, for yourself:
  bash  mkdir -p ~/.local/share/bash-completion/completions
        mbmd completion bash > ~/.local/share/bash-completion/completions/mbmd
  zsh   mkdir -p ~/.zfunc && mbmd completion zsh > ~/.zfunc/_mbmd
        and in ~/.zshrc:  fpath+=~/.zfunc; autoload -U compinit && compinit
  fish  mkdir -p ~/.config/fish/completions
        mbmd completion fish > ~/.config/fish/completions/mbmd.fish

examples:
  source <(mbmd completion bash)
  mbmd completion fish | source
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "completion",
        help="print the script that lets a shell complete commands",
        description="Print the script with which a shell completes commands, options, types of devices and adapters.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=f"one of {', '.join(SHELLS)}")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    from argcomplete.shell_integration import shellcode

    print(shellcode(["mbmd"], shell=args.shell), end="")
    return 0


def answer(parser: argparse.ArgumentParser) -> None:
    """Answer a shell that asks how its line may go on, and end the process."""
    from argcomplete import autocomplete
    from argcomplete.completers import SuppressCompleter

    from mbmd.cli import completers

    completers.attach(parser)
    autocomplete(parser, always_complete_options=False, default_completer=SuppressCompleter())
