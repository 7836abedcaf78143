"""Recover a plan on a SLURM cluster: `python recover_on_slurm.py plan.csv` on its login node.

Needs `pip install 'vrest[distributed]' dask-jobqueue` in an environment that the nodes see, too. Each job is one worker
with one processor; it compiles the model once, and then takes one simulation after another. Workers that the queue
ends are replaced, and what they were working on is done again. Change law, inside and the queue's own words below.
"""

import sys

import vrest

LAW, INSIDE = "ghk-pump", "K=140+-10,Na=12,Cl=10"
QUEUE, WALLTIME, JOBS = "normal", "02:00:00", 40


def main(plan: str) -> None:
    from dask_jobqueue import SLURMCluster

    with SLURMCluster(queue=QUEUE, walltime=WALLTIME, cores=1, processes=1, memory="4GB") as cluster:
        cluster.scale(jobs=JOBS)
        recovery = vrest.recover(
            vrest.read_csv(plan, potentials=False),
            LAW,
            inside=INSIDE,
            n=10_000,
            scheduler=cluster.scheduler_address,
        )
    recovery.table().to_csv("recovery.csv", index=False)
    print(*recovery.verdict(), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1])
