import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  NvidiaSource,
  parseNvidiaCards,
  parseNvidiaProcesses,
} from "../../../lib/os/gpu/nvidia.ts";
import { parseNvidiaReport } from "../../../lib/os/gpu/nvidia_report.ts";
import { GpuDetectionError } from "../../../lib/os/gpu/error.ts";
import { data, failed, RecordedTools } from "../recorded_tools.ts";

const QUERY = "nvidia-smi --query-gpu=";
const PROCESSES = "nvidia-smi --query-compute-apps=";
const RTX = "GPU-1d3c8f0a-52b7-4e19-9c64-7a0e5b2f8d31";

function source(answers: ConstructorParameters<typeof RecordedTools>[0]) {
  return new NvidiaSource(new RecordedTools(answers));
}

Deno.test("NvidiaSource.detect() reads one card, without what the driver keeps", async () => {
  const { gpus } = await source({ [QUERY]: data("nvidia/one_card.csv") })
    .detect();
  assertEquals(gpus, [{
    index: 0,
    uuid: RTX,
    name: "NVIDIA GeForce RTX 3090",
    vendor: "nvidia",
    totalMb: 24_576,
    usedMb: 1287,
    freeMb: 22_849,
    capacityMb: 24_136,
    utilizationPercent: 14,
    unified: false,
    mig: null,
  }]);
});

Deno.test("NvidiaSource.detect() reads eight cards with one run", async () => {
  const tools = new RecordedTools({ [QUERY]: data("nvidia/eight_cards.csv") });
  const { gpus } = await new NvidiaSource(tools).detect();
  assertEquals(gpus.map(({ index }) => index), [0, 1, 2, 3, 4, 5, 6, 7]);
  assertEquals(new Set(gpus.map(({ uuid }) => uuid)).size, 8);
  // The same for idle and busy ones: what is in use is not the driver's.
  assertEquals(
    new Set(gpus.map(({ capacityMb }) => capacityMb)),
    new Set([81_008]),
  );
  assertEquals(tools.calls.length, 1);
});

Deno.test("NvidiaSource.detect() knows cards in a container by the host's UUIDs", async () => {
  const all = await source({ [QUERY]: data("nvidia/eight_cards.csv") })
    .detect();
  const two = await source({ [QUERY]: data("nvidia/two_of_eight_cards.csv") })
    .detect();
  assertEquals(two.gpus.map(({ index }) => index), [0, 1]);
  assertEquals(
    two.gpus.map(({ uuid }) => uuid),
    [all.gpus[2].uuid, all.gpus[5].uuid],
  );
});

Deno.test("NvidiaSource.detect() gives instances in place of a cut-up card", async () => {
  const { gpus } = await source({
    [QUERY]: data("nvidia/mig.csv"),
    "nvidia-smi -L": data("nvidia/mig_list.txt"),
    "nvidia-smi -q -x": data("nvidia/mig_report.xml"),
  }).detect();
  const parentUuid = "GPU-3f9a6c52-0e17-4b8d-a2c4-6d81e5f7092b";
  assertEquals(
    gpus.map(({ index, mig, totalMb, usedMb, capacityMb }) => ({
      index,
      mig,
      totalMb,
      usedMb,
      capacityMb,
    })),
    [
      {
        index: 0,
        mig: { parentUuid, index: 0 },
        totalMb: 19_968,
        usedMb: 13,
        capacityMb: 19_968,
      },
      {
        index: 0,
        mig: { parentUuid, index: 1 },
        totalMb: 4864,
        usedMb: 1203,
        capacityMb: 4864,
      },
      // These two share their memory: each has a half that is safe.
      {
        index: 0,
        mig: { parentUuid, index: 2 },
        totalMb: 19_968,
        usedMb: 6,
        capacityMb: 9984,
      },
      {
        index: 0,
        mig: { parentUuid, index: 3 },
        totalMb: 19_968,
        usedMb: 6,
        capacityMb: 9984,
      },
      {
        index: 1,
        mig: null,
        totalMb: 40_960,
        usedMb: 3,
        capacityMb: 40_336,
      },
    ],
  );
  assertEquals(gpus[0].uuid, "MIG-5c0e94a7-1b3d-5f62-8e90-47d2c6b8a105");
  assertEquals(gpus[0].name, "NVIDIA A100-SXM4-40GB MIG 3g.20gb");
  assert(gpus.every(({ uuid }) => uuid !== parentUuid));
});

