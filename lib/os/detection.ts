/**
 * Everything that can be found out about this machine at once, with where it was
 * looked for and why something was not found.
 *
 * @module
 */
import { formatMb } from "../core/amount.ts";
import { readCgroupLimits } from "./cgroup.ts";
import { type Finding, gpuCapacities, gpuSources, surveyGpus } from "./gpu.ts";
import type { GpuDetectionError } from "./gpu/error.ts";
import type { GpuInfo } from "./gpu/source.ts";
import {
  type CpuCores,
  type Host,
  type Ram,
  readCpuCores,
  readDisks,
  readNetwork,
  readRam,
  systemHost,
} from "./host.ts";

/** What the machine has. */
export interface Detection {
  /**
   * Capacities to register, by resource name: `cpu_cores`, `ram_mb` and one
   * `gpu_<uuid>_vram_mb` for each card. Disks need none.
   */
  readonly resources: Readonly<Record<string, number>>;
  /**
   * What this process alone may use where the machine has more, by resource name.
   * In a container these are no capacities, unless the pool is the container's own.
   */
  readonly limits: Readonly<Record<string, number>>;
  /** The cards, with those that live from RAM and have no capacity. */
  readonly gpus: readonly GpuInfo[];
  /**
   * Sources of GPUs that are there but broken. If there is one, cards may be missing
   * in `resources`: do not take it for a machine without GPU.
   */
  readonly failures: readonly GpuDetectionError[];
  /** Where was looked, what came of it, and why nothing did. */
  readonly sources: readonly Finding[];
}

/** Options of {@linkcode detectResources}. */
export interface DetectionOptions {
  /** MiB of RAM to keep out of the pool. @default {0} */
  readonly ramReserveMb?: number;
}

/** A capacity or none, with what to tell about it. */
interface Verdict {
  readonly capacity: number | null;
  readonly limit: number | null;
  readonly finding: Finding;
}

/** Tells people in a container why nothing is registered, and how to do it. */
function onlyHere(name: string, amount: number): string {
  return `not registered, as a limit of this container is not the machine's ` +
    `capacity: register it on the host, or for a pool of this container ` +
    `alone with reslock set ${name} ${amount}`;
}

function judgeCpu({ usable, total }: CpuCores, contained: boolean): Verdict {
  const limited = total !== null && usable < total;
  const details: string[] = [];
  if (limited) details.push(`this process may use ${usable} of ${total}`);
  if (limited && contained) details.push(onlyHere("cpu_cores", usable));
  return {
    capacity: limited && contained ? null : usable,
    limit: limited ? usable : null,
    finding: {
      what: "cpu_cores",
      source: "affinity and cgroup quota",
      found: String(usable),
      detail: details.join("; "),
    },
  };
}

function judgeRam(
  { totalMb, limitMb, capacityMb }: Ram,
  reserveMb: number,
  contained: boolean,
): Verdict {
  const details: string[] = [];
  if (totalMb === null) {
    details.push("may not be read: allow it with --allow-sys=systemMemoryInfo");
  }
  if (limitMb !== null) {
    details.push(`this process may use ${formatMb(limitMb)} by its cgroup`);
    if (contained) details.push(onlyHere("ram_mb", limitMb));
  }
  if (totalMb !== null && reserveMb > 0) {
    details.push(`${formatMb(reserveMb)} kept in reserve`);
  }
  return {
    capacity: limitMb !== null && contained ? null : capacityMb,
    limit: limitMb,
    finding: {
      what: "ram_mb",
      source: "the system",
      found: totalMb === null ? null : formatMb(totalMb),
      detail: details.join("; "),
    },
  };
}

async function findDisks(host: Host): Promise<Finding> {
  const { disks, failures } = await readDisks(host);
  const texts = disks.map(({ mount, freeMb, totalMb }) =>
    `${mount} ${formatMb(freeMb)} free of ${formatMb(totalMb)}`
  );
  return {
    what: "disks",
    source: "statfs",
    found: texts.join(", ") || null,
    detail: failures.join("; "),
  };
}

function findNetwork(host: Host): Finding {
  const links = readNetwork(host);
  const texts = links.map(({ name, speedMbps }) =>
    `${name} ${speedMbps} Mbit/s`
  );
  return {
    what: "network",
    source: "/sys/class/net",
    found: texts.join(", ") || null,
    detail: links.length > 0
      ? ""
      : host.files.readable
      ? "no network card tells its speed"
      : "may not be read: allow it with --allow-all",
  };
}

/** The same of any machine; see {@linkcode detectResources}. */
export async function surveyMachine(
  host: Host,
  sources: Parameters<typeof surveyGpus>[0],
  { ramReserveMb = 0 }: DetectionOptions = {},
): Promise<Detection> {
  const limits = readCgroupLimits(host.files);
  const cpu = judgeCpu(readCpuCores(host, limits), host.contained);
  const ram = judgeRam(
    readRam(host, { reserveMb: ramReserveMb }, limits),
    ramReserveMb,
    host.contained,
  );
  const [gpus, disks] = await Promise.all([
    surveyGpus(sources),
    findDisks(host),
  ]);
  const named = (key: "capacity" | "limit") =>
    Object.fromEntries(
      [cpu, ram].flatMap((verdict) => {
        const amount = verdict[key];
        return amount === null ? [] : [[verdict.finding.what, amount]];
      }),
    );
  return {
    resources: { ...named("capacity"), ...gpuCapacities(gpus.gpus) },
    limits: named("limit"),
    gpus: gpus.gpus,
    failures: gpus.failures,
    sources: [
      cpu.finding,
      ram.finding,
      ...gpus.findings,
      disks,
      findNetwork(host),
    ],
  };
}

/** What this machine has; see `machine.ts`. */
export function detectResources(
  options: DetectionOptions = {},
): Promise<Detection> {
  return surveyMachine(systemHost, gpuSources(), options);
}
