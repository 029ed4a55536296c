"""The CLI, many commands in one process: its own code, loaded once. Started by run.sh with the CLI's Python.

A command comes in as NUL-ended words: how many arguments there are, the files for its output and its
errors, the folder it runs in, then the arguments. Its exit code goes out as a line. With `check` in place of
the number, the two files and an expression follow, and why it does not hold goes out (see check.py).
"""

import logging
import os
import sys

import check


def words(source):
    """The NUL-ended words of a stream, as they come."""
    pending = b""
    while chunk := os.read(source, 65536):
        *whole, pending = (pending + chunk).split(b"\0")
        for word in whole:
            yield word.decode()


def invoke(arguments):
    """What `az` does between its start and its end, and the exit code it would have ended with."""
    from azure.cli.core import get_default_cli, telemetry

    cli = get_default_cli()
    telemetry.start()
    try:
        return cli.invoke(arguments) or 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        # Each process would have handlers of its own; here they would add up.
        for name in ("cli", "az", "azure", "msal", "urllib3", ""):
            logging.getLogger(name).handlers.clear()


def into(path, descriptor):
    """From now on the descriptor writes to a fresh file."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(file, descriptor)
    os.close(file)


def main():
    commands, answers = words(os.dup(0)), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for count in commands:
        output, errors, folder = (next(commands) for _ in range(3))
        if count == "check":
            why = check.fault(output, errors, folder)
            os.write(answers, f"{' '.join(why.split())}\n".encode())
            continue
        arguments = [next(commands) for _ in range(int(count))]
        into(output, 1)
        into(errors, 2)
        os.chdir(folder)
        code = invoke(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(answers, f"{code}\n".encode())


if __name__ == "__main__":
    main()
