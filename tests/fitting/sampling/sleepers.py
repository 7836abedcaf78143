"""A process with two workers that sleep, for tests of what becomes of them; prints their numbers."""

import os
import sys
import time

from vrest.fitting.sampling.workers import Workers


def report_and_sleep(path: str) -> None:
    with open(path, "a", encoding="utf-8") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(60)


if __name__ == "__main__":
    with Workers(2).executor() as (executor, _):
        list(executor.map(report_and_sleep, [sys.argv[1]] * 2))
