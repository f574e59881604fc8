"""Holds memory of the first card that CUDA shows it, until its input ends.

Needs nothing but the driver. Prints a line of JSON: how many cards it sees, the UUID of
the first, and how many MiB it holds there; or the error that kept it from that.
"""

import ctypes
import json
import sys
import uuid


def load():
    for name in ("libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"):
        try:
            return ctypes.CDLL(name)
        except OSError as error:
            reason = error
    raise RuntimeError(f"the CUDA driver library cannot be loaded: {reason}")


def main(mib):
    cuda = load()

    def call(name, *arguments):
        code = getattr(cuda, name)(*arguments)
        if code != 0:
            raise RuntimeError(f"{name} failed with {code}")

    call("cuInit", 0)
    count = ctypes.c_int()
    call("cuDeviceGetCount", ctypes.byref(count))
    device = ctypes.c_int()
    call("cuDeviceGet", ctypes.byref(device), 0)
    # The second form tells a MIG instance's own.
    get_uuid = "cuDeviceGetUuid_v2" if hasattr(cuda, "cuDeviceGetUuid_v2") else "cuDeviceGetUuid"
    raw = (ctypes.c_ubyte * 16)()
    call(get_uuid, ctypes.byref(raw), device)
    context = ctypes.c_void_p()
    call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
    call("cuCtxSetCurrent", context)
    pointer = ctypes.c_uint64()
    size = mib * 1024 * 1024
    call("cuMemAlloc_v2", ctypes.byref(pointer), ctypes.c_size_t(size))
    call("cuMemsetD8_v2", pointer, ctypes.c_ubyte(1), ctypes.c_size_t(size))
    return {"cards": count.value, "uuid": str(uuid.UUID(bytes=bytes(raw))), "mib": mib}


try:
    told = main(int(sys.argv[1]))
except Exception as error:
    told = {"error": str(error)}
print(json.dumps(told), flush=True)
if "error" in told:
    sys.exit(1)
sys.stdin.read()