Deno.test("NvidiaSource.detect() says that a card in MIG mode has no instance", async () => {
  const list = data("nvidia/mig_list.txt").replace(/^ {2}MIG .*\n/gm, "");
  const { gpus, detail } = await source({
    [QUERY]: data("nvidia/mig.csv"),
    "nvidia-smi -L": list,
    "nvidia-smi -q -x": data("nvidia/mig_report.xml"),
  }).detect();
  assertEquals(gpus.map(({ index }) => index), [1]);
  assertEquals(detail, "GPU 0 is in MIG mode without an instance");
});

Deno.test("NvidiaSource.detect() knows an instance whose memory is not told", async () => {
  const { gpus } = await source({
    [QUERY]: data("nvidia/mig.csv"),
    "nvidia-smi -L": data("nvidia/mig_list.txt"),
    "nvidia-smi -q -x": data("nvidia/mig_report.xml")
      .replace(/<mig_device>[\s\S]*<\/mig_device>/, ""),
  }).detect();
  assertEquals(gpus.length, 5);
  assertEquals([gpus[0].totalMb, gpus[0].capacityMb], [null, null]);
});

Deno.test("NvidiaSource.detect() gives parts without memory of their own no capacity", async () => {
  for (
    const [file, uuid] of [
      ["unified_gb10.csv", "GPU-6b1f40d2-93ae-4c75-8d0b-e5a2c71f9836"],
      ["unified_orin.csv", "unified-0"],
    ]
  ) {
    const { gpus } = await source({ [QUERY]: data(`nvidia/${file}`) }).detect();
    assertEquals(gpus.length, 1, file);
    assertEquals(gpus[0].unified, true, file);
    assertEquals(gpus[0].capacityMb, null, file);
    assertEquals(gpus[0].uuid, uuid);
  }
});

Deno.test("NvidiaSource.detect() gives GB10 no capacity even where it tells a size", async () => {
  const row = data("nvidia/unified_gb10.csv")
    .replace("[N/A], [N/A], [N/A], 0", "65536, 1024, 64512, 0");
  const { gpus } = await source({ [QUERY]: row }).detect();
  assertEquals([gpus[0].unified, gpus[0].capacityMb], [true, null]);
});

Deno.test("NvidiaSource.detect() takes a lost card for unknown, not for unified", async () => {
  const { gpus } = await source({ [QUERY]: data("nvidia/lost_card.csv") })
    .detect();
  const [, lost] = gpus;
  assertEquals(
    [lost.unified, lost.totalMb, lost.capacityMb, lost.utilizationPercent],
    [false, null, null, null],
  );
});

Deno.test("NvidiaSource.detect() looks where WSL keeps the tool", async () => {
  const tool = "/usr/lib/wsl/lib/nvidia-smi";
  const { gpus } = await source({ [tool]: data("nvidia/wsl.csv") }).detect();
  assertEquals(gpus[0].capacityMb, 7961);
});

Deno.test("NvidiaSource.detect() accepts units and a warning below", async () => {
  const plain = await source({ [QUERY]: data("nvidia/one_card.csv") }).detect();
  const units = data("nvidia/with_units.csv");
  assertEquals(await source({ [QUERY]: units }).detect(), plain);
  const warning = failed(14, data("nvidia/inforom_warning.csv"));
  assertEquals(await source({ [QUERY]: warning }).detect(), plain);
});

Deno.test("NvidiaSource.detect() accepts a comma in a name", async () => {
  const row = data("nvidia/one_card.csv").replace("RTX 3090", "RTX, 3090");
  const { gpus } = await source({ [QUERY]: row }).detect();
  assertEquals(gpus[0].name, "NVIDIA GeForce RTX, 3090");
  assertEquals(gpus[0].totalMb, 24_576);
});

Deno.test("NvidiaSource.detect() asks a driver from before MIG without it", async () => {
  const tools = new RecordedTools({
    [QUERY]: data("nvidia/old_driver.csv"),
    [`${QUERY}index,uuid,name,memory.total,memory.used,memory.free,utilization.gpu,mig`]:
      failed(2, data("nvidia/old_driver.txt")),
  });
  const { gpus } = await new NvidiaSource(tools).detect();
  assertEquals(gpus[0].name, "GeForce GTX 1080 Ti");
  assertEquals(gpus[0].totalMb, 11_178);
  assertEquals(tools.calls.length, 2);
});

