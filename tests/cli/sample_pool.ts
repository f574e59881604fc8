/**
 * A pool with something of everything, for tests of what is shown.
 *
 * @module
 */
import { NO_REGISTRY, type Registry, type Who } from "../../lib/cli/who.ts";
import type {
  CardStatus,
  EntryStatus,
  LeaseStatus,
  LeaseUsage,
  OutsideUse,
  PoolStatus,
  Usage,
} from "../../mod.ts";

/** When the sample is looked at. */
export const NOW_MS: number = Date.UTC(2026, 10, 23, 21, 15, 21);

const CARD_A = "gpu_GPU-1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d_vram_mb";
const CARD_B = "gpu_GPU-99887766-5544-3322-1100-aabbccddeeff_vram_mb";

const PEOPLE: Readonly<Record<number, Who>> = {
  12345: {
    pid: 12345,
    user: "ada",
    command: "llama-server --model llama-70b.gguf --port 8080",
    container: "docker 3f2a1b9c04de",
    continuedBy: null,
  },
  777: {
    pid: 777,
    user: "grace",
    command: "python train.py --resume \x1b[31m",
    container: null,
    continuedBy: "kill -s CONT -- -777",
  },
  41875: {
    pid: 41875,
    user: "ada",
    command: "python train.py",
    container: null,
    continuedBy: null,
  },
  23456: {
    pid: 23456,
    user: "ada",
    command: "whisper-server",
    container: null,
    continuedBy: null,
  },
  31000: {
    pid: 31000,
    user: "ada",
    command: "make -j 8",
    container: null,
    continuedBy: "kill -s CONT -- -30998",
  },
};

function lease(fields: Partial<LeaseStatus>): LeaseStatus {
  return {
    id: "k3v9x2m1qa-4",
    pid: 12345,
    hostPid: null,
    resources: {},
    priority: 0,
    acquiredAt: "2026-11-23T21:12:09.000000Z",
    queuedAt: "2026-11-23T21:12:08.000000Z",
    waitSec: 1,
    reclaimable: false,
    reclaimRequested: false,
    reclaimRequestedAt: null,
    label: null,
    pids: [],
    actualResources: {},
    cpuSeconds: null,
    native: true,
    owner: "alive",
    busy: false,
    ...fields,
  };
}

function entry(fields: Partial<EntryStatus>): EntryStatus {
  return {
    id: "p0o9i8u7y6-8",
    pid: 23456,
    hostPid: null,
    resources: {},
    vramMb: null,
    vramMbEach: null,
    numGpus: 0,
    reclaimableIntent: false,
    priority: 0,
    label: null,
    queuedAt: "2026-11-23T21:15:00.000000Z",
    startedAt: null,
    leaseId: null,
    estimatedSeconds: null,
    progress: null,
    native: true,
    owner: "alive",
    why: null,
    ...fields,
  };
}

function card(fields: Partial<CardStatus>): CardStatus {
  return {
    uuid: "GPU-1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d",
    index: null,
    name: "NVIDIA GeForce RTX 4090",
    capacityMb: 24576,
    leasedMb: 0,
    usedMb: null,
    freeMb: null,
    grantableMb: null,
    outside: [],
    ...fields,
  };
}

/** Nothing registered, nobody there. */
export const EMPTY_POOL: PoolStatus = {
  path: "/var/lib/reslock/state.json",
  resources: {},
  used: {},
  available: {},
  reserved: {},
  leases: [],
  queue: [],
  cards: [],
  driverSilence: null,
};

/** What was measured: the first one keeps to its lease, the last one does not. */
const SAMPLE_USAGE: Usage = {
  leases: new Map<string, LeaseUsage>([
    ["k3v9x2m1qa-4", {
      pids: [12345],
      resources: { [CARD_A]: 22016, ram_mb: 9300 },
      cpuSeconds: 71,
    }],
    ["aaaaaaaaaa-4", {
      pids: [2],
      resources: { ram_mb: 512 },
      cpuSeconds: 1,
    }],
  ]),
  orphans: [],
};

/** Programs on the second card, without a lease. */
const OUTSIDE: readonly OutsideUse[] = [
  { pid: 4242, name: "/usr/bin/python3", usedMb: 9216 },
  { pid: null, name: "", usedMb: 3000 },
  { pid: 4243, name: "a\x1b[2Jb", usedMb: 2048 },
  { pid: 4244, name: "", usedMb: 512 },
  { pid: 4245, name: "blender", usedMb: 224 },
];

