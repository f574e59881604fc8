import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type LinePlot,
  linePlot,
  spread,
} from "../../../bench/report/line_plot.ts";

const PLOT: LinePlot = {
  title: "Cost <of> things",
  x: { label: "things", log: true },
  y: { label: "us" },
  series: [
    { name: "ours", points: [[1, 10], [100, 20]] },
    { name: "theirs & others", points: [[1, 30], [100, 50]] },
  ],
};

/** The corners of the n-th drawn line. */
function corners(svg: string, line: number): number[][] {
  const paths = [...svg.matchAll(/d="M([^"]*)" fill="none"/g)];
  return paths[line][1].split("L").map((pair) => pair.split(" ").map(Number));
}

Deno.test("linePlot() is well-formed and names everything", () => {
  const svg = linePlot(PLOT);
  for (
    const text of ["Cost &#60;of&#62; things", "theirs &#38; others", "us"]
  ) {
    assertStringIncludes(svg, text);
  }
  const opened = [...svg.matchAll(/<([a-z]+)[^>]*[^/]>/g)].length;
  const closed = [...svg.matchAll(/<\/[a-z]+>/g)].length;
  assertEquals(opened, closed);
  assert(!svg.includes("NaN") && !svg.includes("undefined"));
});

Deno.test("linePlot() puts more further to the right and further up", () => {
  const svg = linePlot(PLOT);
  const [[startX, startY], [endX, endY]] = corners(svg, 0);
  assert(startX < endX && startY > endY);
  const [[, theirs]] = corners(svg, 1);
  assert(theirs < startY);
});

Deno.test("linePlot() puts a factor of ten at the same distance everywhere", () => {
  const series = [{
    name: "ours",
    points: [[1, 1], [10, 1], [100, 1]] as const,
  }];
  const [[a], [b], [c]] = corners(linePlot({ ...PLOT, series }), 0);
  assertEquals(Math.round(b - a), Math.round(c - b));
});

Deno.test("linePlot() has 0 at the beginning of an axis of powers", () => {
  const svg = linePlot({
    ...PLOT,
    y: { label: "us", log: true },
    series: [
      { name: "nothing", points: [] },
      { name: "ours", points: [[1, 0], [10, 1], [100, 5]] },
    ],
  });
  assert(!svg.includes("NaN") && !svg.includes("Infinity"));
  assert(!svg.includes(">nothing<"));
  const [[, zero], [, one]] = corners(svg, 0);
  assert(zero >= one);
});

Deno.test("linePlot() draws no line where there is nothing", () => {
  const svg = linePlot({ ...PLOT, series: [] });
  assert(!svg.includes("NaN") && svg.includes("</svg>"));
});

Deno.test("spread() moves heights apart and keeps their order", () => {
  assertEquals(spread([100, 10, 12], 18, 200), [100, 10, 28]);
  assertEquals(spread([195, 198, 50], 18, 200), [182, 200, 50]);
});
