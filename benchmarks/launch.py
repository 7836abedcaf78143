"""Start a process, wait for it, and write down its clock time, peak memory and status: `launch.py FIGURES LIMIT COMMAND…`.

A process of its own, since a child's peak counts what its parent held when it was started: this one holds little.
"""

import json
import os
import subprocess
import sys
import time


def main(figures: str, limit: float, command: list[str]) -> None:
    start = time.perf_counter()
    process = subprocess.Popen(command)
    stopped = False
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        seconds = time.perf_counter() - start
        if pid:
            break
        if seconds > limit and not stopped:
            process.kill()
            stopped = True
        time.sleep(0.002 if seconds < 2 else 0.02)
    process.returncode = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    found = {"seconds": seconds, "peak_MB": peak, "status": process.returncode, "stopped": stopped}
    with open(figures, "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3:])