/** Two cards, four leases, three that wait, and work in progress. */
export const SAMPLE_POOL: PoolStatus = {
  path: "/home/ada/.reslock/state.json",
  resources: {
    cpu_cores: 8,
    ram_mb: 65536,
    [CARD_A]: 24576,
    [CARD_B]: 24576,
    gpu_slots: 1,
  },
  used: {
    cpu_cores: 6,
    ram_mb: 16384,
    [CARD_A]: 24000,
    [CARD_B]: 0,
    gpu_slots: 2,
  },
  available: {
    cpu_cores: 2,
    ram_mb: 49152,
    [CARD_A]: 576,
    [CARD_B]: 24576,
    gpu_slots: 0,
  },
  reserved: { ram_mb: 8192, [CARD_A]: 576, [CARD_B]: 20480 },
  leases: [
    lease({
      resources: { [CARD_A]: 24000, ram_mb: 16384 },
      priority: 10,
      label: "llama-70b",
      reclaimable: true,
      reclaimRequested: true,
      reclaimRequestedAt: "2026-11-23T21:15:09.000000Z",
    }),
    lease({
      id: "0a1b2c3d4e5f",
      pid: 777,
      resources: { cpu_cores: 6, gpu_slots: 1 },
      acquiredAt: "2026-11-21T17:15:21",
      label: "a training run with a label that goes on for a while",
      native: false,
      owner: "unknown",
      busy: true,
    }),
    lease({
      id: "zz00zz00zz-16",
      pid: 4194304,
      resources: { gpu_slots: 1, "disk_mb@/data": 10240 },
      priority: -5,
      label: "\x1b[2Jwiped\r\n漢字",
      reclaimable: true,
    }),
    lease({ id: "aaaaaaaaaa-4", pid: 2, resources: { ram_mb: 0 } }),
  ],
  queue: [
    entry({
      vramMbEach: 20480,
      numGpus: 2,
      resources: { ram_mb: 8192 },
      priority: 20,
      label: "whisper",
      why: {
        verdict: "waits",
        short: [{
          resource: "vram_mb",
          requested: 20480,
          free: 9576,
          left: 9576,
          slot: 0,
          holders: [{
            id: "k3v9x2m1qa-4",
            label: "llama-70b",
            resource: CARD_A,
            amount: 24000,
          }],
          holderCount: 1,
          outside: OUTSIDE.map((use) => ({ ...use, resource: CARD_B })),
          outsideCount: OUTSIDE.length,
          behind: [],
          behindCount: 0,
        }],
        reclaims: [{ id: "k3v9x2m1qa-4", label: "llama-70b" }],
        obstacle: null,
        earliestStart: "2026-11-23T21:35:21.000Z",
        sentence:
          "needs 20 GB on one card; 9.35 GB free on the best; held by " +
          "llama-70b, pid 4242 /usr/bin/python3 outside reslock and 4 more; " +
          "llama-70b is asked back",
      },
    }),
    entry({ id: "bbbbbbbbbb-4", vramMb: [8192, 4096], pid: 99 }),
    entry({
      id: "cccccccccc-4",
      pid: 31000,
      resources: { gpu_slots: 1 },
      priority: -5,
      queuedAt: "not a time",
      why: {
        verdict: "waits",
        short: [{
          resource: "gpu_slots",
          requested: 1,
          free: 0,
          left: 0,
          slot: null,
          holders: [
            {
              id: "0a1b2c3d4e5f",
              label: "a training run with a label that goes on for a while",
              resource: "gpu_slots",
              amount: 1,
            },
            {
              id: "zz00zz00zz-16",
              label: "\x1b[2Jwiped\r\n漢字",
              resource: "gpu_slots",
              amount: 1,
            },
          ],
          holderCount: 2,
          outside: [],
          outsideCount: 0,
          behind: [],
          behindCount: 0,
        }],
        reclaims: [],
        obstacle: null,
        earliestStart: null,
        sentence: "needs 1 of gpu_slots; none free; held by 0a1b2c and another",
      },
    }),
    entry({
      id: "dddddddddd-8",
      leaseId: "0a1b2c3d4e5f",
      label: "epoch 3",
      startedAt: "2026-11-23T21:05:21Z",
      estimatedSeconds: 1800,
      progress: 0.339,
    }),
  ],
  usage: SAMPLE_USAGE,
  cards: [
    card({
      index: 0,
      leasedMb: 24000,
      usedMb: 23000,
      freeMb: 1576,
      grantableMb: 576,
    }),
    card({
      uuid: "GPU-99887766-5544-3322-1100-aabbccddeeff",
      index: 1,
      usedMb: 15000,
      freeMb: 9576,
      grantableMb: 9576,
      outside: OUTSIDE,
    }),
  ],
  driverSilence: null,
};

/** One card, of which a program without a lease has 9 GB, and one that waits for 20. */
export const OUTSIDE_POOL: PoolStatus = {
  ...EMPTY_POOL,
  path: "/home/ann/.reslock/state.json",
  resources: { [CARD_A]: 24576 },
  used: { [CARD_A]: 0 },
  available: { [CARD_A]: 24576 },
  reserved: { [CARD_A]: 20480 },
  queue: [
    entry({
      id: "w07hq4nb2e-4",
      pid: 41875,
      vramMb: [20480],
      label: "train",
      queuedAt: "2026-11-23T21:15:18.000000Z",
      why: {
        verdict: "waits",
        short: [{
          resource: "vram_mb",
          requested: 20480,
          free: 15360,
          left: 15360,
          slot: 0,
          holders: [],
          holderCount: 0,
          outside: [
            { pid: 4242, name: "python", usedMb: 9216, resource: CARD_A },
          ],
          outsideCount: 1,
          behind: [],
          behindCount: 0,
        }],
        reclaims: [],
        obstacle: null,
        earliestStart: null,
        sentence: "needs 20 GB on one card; 15 GB free on the best; held by " +
          "pid 4242 python outside reslock",
      },
    }),
  ],
  cards: [
    card({
      index: 0,
      usedMb: 9216,
      freeMb: 15360,
      grantableMb: 15360,
      outside: [{ pid: 4242, name: "python", usedMb: 9216 }],
    }),
  ],
};

/** Who the sample's people are, as a machine would tell. */
export const SAMPLE_REGISTRY: Registry = {
  me: "ada",
  whoIs: ({ pid }) => PEOPLE[pid] ?? NO_REGISTRY.whoIs({} as never),
};
