"""A worker that shares through the Python package; worker.ts says how it is led."""

import json
import random
import sys
import threading
import time

import reslock

options = json.loads(sys.argv[1])
pool = reslock.ResourcePool(options["path"])
resource = options["resource"]
said = threading.Lock()
held = []


def now():
    return time.time() * 1000


def say(key, value):
    with said:
        print(json.dumps({key: value}), flush=True)


def acquire(wish):
    amounts = {resource: wish.get("amount", 1)}
    return pool.acquire(priority=wish.get("priority", 0), **amounts)


def ask(wish):
    # It cannot tell when it is in the queue.
    say("queued", True)
    lease = acquire(wish)
    lease.__enter__()
    granted = now()
    if wish.get("brief"):
        lease.__exit__(None, None, None)
    else:
        held.append(lease)
    say("granted", granted)


def release(_):
    released = now()
    held.pop().__exit__(None, None, None)
    say("released", released)


def loop(job):
    report = {"count": 0, "worstWaitMs": 0, "errors": {}, "grants": []}
    while now() < job["endMs"]:
        asked = now()
        try:
            with acquire(job):
                granted = now()
                if job["holdMs"][1] > 0:
                    time.sleep(random.uniform(*job["holdMs"]) / 1000)
                released = now()
        except Exception as error:
            name = type(error).__name__
            report["errors"][name] = report["errors"].get(name, 0) + 1
            continue
        if job["record"]:
            grant = [asked, None, granted, released]
            keys = ["askedMs", "queuedMs", "grantedMs", "releasedMs"]
            report["grants"].append(dict(zip(keys, grant)))
        if granted >= job["startMs"]:
            report["count"] += granted < job["endMs"]
            report["worstWaitMs"] = max(report["worstWaitMs"], granted - asked)
    say("loop", report)


def repeat(times):
    """So many pairs of acquire and release, for what one of them takes."""
    start = time.perf_counter()
    for _ in range(times):
        with acquire({}):
            pass
    say("repeated", (time.perf_counter() - start) * 1000)


def obey(order):
    [(name, argument)] = order.items()
    try:
        globals()[name](argument)
    except Exception as error:
        say("error", f"{type(error).__name__}: {error}")


say("ready", __import__("os").getpid())
for line in sys.stdin:
    order = json.loads(line)
    threading.Thread(target=obey, args=[order], daemon=True).start()