Deno.test("NvidiaSource.detect() finds no card where the tool is missing or says so", async () => {
  assertEquals(await source({}).detect(), {
    gpus: [],
    detail: "nvidia-smi is not installed",
  });
  const { gpus, detail } = await source({ "nvidia-smi": { kind: "denied" } })
    .detect();
  assertEquals(gpus, []);
  assertStringIncludes(detail, "--allow-run=nvidia-smi");
  const none = failed(6, data("nvidia/no_devices.txt"));
  assertEquals(await source({ [QUERY]: none }).detect(), {
    gpus: [],
    detail: "nvidia-smi says No devices were found",
  });
});

Deno.test("NvidiaSource.detect() takes a broken driver for an error, in its own words", async () => {
  const failures: readonly (readonly [string, string])[] = [
    ["no_driver.txt", "couldn't communicate with the NVIDIA driver"],
    ["driver_mismatch.txt", "Driver/library version mismatch"],
    ["localized.txt", "Das Programm kann nicht geladen werden"],
    ["garbage.txt", "Segmentation fault"],
  ];
  for (const [file, words] of failures) {
    const output = data(`nvidia/${file}`);
    for (const code of [0, 1, 9, 139]) {
      const error = await assertRejects(
        () => source({ [QUERY]: failed(code, output) }).detect(),
        GpuDetectionError,
        words,
      );
      assertEquals(error.source, "nvidia-smi");
      assertStringIncludes(error.output, words);
      // deno-lint-ignore no-control-regex
      assert(!/[\x00-\x1f]/.test(error.message), JSON.stringify(error.message));
    }
  }
});

Deno.test("NvidiaSource.detect() takes words on standard error for the reason, too", async () => {
  await assertRejects(
    () =>
      source({
        [QUERY]: { kind: "ended", code: 1, stdout: "", stderr: "no library\n" },
      }).detect(),
    GpuDetectionError,
    "no library",
  );
  await assertRejects(
    () => source({ [QUERY]: failed(3, "") }).detect(),
    GpuDetectionError,
    "exit code 3",
  );
});

Deno.test("NvidiaSource.detect() takes a tool that hangs, floods or cannot start for an error", async () => {
  const answers = [
    [{ kind: "late", timeoutMs: 10_000 }, "no answer within 10 s"],
    [{ kind: "flooded", maxBytes: 7 }, "more than 7 bytes"],
    [{ kind: "unusable", reason: "Exec format error" }, "Exec format error"],
  ] as const;
  for (const [answer, words] of answers) {
    await assertRejects(
      () => source({ [QUERY]: answer }).detect(),
      GpuDetectionError,
      words,
    );
  }
});

Deno.test("parseNvidiaCards() refuses what it does not understand", () => {
  for (
    const file of ["half_line.csv", "localized_numbers.csv", "other_units.csv"]
  ) {
    assertThrows(
      () => parseNvidiaCards(data(`nvidia/${file}`)),
      GpuDetectionError,
      "this line is not understood",
      file,
    );
  }
  const whole = data("nvidia/one_card.csv");
  const changes: readonly (readonly [string, string])[] = [
    [RTX, "[N/A]"],
    [RTX, "GPU-1; rm -rf /"],
    [RTX, ""],
    ["0, GPU", "-1, GPU"],
    ["0, GPU", "zero, GPU"],
    ["24576", "-24576"],
    ["24576", "1e5"],
    ["24576", ""],
    ["24576", "9".repeat(16)],
    ["NVIDIA GeForce RTX 3090", ""],
    ["[N/A]", "Perhaps"],
  ];
  for (const [from, to] of changes) {
    assertThrows(
      () => parseNvidiaCards(whole.replace(from, to)),
      GpuDetectionError,
      "this line",
      `${from} -> ${to}`,
    );
  }
  assertThrows(() => parseNvidiaCards(""), GpuDetectionError, "its silence");
});

Deno.test("parseNvidiaCards() refuses every cut of a good answer but the last", () => {
  const whole = data("nvidia/one_card.csv").trim();
  for (let length = 1; length < whole.length - 1; length++) {
    assertThrows(
      () => parseNvidiaCards(whole.slice(0, length)),
      GpuDetectionError,
      undefined,
      whole.slice(0, length),
    );
  }
});

