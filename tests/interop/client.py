"""A program of the Python package, led by a test through its standard input.

A line is a command, [number, name, arguments]; the answer is [number, result, error].
Commands run side by side, as some of them wait. The end of the input ends the program.
"""

import json
import os
import subprocess
import sys
import threading
import time

import portalocker
import reslock
from reslock.state import transact

path = sys.argv[1]
pool = reslock.ResourcePool(path)
grants = {}
children = {}
answering = threading.Lock()


def shown(lease):
    return {
        "id": lease.id,
        "resources": lease.resources,
        "waitSec": lease.wait_sec,
    }


def set_resources(resources):
    pool.set_resources(resources)


def acquire(name, request):
    grant = pool.acquire(**request)
    lease = grant.__enter__()
    grants[name] = (grant, lease)
    return shown(lease)


def try_acquire(request):
    lease = pool.try_acquire(**request)
    return lease and shown(lease)


def release(name):
    grant, _ = grants.pop(name)
    grant.__exit__(None, None, None)


def wait_for_reclaim(name):
    grants[name][1].wait_for_reclaim(poll_interval=0.05)


def start_work(name):
    grants[name][1].start_work()


def start_child(request):
    """Has a child hold a lease. Once killed, it is a zombie until it is reaped."""
    child = subprocess.Popen(
        [sys.executable, __file__, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    print(json.dumps([0, "try_acquire", [request]]), file=child.stdin, flush=True)
    _, lease, error = json.loads(child.stdout.readline())
    if lease is None:
        raise RuntimeError(f"the child was not granted a lease: {error}")
    children[child.pid] = child
    return child.pid


def reap_child(pid):
    children.pop(pid).wait()


def loop(seconds, request, token):
    """Acquires and releases, with nothing in between but the proof of being alone."""
    counts = {"grants": 0, "errors": []}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with pool.acquire(**request):
                if token is not None:
                    os.close(os.open(token, os.O_CREAT | os.O_EXCL))
                    os.unlink(token)
                counts["grants"] += 1
        except Exception as error:
            counts["errors"].append(f"{type(error).__name__}: {error}")
    return counts


def create(paths):
    """Makes state files, as each program of the package does at its start."""
    for each in paths:
        reslock.ResourcePool(each)


def write_after_unlock(times):
    """Writes as the package did up to 0.12.1: emptied under the lock, filled after it."""
    for _ in range(times):
        with portalocker.Lock(path, "r+", timeout=5) as file:
            content = file.read()
            file.seek(0)
            file.truncate()
            file.write(content)


def touch():
    """A transaction that changes nothing, and yet writes everything anew."""
    transact(pool._path, lambda state: None)


def rewrite(texts):
    """What the package writes after it has read this."""
    states = [reslock.State.model_validate_json(text) for text in texts]
    return [state.model_dump_json(indent=2) for state in states]


def answer(number, result, error):
    with answering:
        print(json.dumps([number, result, error]), flush=True)


def obey(number, name, arguments):
    try:
        answer(number, globals()[name](*arguments), None)
    except Exception as error:
        answer(number, None, f"{type(error).__name__}: {error}")


for line in sys.stdin:
    threading.Thread(target=obey, args=json.loads(line), daemon=True).start()
os._exit(0)
