"""A toy in the place of `prognosis`, copied into a folder as its `__main__.py`: serves commands that misbehave."""

import json
import os
import signal
import subprocess
import sys
import time

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)


def tell(**document):
    sys.stderr.write(json.dumps(document) + "\n")
    sys.stderr.flush()


def add(a, b):
    for done in range(3):
        tell(event="progress", step="zählen", done=done + 1, total=3)
    tell(event="warning", text="schöne Grüße")
    print(f"Summe ≈ {int(a) + int(b)}", flush=True)
    return 0


def fail(code, what, remedy):
    tell(event="error", text=what, remedy=remedy)
    return int(code)


def misuse():
    sys.stderr.write("usage: prognosis …\nprognosis: error: the following arguments are required: --image\n")
    return 2


def chatter(megabytes):
    for _ in range(int(megabytes)):
        sys.stdout.write(("x" * 99 + "\n") * 10_000)
        sys.stderr.write(("{no message}" + "y" * 87 + "\n") * 10_000)
    return 0


def flood():
    while True:
        sys.stderr.write("z" * 1000 + "\n")


def show(name):
    print(os.environ.get(name, "not set"), flush=True)
    return 0


def crash():
    sys.stderr.write("Traceback …\nModuleNotFoundError: No module named 'torch'\n")
    sys.stderr.flush()
    os._exit(1)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def stubborn():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE)
    child.stdout.readline()
    tell(event="progress", step="deaf", done=0, total=1)
    time.sleep(60)


def tidy(path):
    def tidy_up(*_):
        time.sleep(0.3)
        open(path, "w").close()  # noqa: PTH123
        sys.exit(130)

    signal.signal(signal.SIGTERM, tidy_up)
    tell(event="progress", step="at work", done=0, total=1)
    time.sleep(60)


def options():
    print(*sys.argv[2:], flush=True)
    return 0


def leave_a_child():
    subprocess.Popen([sys.executable, "-c", STUBBORN])
    os._exit(0)


def then_idle_out():
    """End well, and be gone when the next command comes."""
    return 0


COMMANDS = {
    function.__name__: function
    for function in (
        add,
        fail,
        misuse,
        chatter,
        flood,
        show,
        crash,
        die,
        stubborn,
        tidy,
        options,
        leave_a_child,
        then_idle_out,
    )
}


def serve():
    tell(event="ready")
    for line in iter(sys.stdin.readline, ""):
        request = json.loads(line)
        name, *arguments = request["arguments"]
        assert arguments.pop() == "--progress=json"
        tell(event="started", id=request["id"])
        code = COMMANDS[name](*arguments)
        sys.stdout.flush()
        tell(event="finished", id=request["id"], code=code)
        if name == "then_idle_out":
            sys.stdin.readline()
            return


if __name__ == "__main__":
    assert sys.argv[1] == "serve"
    serve()
