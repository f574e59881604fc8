import { assertEquals, assertThrows } from "@std/assert";
import { GpuDetectionError } from "../../../lib/os/gpu/error.ts";
import { parseNvidiaReport } from "../../../lib/os/gpu/nvidia_report.ts";

/** A report on one card, with these processes. */
function report(processes: string, memory = "<used>10 MiB</used>"): string {
  return `<nvidia_smi_log><gpu id="00000000:01:00.0">
    <product_name>NVIDIA H100</product_name><uuid>GPU-12345678</uuid>
    <fb_memory_usage><total>80 MiB</total>${memory}</fb_memory_usage>
    <processes>${processes}</processes></gpu></nvidia_smi_log>`;
}

function process(name: string, { type = "C", used = "7 MiB" } = {}): string {
  return `<process_info><pid>42</pid><type>${type}</type>
    <process_name>${name}</process_name><used_memory>${used}</used_memory>
    </process_info>`;
}

Deno.test("parseNvidiaReport() reads what stands for a character in XML, once", () => {
  const name = (text: string) =>
    parseNvidiaReport(report(process(text))).processes[0].name;
  assertEquals(name("a &lt;b&gt; &amp; c"), "a <b> & c");
  assertEquals(name("&quot;it&apos;s&quot;"), `"it's"`);
  assertEquals(name("&amp;lt;"), "&lt;");
});

Deno.test("parseNvidiaReport() leaves out programs that only draw", () => {
  const { processes } = parseNvidiaReport(
    report(
      process("draws", { type: "G" }) + process("both", { type: "C+G" }) +
        process("computes"),
    ),
  );
  assertEquals(processes.map(({ name }) => name), ["both", "computes"]);
});

Deno.test("parseNvidiaReport() takes words for unknown, and refuses another unit", () => {
  const usedMb = (used: string) =>
    parseNvidiaReport(report(process("a", { used }))).processes[0].usedMb;
  assertEquals(usedMb("7 MiB"), 7);
  assertEquals(usedMb("N/A"), null);
  assertEquals(usedMb("Insufficient Permissions"), null);
  for (const used of ["7 GiB", "7.5 MiB", "-7 MiB"]) {
    assertThrows(() => usedMb(used), GpuDetectionError, "this element");
  }
});
