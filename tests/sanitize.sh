#!/bin/sh
# Runs the tests of the native kernels under the address and undefined-behaviour sanitizers.
# The kernels are built in a copy, so that those of the source tree stay as they are.
# PYTHON names the interpreter with Cython and the test tools; arguments go to pytest.
set -eu

python=${PYTHON:-python3}
root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

case $python in */*) python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python") ;; esac

cp -r "$root/mbmd" "$root/tests" "$root/setup.py" "$root/pyproject.toml" "$root/README.md" "$root/LICENSE" "$scratch"
cd "$scratch"
rm -f mbmd/_native/*.so
MBMD_SANITIZE=1 "$python" setup.py -q build_ext --inplace

runtime() {
    path=$("${CC:-gcc}" -print-file-name="$1")
    # A bare name comes back for a library that the compiler does not have.
    [ -e "$path" ] || { echo "$1 is missing" >&2; exit 1; }
    echo "$path"
}
asan=$(runtime libasan.so)
ubsan=$(runtime libubsan.so)

# Without Python's own allocator every bytes object has red zones around it. Python leaks at exit by design.
# What was freed is held back for a while, but not so much that tests of resident memory count it.
export PYTHONMALLOC=malloc
export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1:quarantine_size_mb=16
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export HYPOTHESIS_PROFILE=sanitize
preload="$asan $ubsan"

for kernel in counters crc decode exchange framing query timer window; do
    LD_PRELOAD=$preload "$python" - "$kernel" <<'CHECK'
import importlib, os, sys
path = importlib.import_module(f"mbmd._native.{sys.argv[1]}").__file__
with open(path, "rb") as built:
    sanitized = b"__asan_init" in built.read()
sys.exit(None if sanitized and path.startswith(os.getcwd()) else f"{path} is not built with sanitizers")
CHECK
done

# Capturing what is written to descriptor 2 would swallow the report of a sanitizer, which ends the process.
LD_PRELOAD=$preload "$python" -m pytest --capture=sys -p no:cacheprovider tests/unit/native "$@"
