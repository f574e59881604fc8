"""Where programs of the Python package are born, as many as wanted in no time: each is a
fork of this one, which has loaded the package.

A line of the input names one and gives it a seed. It prints `born NAME PID` for each,
`failed NAME ERROR` before one that goes wrong ends, and `gone NAME CODE` when it has
ended, the code below zero for a signal. The end of the input ends it, and all that are
left.
"""

import json
import os
import random
import select
import signal
import sys
import time

import portalocker
import pydantic
import reslock

ORDERS = json.loads(sys.argv[1])

# What a state begins with while a program of the other package is writing it.
CUT_OFF = "!"


def work(name, seed):
    """Takes and gives back leases until the file is there that ends it."""
    rng = random.Random(seed)
    pace = ORDERS["paceMs"] / 1000
    record = os.open(ORDERS["record"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    pool = reslock.ResourcePool(ORDERS["path"])

    def witness(*words):
        os.write(record, (" ".join((words[0], name, *words[1:])) + "\n").encode())

    def amounts():
        names = list(ORDERS["capacities"])
        rng.shuffle(names)
        some = names[: 1 + rng.randrange(len(names))]
        most = {each: 1 + rng.randrange(ORDERS["capacities"][each]) for each in some}
        return {each: 1 + rng.randrange(amount) for each, amount in most.items()}

    def hold(lease, wanted):
        witness("+", lease.id, json.dumps(wanted, separators=(",", ":")))
        try:
            time.sleep(rng.random() * pace)
            if rng.randrange(10) == 0:
                lease.start_work(estimated_seconds=1)
                time.sleep(rng.random() * pace)
        finally:
            # One that was locked out there gives back all the same.
            witness("-", lease.id)

    try:
        live(pool, rng, pace, hold, amounts, name)
    except pydantic.ValidationError as error:
        if not error.errors()[0].get("input", "").startswith(CUT_OFF):
            raise
        # Whoever wrote was killed, and none of its kind has come by yet.
        witness("x")
        print(f"cut {name}", flush=True)


def live(pool, rng, pace, hold, amounts, name):
    last = False
    while not last:
        time.sleep(rng.random() * pace)
        last = os.path.exists(ORDERS["end"])
        wanted = amounts()
        how = {"priority": rng.randrange(4), "reclaimable": rng.randrange(4) == 0}
        try:
            if last or rng.randrange(3) > 0:
                with pool.acquire(**wanted, **how, label=name) as lease:
                    hold(lease, wanted)
            else:
                lease = pool.try_acquire(**wanted, **how, label=name)
                if lease is not None:
                    try:
                        hold(lease, wanted)
                    finally:
                        lease.release()
        except portalocker.LockException:
            # Someone was stopped with the lock in hand for longer than it waits.
            print(f"locked out {name}", flush=True)


def bear(name, seed):
    pid = os.fork()
    if pid > 0:
        return pid
    code = 1
    try:
        os.close(0)
        work(name, seed)
        code = 0
    except BaseException as error:
        text = f"{type(error).__name__}: {error}".replace("\n", " ")
        print(f"failed {name} {text}", flush=True)
    finally:
        os._exit(code)


def main():
    children = {}
    rest = b""
    while True:
        ready, _, _ = select.select([0], [], [], 0.02)
        if ready:
            chunk = os.read(0, 65536)
            if not chunk:
                break
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                name, seed = line.decode().split()
                pid = bear(name, int(seed))
                children[pid] = name
                print(f"born {name} {pid}", flush=True)
        while children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            code = os.waitstatus_to_exitcode(status)
            print(f"gone {children.pop(pid)} {code}", flush=True)
    for pid in children:
        os.kill(pid, signal.SIGKILL)


main()