Deno.test("NvidiaSource.processes() reads who holds memory", async () => {
  const answers = {
    [PROCESSES]: data("nvidia/processes.csv"),
    "nvidia-smi -L": `GPU 0: NVIDIA GeForce RTX 3090 (UUID: ${RTX})\n`,
  };
  assertEquals(await source(answers).processes(), [
    { pid: 4242, uuid: RTX, usedMb: 9216, name: "python" },
    {
      pid: 5150,
      uuid: RTX,
      usedMb: 512,
      name: "/opt/app/bin/serve, the model",
    },
  ]);
});

Deno.test("NvidiaSource.processes() takes untold memory for unknown", async () => {
  const processes = await source({
    [PROCESSES]: data("nvidia/wsl_processes.csv"),
  })
    .processes();
  assertEquals(processes.map(({ pid, usedMb }) => [pid, usedMb]), [
    [27, null],
    [1853, null],
  ]);
});

Deno.test("NvidiaSource.processes() puts processes on the instance they use", async () => {
  const processes = await source({
    [PROCESSES]: data("nvidia/mig_processes.csv"),
    "nvidia-smi -L": data("nvidia/mig_list.txt"),
    "nvidia-smi -q -x": data("nvidia/mig_report.xml"),
  }).processes();
  assertEquals(processes, [
    {
      pid: 55_111,
      uuid: "GPU-82d0b7e1-64cf-4a95-b318-f02c9e7a5d46",
      usedMb: 20_481,
      name: "tritonserver",
    },
    {
      pid: 34_965,
      uuid: "MIG-9e71d3b8-40f6-5c2a-b7d4-08a5f1c96e32",
      usedMb: 1190,
      name: "python <train> & eval",
    },
  ]);
});

Deno.test("NvidiaSource.processes() finds none with one run, or without the tool", async () => {
  const tools = new RecordedTools({ [PROCESSES]: "" });
  assertEquals(await new NvidiaSource(tools).processes(), []);
  assertEquals(tools.calls.length, 1);
  assertEquals(await source({}).processes(), []);
  const none = failed(6, data("nvidia/no_devices.txt"));
  assertEquals(await source({ [PROCESSES]: none }).processes(), []);
});

Deno.test("parseNvidiaProcesses() refuses what it does not understand", () => {
  for (
    const line of [
      "GPU-12345, 42, 100",
      "GPU-12345, x, 100, python",
      "GPU-12345, 42, many, python",
      ", 42, 100, python",
      "Segmentation fault",
    ]
  ) {
    assertThrows(() => parseNvidiaProcesses(line), GpuDetectionError, "line");
  }
  assertEquals(parseNvidiaProcesses("[Not Supported]\n"), []);
});

Deno.test("parseNvidiaReport() refuses a report that is cut off", () => {
  const report = data("nvidia/mig_report.xml");
  assertThrows(
    () => parseNvidiaReport(report.slice(0, report.length / 2)),
    GpuDetectionError,
    "the report",
  );
});

const REPORT = "nvidia-smi -q -x";

Deno.test("NvidiaSource.readUse() reads cards and processes with one run", async () => {
  const tools = new RecordedTools({ [REPORT]: data("nvidia/report.xml") });
  const { gpus, processes } = await new NvidiaSource(tools).readUse();
  const [first, second] = gpus;
  const { gpus: [queried] } = await source({
    [QUERY]: data("nvidia/one_card.csv"),
  }).detect();
  assertEquals(first, queried, "both ways to ask tell the same");
  const { uuid, index, totalMb, usedMb, freeMb, capacityMb } = second;
  assertEquals(
    { index, totalMb, usedMb, freeMb, capacityMb },
    { index: 1, totalMb: 6138, usedMb: null, freeMb: null, capacityMb: 6138 },
  );
  assertEquals(second.utilizationPercent, null);
  assertEquals(processes, [
    { pid: 4242, uuid: RTX, usedMb: 700, name: "python <train> & eval" },
    { pid: 4300, uuid: RTX, usedMb: 300, name: "/usr/bin/blender" },
    { pid: 5150, uuid, usedMb: null, name: "[Insufficient Permissions]" },
    { pid: 5151, uuid, usedMb: null, name: "Insufficient Permissions" },
  ]);
  assertEquals(tools.calls, [REPORT]);
});

Deno.test("NvidiaSource.readUse() reads what a real H100 tells, idle and in use", async () => {
  const uuid = "GPU-7c1e5a90-3b84-4f6d-9a2e-51d07b8c6e43";
  const read = (file: string) =>
    source({ [REPORT]: data(`nvidia/${file}`) }).readUse();
  const idle = await read("recorded_h100_idle.xml");
  assertEquals(idle, {
    gpus: [{
      index: 0,
      uuid,
      name: "NVIDIA H100 80GB HBM3",
      vendor: "nvidia",
      totalMb: 81_559,
      usedMb: 0,
      freeMb: 81_079,
      // The driver keeps 480 MiB.
      capacityMb: 81_079,
      utilizationPercent: 0,
      unified: false,
      mig: null,
    }],
    processes: [],
    detail: "",
  });
  const busy = await read("recorded_h100_two_programs.xml");
  assertEquals(busy, {
    gpus: [{
      ...idle.gpus[0],
      usedMb: 66_771,
      freeMb: 14_309,
      // Each figure is rounded by itself: together they have a MiB more.
      capacityMb: 81_080,
    }],
    processes: [727, 749].map((pid) => ({
      pid,
      uuid,
      usedMb: 33_378,
      name: "python3",
    })),
    detail: "",
  });
});

Deno.test("NvidiaSource.readUse() gives parts without memory of their own no capacity", async () => {
  const { gpus: [gpu], processes } = await source({
    [REPORT]: data("nvidia/report_gb10.xml"),
  }).readUse();
  assertEquals([gpu.unified, gpu.totalMb, gpu.capacityMb], [true, null, null]);
  assertEquals(processes.map(({ pid, usedMb }) => [pid, usedMb]), [[
    3120,
    512,
  ]]);
});

Deno.test("NvidiaSource.readUse() asks for the list of instances once as long as they stay", async () => {
  const answers: Record<string, string> = {
    [REPORT]: data("nvidia/mig_report.xml"),
    "nvidia-smi -L": data("nvidia/mig_list.txt"),
  };
  const tools = new RecordedTools(answers);
  const cut = new NvidiaSource(tools);
  const { gpus, processes } = await cut.readUse();
  assertEquals(gpus.map(({ usedMb }) => usedMb), [13, 1203, 6, 6, null]);
  assertEquals(processes.map(({ pid, uuid }) => [pid, uuid]), [
    [55111, gpus[4].uuid],
    [34965, gpus[1].uuid],
  ]);
  assertEquals((await cut.readUse()).gpus, gpus);
  assertEquals(tools.calls, [REPORT, "nvidia-smi -L", REPORT]);
  // One of them is taken away.
  answers[REPORT] = answers[REPORT]
    .replace(/<mig_device>[\s\S]*?<\/mig_device>/, "");
  answers["nvidia-smi -L"] = answers["nvidia-smi -L"]
    .replace(/^ {2}MIG .*\n/m, "");
  assertEquals((await cut.readUse()).gpus, gpus.slice(1));
  assertEquals(tools.calls.length, 5);
});

Deno.test("NvidiaSource.readUse() knows a machine without a card from a broken driver", async () => {
  const empty =
    "<nvidia_smi_log><attached_gpus>0</attached_gpus></nvidia_smi_log>";
  for (const answer of [empty, failed(6, "No devices were found")]) {
    const { gpus, detail } = await source({ [REPORT]: answer }).readUse();
    assertEquals([gpus, detail], [[], "nvidia-smi says No devices were found"]);
  }
  assertEquals((await source({}).readUse()).gpus, []);
  const whole = data("nvidia/report.xml");
  for (
    const [answer, words] of [
      [data("nvidia/driver_mismatch.txt"), "the report"],
      [failed(18, data("nvidia/driver_mismatch.txt")), "version mismatch"],
      [whole.slice(0, whole.length / 2), "the report"],
      [whole.replace("1287 MiB", "1,2 GiB"), "<used>1,2 GiB</used>"],
      [whole.replaceAll("MiB", "Mio"), "24576 Mio"],
      [whole.replace(`<uuid>${RTX}</uuid>`, ""), "this card"],
      [whole.replace("<pid>4242</pid>", "<pid>4242x</pid>"), "4242x"],
    ] as const
  ) {
    await assertRejects(
      () => source({ [REPORT]: answer }).readUse(),
      GpuDetectionError,
      words,
    );
  }
});
